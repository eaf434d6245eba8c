"""Content identifiers of files: the IPFS profile unixfs-v1-2025.

Owns the file layout (IPIP-499, https://github.com/ipfs/specs/pull/499): CIDv1, SHA-256, raw leaves
of 1 MiB, balanced tree of at most 1024 links a node; dag-pb and UnixFS encoding as in
https://specs.ipfs.tech/unixfs/; and the text form of CIDs. Files only, no directories.
Leaves where blocks are kept to whoever supplies a `BlockSink`.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from evidence.canonical import Json
from evidence.errors import DigestError

CHUNK_BYTES: Final = 2**20
MAX_LINKS: Final = 1024
CID_BYTES: Final = 36

PROFILE: Final[dict[str, Json]] = {
    "name": "unixfs-v1-2025",
    "cid_version": 1,
    "hash": "sha2-256",
    "chunk_bytes": CHUNK_BYTES,
    "max_links": MAX_LINKS,
    "raw_leaves": True,
    "layout": "balanced",
}

_RAW_PREFIX = bytes([0x01, 0x55, 0x12, 0x20])  # CIDv1, raw, sha2-256, 32 bytes
_DAG_PB_PREFIX = bytes([0x01, 0x70, 0x12, 0x20])  # CIDv1, dag-pb, sha2-256, 32 bytes

_MAX_VARINT_BYTES = 9
# The cap of the multiformats unsigned varint: 63 bits.

BlockSink: TypeAlias = Callable[[bytes, bytes], None]
# Receives (cid, block) of every finished block, children before parents, the root last.


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a dag-pb node.

    cid: of the child, binary.
    dag_bytes: size of the child's block and all blocks below it (Tsize).
    content_bytes: size of the file content under the child.
    """

    cid: bytes
    dag_bytes: int
    content_bytes: int


def raw_cid(block: bytes) -> bytes:
    """Return the binary CID of a raw block."""
    return _RAW_PREFIX + sha256(block).digest()


def dag_pb_cid(block: bytes) -> bytes:
    """Return the binary CID of a dag-pb block."""
    return _DAG_PB_PREFIX + sha256(block).digest()


def is_raw(cid: bytes) -> bool:
    """Tell whether a binary CID names a raw block, that is a leaf of a file."""
    return cid.startswith(_RAW_PREFIX)


def verify_block(cid: bytes, block: bytes) -> None:
    """Return only when `block` is the block its binary CID names; raises DigestError otherwise."""
    found = raw_cid(block) if is_raw(cid) else dag_pb_cid(block)
    if found != cid:
        raise DigestError(f"expected block {encode_cid(cid)}, found {encode_cid(found)}")


def encode_cid(cid: bytes) -> str:
    """Return the text form of a binary CID: b and lower-case base32 without padding."""
    _check_cid(cid)
    return "b" + base64.b32encode(cid).decode("ascii").rstrip("=").lower()


def parse_cid(text: str) -> bytes:
    """Return the 36 bytes of a CIDv1 (raw or dag-pb, SHA-256) in its base32 text form.

    Raises DigestError for any other kind of CID and any other spelling.
    """
    body = text[1:]
    if not text.startswith("b") or body != body.lower() or "=" in body:
        raise DigestError(f"expected a CID in lower-case base32, found {text[:80]!r}")
    try:
        cid = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError) as error:
        raise DigestError(f"expected a CID in lower-case base32, found {text[:80]!r}") from error
    if encode_cid(cid) != text:
        raise DigestError(f"expected a CID with stray bits zero, found {text[:80]!r}")
    return cid


class Chunker:
    """Cuts a stream of byte strings of any length into chunks of one length."""

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._parts: list[bytes] = []
        self._pending_bytes = 0

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Take in `data` and return the chunks that are now full; the iterator must be used up."""
        self._parts.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes < self._chunk_bytes:
            return
        joined = b"".join(self._parts)
        full = len(joined) - len(joined) % self._chunk_bytes
        self._parts, self._pending_bytes = [joined[full:]], len(joined) - full
        for start in range(0, full, self._chunk_bytes):
            yield joined[start : start + self._chunk_bytes]

    def rest(self) -> bytes:
        """Return what is left after the last full chunk."""
        return b"".join(self._parts)


class UnixfsBuilder:
    """Builds the tree of one file from its leaves, holding at most one open node a level.

    The two sizes are arguments so that deep trees can be tested small; the profile is the default.
    """

    def __init__(
        self,
        sink: BlockSink | None = None,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        max_links: int = MAX_LINKS,
    ) -> None:
        self._sink = sink
        self._chunk_bytes = chunk_bytes
        self._max_links = max_links
        self._levels: list[list[Link]] = [[]]
        self._leaves = 0
        self._last_is_short = False

    def add_leaf(self, chunk: bytes) -> None:
        """Append the next chunk of the file: full, or shorter and then the last.

        Raises DigestError for a chunk that the profile would have cut otherwise.
        """
        if self._last_is_short or len(chunk) > self._chunk_bytes or (self._leaves and not chunk):
            raise DigestError(
                f"expected chunks of {self._chunk_bytes} bytes but for the last, "
                f"found one of {len(chunk)} after {self._leaves}"
            )
        self._leaves += 1
        self._last_is_short = len(chunk) < self._chunk_bytes
        cid = raw_cid(chunk)
        self._emit(cid, chunk)
        self._place(0, Link(cid=cid, dag_bytes=len(chunk), content_bytes=len(chunk)))

    def finish(self) -> bytes:
        """Return the binary CID of the file; every block has then been emitted."""
        if not self._leaves:
            self.add_leaf(b"")
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            if self._levels[level]:
                self._close(level)
            level += 1
        return self._levels[level][0].cid

    def _place(self, level: int, link: Link) -> None:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level].append(link)
        if len(self._levels[level]) == self._max_links:
            self._close(level)

    def _close(self, level: int) -> None:
        links, self._levels[level] = self._levels[level], []
        block = encode_node(links)
        cid = dag_pb_cid(block)
        self._emit(cid, block)
        below = sum(link.dag_bytes for link in links)
        content = sum(link.content_bytes for link in links)
        link = Link(cid=cid, dag_bytes=len(block) + below, content_bytes=content)
        self._place(level + 1, link)

    def _emit(self, cid: bytes, block: bytes) -> None:
        if self._sink is not None:
            self._sink(cid, block)


def cid_of(chunks: Iterable[bytes]) -> str:
    """Return the CID, in text form, of the content that `chunks` of any length make up."""
    builder, chunker = UnixfsBuilder(), Chunker(CHUNK_BYTES)
    for data in chunks:
        for chunk in chunker.cut(data):
            builder.add_leaf(chunk)
    if rest := chunker.rest():
        builder.add_leaf(rest)
    return encode_cid(builder.finish())


def encode_node(links: Sequence[Link]) -> bytes:
    """Return the dag-pb block of a file node: PBLinks first, then the UnixFS data."""
    parts = []
    for link in links:
        # PBLink: Hash = 1, Name = 2 (present and empty), Tsize = 3.
        pb_link = b"\x0a\x24" + link.cid + b"\x12\x00\x18" + encode_varint(link.dag_bytes)
        parts += [b"\x12", encode_varint(len(pb_link)), pb_link]
    # UnixFS Data: Type = 1 (File = 2), filesize = 3, blocksizes = 4.
    data = b"\x08\x02\x18" + encode_varint(sum(link.content_bytes for link in links))
    data += b"".join(b"\x20" + encode_varint(link.content_bytes) for link in links)
    return b"".join([*parts, b"\x0a", encode_varint(len(data)), data])


def parse_node(block: bytes) -> list[Link]:
    """Return the links of a file node; raises DigestError unless `encode_node` writes `block`."""
    fields = _fields(block)
    if not fields or fields[-1][0] != 1:
        raise DigestError("expected a dag-pb node that ends with UnixFS data, found none")
    sizes = [value for number, value in _fields(_bytes(fields[-1][1])) if number == 4]
    targets = [dict(_fields(_bytes(value))) for _, value in fields[:-1]]
    if len(sizes) != len(targets) or any({1, 3} - set(target) for target in targets):
        raise DigestError("expected one size for each link of a dag-pb node, found otherwise")
    links = [
        Link(cid=_bytes(target[1]), dag_bytes=_int(target[3]), content_bytes=_int(size))
        for target, size in zip(targets, sizes, strict=True)
    ]
    if any(len(link.cid) != CID_BYTES for link in links) or encode_node(links) != block:
        raise DigestError("expected a dag-pb node of profile unixfs-v1-2025, found another form")
    return links


def encode_varint(value: int) -> bytes:
    """Return the unsigned LEB128 of protobuf and multiformats."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Return the varint at `offset` and the offset after it; raises DigestError at a bad one."""
    value = 0
    for count in range(_MAX_VARINT_BYTES):
        if offset + count >= len(data):
            raise DigestError("expected a whole varint, found the end of the data")
        byte = data[offset + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, offset + count + 1
    raise DigestError(f"expected a varint of at most {_MAX_VARINT_BYTES} bytes, found a longer one")


def _fields(message: bytes) -> list[tuple[int, int | bytes]]:
    """Return (field number, value) of a protobuf message of varints and byte strings."""
    found: list[tuple[int, int | bytes]] = []
    offset = 0
    while offset < len(message):
        tag, offset = read_varint(message, offset)
        value, offset = read_varint(message, offset)
        if tag & 7 == 0:
            found.append((tag >> 3, value))
        elif tag & 7 == 2 and offset + value <= len(message):
            found.append((tag >> 3, message[offset : offset + value]))
            offset += value
        else:
            raise DigestError("expected a dag-pb node of varints and byte strings, found otherwise")
    return found


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise DigestError("expected a byte string in a dag-pb node, found a number")
    return value


def _int(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise DigestError("expected a number in a dag-pb node, found a byte string")
    return value


def _check_cid(cid: bytes) -> None:
    if len(cid) != CID_BYTES or cid[:4] not in (_RAW_PREFIX, _DAG_PB_PREFIX):
        raise DigestError(
            f"expected a CIDv1 of {CID_BYTES} bytes (raw or dag-pb, SHA-256), "
            f"found {len(cid)} bytes starting {cid[:4].hex()}"
        )
