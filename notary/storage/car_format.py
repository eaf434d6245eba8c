"""The bytes of a CARv1 file with one root.

Owns the encoding of https://ipld.io/specs/transport/car/carv1/: a header, then sections of a CID
and its block. Pure but for the file object it is handed.
"""

from typing import BinaryIO

from evidence.errors import DigestError
from evidence.unixfs import CHUNK_BYTES, CID_BYTES, encode_varint, read_varint

_HEADER_BEFORE_ROOT = b"\x3a\xa2\x65roots\x81\xd8\x2a\x58\x25\x00"
_HEADER_AFTER_ROOT = b"\x67version\x01"
# Varint 58, then DAG-CBOR {"roots": [CID], "version": 1}: a CID is tag 42 over a zero byte and
# the binary CID.

HEADER_BYTES = len(_HEADER_BEFORE_ROOT) + CID_BYTES + len(_HEADER_AFTER_ROOT)

MAX_SECTION_BYTES = CID_BYTES + CHUNK_BYTES
# The largest block of profile unixfs-v1-2025 is a full leaf; a node of 1024 links is below 64 kB.

_MAX_LENGTH_BYTES = 3
# A varint of MAX_SECTION_BYTES takes three bytes.


def encode_header(root_cid: bytes) -> bytes:
    """Return the header for this root: HEADER_BYTES long whatever the CID, so it can come last."""
    return _HEADER_BEFORE_ROOT + root_cid + _HEADER_AFTER_ROOT


def encode_section_start(cid: bytes, block_bytes: int) -> bytes:
    """Return what stands before a block of this CID and length."""
    return encode_varint(CID_BYTES + block_bytes) + cid


def read_section_start(file: BinaryIO) -> tuple[bytes, int] | None:
    """Return the CID and the block length of the section at the file's position; None at its end.

    The position is then at the block. Raises DigestError when there is no such section.
    """
    start = file.tell()
    raw = file.read(_MAX_LENGTH_BYTES + CID_BYTES)
    if not raw:
        return None
    length, offset = read_varint(raw[:_MAX_LENGTH_BYTES])
    cid = raw[offset : offset + CID_BYTES]
    if not CID_BYTES <= length <= MAX_SECTION_BYTES or len(cid) != CID_BYTES:
        raise DigestError(f"expected a CAR section at byte {start}, found none")
    file.seek(start + offset + CID_BYTES)
    return cid, length - CID_BYTES


def read_block(file: BinaryIO, block_bytes: int) -> bytes:
    """Return the block at the file's position; raises DigestError when the file ends within."""
    block = file.read(block_bytes)
    if len(block) != block_bytes:
        raise DigestError(f"expected a block of {block_bytes} bytes, found {len(block)}")
    return block
