"""DER: whether bytes are the one distinguished encoding of what they say.

Owns the rules of ITU-T X.690 §8, §10 and §11 that a reader without a schema can check, for the
types that signed data and certificates use. Leaves the schema to its caller: in particular a
default value written out, and the order within a set under an implicit tag, pass here.
"""

import re
from typing import Final, Never

from evidence.errors import EvidenceError

MAX_DEPTH: Final = 32
"""A timestamp token nests fifteen deep."""

_CONSTRUCTED = 0x20
_CLASS = 0xC0
_UNIVERSAL = 0x00
_CONTEXT = 0x80
_LONG_TAG = 0x1F
_MAX_LENGTH_BYTES = 4

_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _NULL, _OID, _ENUMERATED = 1, 2, 3, 4, 5, 6, 10
_SEQUENCE, _SET, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0x31, 23, 24
_STRINGS = frozenset({12, 18, 19, 20, 21, 22, 26, 27, 28, 30})

# X.690 §8.19.2: an arc never starts with 0x80, and the last byte ends one.
_OID_FORM = re.compile(rb"(?:(?!\x80)[\x80-\xff]*[\x00-\x7f])+", re.DOTALL)
_UTC_TIME_FORM = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_TIME_FORM = re.compile(rb"[0-9]{14}(?:\.[0-9]*[1-9])?Z")


class DerError(EvidenceError):
    """Bytes are not one DER encoding."""


def verify_der(raw: bytes) -> None:
    """Return only when `raw` is the DER encoding of one value, with nothing after it.

    Raises:
        DerError: it is not.
    """
    end = _verify_element(raw, 0, len(raw), 0)
    if end != len(raw):
        _refuse("one value", "bytes after it", end)


def _verify_element(raw: bytes, start: int, limit: int, depth: int) -> int:
    """Verify the element at `start` and return where it ends, at most at `limit`."""
    if depth > MAX_DEPTH:
        _refuse(f"nesting of at most {MAX_DEPTH} levels", "more", start)
    if limit - start < 2:
        _refuse("a tag and a length", "the end", start)
    tag = raw[start]
    content, end = _verify_length(raw, start + 1, limit)
    if tag & _LONG_TAG == _LONG_TAG or tag & _CLASS not in (_UNIVERSAL, _CONTEXT):
        _refuse("a tag of signed data", f"0x{tag:02x}", start)
    if tag & _CONSTRUCTED:
        if tag & _CLASS == _UNIVERSAL and tag not in (_SEQUENCE, _SET):
            _refuse("only sequences and sets in parts", f"0x{tag:02x}", start)
        _verify_parts(raw, content, end, depth, ordered=tag == _SET)
    elif tag & _CLASS == _UNIVERSAL and not _is_primitive_form(tag, raw[content:end]):
        _refuse("the one form of its type", f"another under the tag 0x{tag:02x}", start)
    return end


def _verify_length(raw: bytes, start: int, limit: int) -> tuple[int, int]:
    """Return where the content after the length at `start` begins and ends."""
    length, content = raw[start], start + 1
    if length > 0x7F:
        count = length & 0x7F
        digits = raw[content : content + count]
        length, content = int.from_bytes(digits, "big"), content + count
        # No count is the indefinite length of BER; a zero digit or a short value is padding.
        if not 1 <= count <= _MAX_LENGTH_BYTES or length <= 0x7F or digits[0] == 0:
            _refuse("the shortest definite length", "another", start)
    if content + length > limit:
        _refuse("content inside its parent", "content beyond it", start)
    return content, content + length


def _verify_parts(raw: bytes, start: int, end: int, depth: int, *, ordered: bool) -> None:
    before = b""
    while start < end:
        after = _verify_element(raw, start, end, depth + 1)
        part = raw[start:after]
        if ordered and part < before:
            _refuse("the parts of a set in order", "one out of order", start)
        start, before = after, part


def _is_primitive_form(tag: int, content: bytes) -> bool:
    if tag == _BOOLEAN:
        return content in (b"\x00", b"\xff")
    if tag in (_INTEGER, _ENUMERATED):
        first_nine_bits = int.from_bytes(content[:2], "big") >> 7
        return len(content) == 1 or (len(content) > 1 and first_nine_bits not in (0, 0x1FF))
    if tag == _BIT_STRING:
        return _is_bit_string(content)
    if tag == _NULL:
        return not content
    if tag == _OID:
        return _OID_FORM.fullmatch(content) is not None
    if tag == _UTC_TIME:
        return _UTC_TIME_FORM.fullmatch(content) is not None
    if tag == _GENERALIZED_TIME:
        return _GENERALIZED_TIME_FORM.fullmatch(content) is not None
    return tag == _OCTET_STRING or tag in _STRINGS


def _is_bit_string(content: bytes) -> bool:
    """Tell whether the unused bits are counted, fewer than eight, and zero (X.690 §11.2)."""
    if not content or content[0] > 7:
        return False
    if len(content) == 1:
        return content[0] == 0
    return content[-1] & ((1 << content[0]) - 1) == 0


def _refuse(expected: str, found: str, at: int) -> Never:
    raise DerError(f"expected {expected} in DER, found {found} at byte {at}")
