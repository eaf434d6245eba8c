"""The framing of CARv1 sections, and what of it is refused."""

from io import BytesIO

import pytest

from evidence.errors import DigestError
from evidence.unixfs import CHUNK_BYTES, encode_varint, raw_cid
from notary.storage.car_format import (
    HEADER_BYTES,
    encode_header,
    encode_section_start,
    read_block,
    read_section_start,
)

CID = raw_cid(b"block")


def test_header_length_is_that_of_every_root() -> None:
    assert len(encode_header(CID)) == HEADER_BYTES
    assert encode_header(CID)[0] == HEADER_BYTES - 1


@pytest.mark.parametrize("block_bytes", [0, 5, 91, 92, CHUNK_BYTES])
def test_section_start_reads_back(block_bytes: int) -> None:
    start = encode_section_start(CID, block_bytes)
    file = BytesIO(start + bytes(100))
    assert read_section_start(file) == (CID, block_bytes)
    assert file.tell() == len(start)


def test_end_of_the_file_has_no_section() -> None:
    assert read_section_start(BytesIO(b"")) is None


@pytest.mark.parametrize(
    "raw",
    [
        encode_section_start(CID, CHUNK_BYTES + 1) + bytes(100),
        encode_varint(35) + CID,
        encode_varint(0) + CID,
        encode_varint(36) + CID[:-1],
        b"\x24",
        b"\x80",
        b"\xff\xff\xff\x01" + CID,
    ],
)
def test_section_that_holds_no_block_of_the_profile_is_refused(raw: bytes) -> None:
    with pytest.raises(DigestError):
        read_section_start(BytesIO(raw))


def test_block_cut_short_is_refused() -> None:
    assert read_block(BytesIO(b"block"), 5) == b"block"
    with pytest.raises(DigestError, match="expected a block of 6 bytes, found 5"):
        read_block(BytesIO(b"block"), 6)
