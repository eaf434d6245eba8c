"""RLP, the serialisation of Ethereum, with one encoding per item.

Owns the canonical codec and the two limits that keep hostile input cheap. Leaves the meaning of the
items (headers, trie nodes, receipts) to the modules that own them.

Ethereum Yellow Paper, Appendix B. https://ethereum.github.io/yellowpaper/paper.pdf
"""

from collections.abc import Sequence
from typing import TypeAlias

from chain.errors import RlpError

Item: TypeAlias = "bytes | Sequence[Item]"

MAX_ENCODED_BYTES = 1 << 20
"""A header is about 1 kB and a receipt of ours at most 20 kB; a megabyte leaves room for neighbours
in a trie node while keeping the cost of hostile input small."""

MAX_DEPTH = 16
"""A receipt nests 4 lists and a trie node with inlined children a few more."""


def encode(item: Item) -> bytes:
    """Return the canonical encoding of `item`, a byte string or a sequence of items."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _encode_length(len(item), 0x80) + item
    payload = b"".join(encode(child) for child in item)
    return _encode_length(len(payload), 0xC0) + payload


def decode(raw: bytes) -> Item:
    """Return the item that `raw` encodes: bytes, or a list of items; encoding it gives `raw` again.

    Raises:
        RlpError: `raw` is empty, truncated, followed by more bytes, not in the shortest form,
            nested deeper than MAX_DEPTH or longer than MAX_ENCODED_BYTES.
    """
    if len(raw) > MAX_ENCODED_BYTES:
        raise RlpError(f"RLP of {len(raw)} bytes exceeds the limit of {MAX_ENCODED_BYTES}")
    item, end = _decode_at(raw, 0, len(raw), depth=0)
    if end != len(raw):
        raise RlpError(f"RLP item ends at byte {end}, but {len(raw)} bytes were given")
    return item


def encode_scalar(value: int) -> bytes:
    """Return the shortest big-endian bytes of a non-negative integer; zero is the empty string."""
    if value < 0:
        raise RlpError(f"an RLP scalar cannot be negative, found {value}")
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode_scalar(raw: Item, *, max_bytes: int) -> int:
    """Return the integer in `raw`, the shortest big-endian form of at most `max_bytes` bytes.

    Raises:
        RlpError: `raw` is a list, starts with a zero byte or is too long.
    """
    if not isinstance(raw, bytes):
        raise RlpError("expected an RLP scalar, found a list")
    if len(raw) > max_bytes:
        raise RlpError(f"expected a scalar of at most {max_bytes} bytes, found {len(raw)}")
    if raw[:1] == b"\x00":
        raise RlpError("an RLP scalar starts with a zero byte")
    return int.from_bytes(raw, "big")


def _encode_length(length: int, offset: int) -> bytes:
    """Return the prefix of a payload; `offset` is 0x80 for a string and 0xc0 for a list."""
    if length < 56:
        return bytes((offset + length,))
    size = encode_scalar(length)
    return bytes((offset + 55 + len(size),)) + size


def _decode_at(raw: bytes, start: int, limit: int, *, depth: int) -> tuple[Item, int]:
    """Return the item that starts at `start` and ends before `limit`, and where it ends."""
    if depth > MAX_DEPTH:
        raise RlpError(f"RLP nests deeper than {MAX_DEPTH} lists")
    if start >= limit:
        raise RlpError(f"RLP is truncated at byte {start}")
    prefix = raw[start]
    if prefix < 0x80:
        return raw[start : start + 1], start + 1
    offset = 0x80 if prefix < 0xC0 else 0xC0
    payload, end = _payload_bounds(raw, start, limit, prefix - offset)
    if offset == 0x80:
        text = raw[payload:end]
        if len(text) == 1 and text[0] < 0x80:
            raise RlpError(f"RLP byte at {payload} has a length prefix it does not need")
        return text, end
    items: list[Item] = []
    while payload < end:
        child, payload = _decode_at(raw, payload, end, depth=depth + 1)
        items.append(child)
    return items, end


def _payload_bounds(raw: bytes, start: int, limit: int, code: int) -> tuple[int, int]:
    """Return where the payload of the item at `start` begins and ends; `code` is 0 to 63."""
    payload, length = start + 1, code
    if code > 55:
        payload = start + 1 + code - 55
        size = raw[start + 1 : payload]
        length = int.from_bytes(size, "big")
        if payload > limit:
            raise RlpError(f"RLP is truncated at byte {start}")
        if size[0] == 0 or length < 56:
            raise RlpError(f"RLP length at byte {start} is not in the shortest form")
    if payload + length > limit:
        raise RlpError(f"RLP item at byte {start} needs {length} bytes, {limit - payload} are left")
    return payload, payload + length
