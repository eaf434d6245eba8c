"""Canonical JSON: one value, one byte string.

Owns RFC 8785 (JCS, https://www.rfc-editor.org/rfc/rfc8785) restricted to what two programs in two
languages cannot read differently: no floating-point numbers, integers strictly between -2^53 and
2^53, no duplicate keys, no lone surrogates. Leaves the meaning of fields to `evidence.fields`.
"""

import json
import re
from typing import Never, TypeAlias

from evidence.errors import CanonicalError

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None

MAX_CANONICAL_BYTES = 4 * 2**20
# A bundle is 10-100 kB; one with a thousand custody entries still fits. It bounds what a
# stranger's file can cost a verifier: a million empty lists are about 200 MB of memory.

MAX_DEPTH = 32
# Our formats nest fewer than ten deep. The cap keeps every recursive reader, here and in other
# languages, far from the end of its stack.

MAX_CONTAINERS = 2**18
# Objects and lists in one text. A bundle at every limit of its format has 180,000; sixteen
# mebibytes of lists in one another would take gigabytes.

MAX_INTEGER = 2**53 - 1
# The largest integer an IEEE 754 double holds without neighbours, hence the largest that
# JavaScript and JCS read exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2).

MAX_INTEGER_DIGITS = 16
# 2^53 has sixteen digits. Longer literals are refused before conversion, whose cost is quadratic.

# Everything between two brackets: a string (up to its closing quote, or to the end when that is
# missing) or other bytes. Possessive, so the time is linear whatever the input.
_NOT_BRACKETS = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)++', re.DOTALL)


def encode_canonical(value: Json) -> bytes:
    """Return the one RFC 8785 encoding of `value`, in UTF-8.

    Raises CanonicalError for a value outside the restricted data model of this module.
    """
    # Members sorted beforehand, the encoder of the standard library writes exactly the JCS form:
    # the same short escapes, lower-case \u00xx for other controls, nothing else escaped.
    text = json.dumps(_sorted(value, 0), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("expected Unicode text, found a lone surrogate in a string") from error


def parse_canonical(raw: bytes, *, limit_bytes: int = MAX_CANONICAL_BYTES) -> Json:
    """Return the value of which `raw` is the canonical encoding.

    Raises CanonicalError when `raw` is longer than `limit_bytes`, is not JSON of the restricted
    data model, or differs from the encoding of its own value.
    """
    value, canonical = _parse(raw, limit_bytes)
    if canonical != raw:
        at = next(
            (n for n, (a, b) in enumerate(zip(raw, canonical, strict=False)) if a != b),
            min(len(raw), len(canonical)),
        )
        raise CanonicalError(
            f"expected canonical JSON (RFC 8785), found another spelling at byte {at}"
        )
    return value


def parse_json(raw: bytes, *, limit_bytes: int = MAX_CANONICAL_BYTES) -> Json:
    """Return the value of a JSON text written by a person: any whitespace and order of members.

    As strict as `parse_canonical` in everything else. Raises CanonicalError likewise.
    """
    return _parse(raw, limit_bytes)[0]


def _parse(raw: bytes, limit_bytes: int) -> tuple[Json, bytes]:
    """Return the value and its canonical encoding; making the latter checks the value."""
    if len(raw) > limit_bytes:
        raise CanonicalError(f"expected at most {limit_bytes} bytes of JSON, found {len(raw)}")
    _check_structure(raw)
    try:
        value: Json = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique_members,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError as error:
        raise CanonicalError(
            f"expected UTF-8, found byte 0x{raw[error.start]:02x} at byte {error.start}"
        ) from error
    except json.JSONDecodeError as error:
        raise CanonicalError(
            f"expected JSON, found a syntax error at character {error.pos}: {error.msg}"
        ) from error
    return value, encode_canonical(value)


def _check_structure(raw: bytes) -> None:
    """Refuse deep nesting before a recursive parser meets it, and more than memory should hold."""
    brackets = _NOT_BRACKETS.sub(b"", raw)
    depth = 0
    for bracket in brackets:
        if bracket in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep()
        else:
            depth -= 1
    containers = brackets.count(b"[") + brackets.count(b"{")
    if containers > MAX_CONTAINERS:
        raise CanonicalError(
            f"expected at most {MAX_CONTAINERS} objects and lists, found {containers}"
        )


def _too_deep() -> CanonicalError:
    return CanonicalError(f"expected nesting of at most {MAX_DEPTH} levels, found more")


def _unique_members(members: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in members:
        if name in found:
            raise CanonicalError(f"expected each key once in an object, found {name[:64]!r} twice")
        found[name] = value
    return found


def _integer(literal: str) -> int:
    if len(literal.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise CanonicalError(
            f"expected an integer of at most {MAX_INTEGER_DIGITS} digits, "
            f"found a number of {len(literal)} characters"
        )
    if literal == "-0":
        raise CanonicalError("expected zero written as 0, found -0")
    return int(literal)


def _refuse_number(literal: str) -> Never:
    raise CanonicalError(f"expected an integer, found the number {literal[:32]}")


def _sorted(value: Json, depth: int) -> Json:
    """Return `value` with the members of each object in JCS order (RFC 8785 §3.2.3)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise CanonicalError(
                f"expected an integer below 2^53 in size, found one of {value.bit_length()} bits"
            )
        return value
    if depth == MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, list):
        return [_sorted(item, depth + 1) for item in value]
    if isinstance(value, dict):
        names = sorted(value, key=_utf16)
        return {name: _sorted(value[name], depth + 1) for name in names}
    raise CanonicalError(f"expected a value JSON can hold, found {type(value).__name__}")


def _utf16(name: str) -> bytes:
    """Return the UTF-16 code units by which JCS orders names; as bytes they compare alike."""
    if not isinstance(name, str):
        raise CanonicalError(f"expected text as the key of an object, found {type(name).__name__}")
    return name.encode("utf-16-be", "surrogatepass")
