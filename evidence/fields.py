"""The one text form of every scalar in our formats, and a strict reader of JSON objects.

Owns how bytes, times and addresses are spelt: each parse_ accepts exactly what its encode_ writes,
so one value has one spelling. Leaves JSON itself to `evidence.canonical` and the meaning of a
field to the module that owns the format.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

from evidence.canonical import MAX_INTEGER, Json
from evidence.errors import FieldError

MAX_TEXT_CHARS = 4096
# Longer than any name, reason or note a person writes into a form; content itself is never a
# field. A format with a tighter need says so at the field.

MAX_BASE64_BYTES = 2**20
# Far above the largest binary field we carry (a timestamp token with its certificates, about
# 10 kB; a proof node, about 0.5 kB), far below what would hurt a verifier.

_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII)
_ADDRESS_BYTES = 20
_DIGEST_BYTES = 32

_Value = TypeVar("_Value")
_Items: TypeAlias = list[Json]  # `Fields.list` hides the builtin inside the class.


def encode_hex(value: bytes) -> str:
    """Return lower-case hexadecimal."""
    return value.hex()


def parse_hex(text: str, size_bytes: int, where: str = "hex value") -> bytes:
    """Return the `size_bytes` bytes spelt in lower-case hexadecimal."""
    if len(text) != 2 * size_bytes or not _HEX.fullmatch(text):
        raise _refused(where, f"{2 * size_bytes} lower-case hexadecimal digits", text)
    return bytes.fromhex(text)


def encode_base64(value: bytes) -> str:
    """Return RFC 4648 §4 base64 with padding."""
    return base64.b64encode(value).decode("ascii")


def parse_base64(
    text: str, max_bytes: int = MAX_BASE64_BYTES, where: str = "base64 value"
) -> bytes:
    """Return at most `max_bytes` bytes spelt in padded standard base64, stray bits zero."""
    return _parse_base64(text, max_bytes, where, "padded base64", base64.b64decode, encode_base64)


def encode_base64url(value: bytes) -> str:
    """Return RFC 4648 §5 base64url without padding, as in JOSE (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def parse_base64url(
    text: str, max_bytes: int = MAX_BASE64_BYTES, where: str = "base64url value"
) -> bytes:
    """Return at most `max_bytes` bytes spelt in unpadded base64url, stray bits zero."""
    return _parse_base64(
        text, max_bytes, where, "unpadded base64url", _decode_base64url, encode_base64url
    )


def encode_address(value: bytes) -> str:
    """Return a chain address, 20 bytes, as 0x and forty lower-case digits."""
    if len(value) != _ADDRESS_BYTES:
        raise FieldError(f"an address is {_ADDRESS_BYTES} bytes, found {len(value)}")
    return "0x" + value.hex()


def parse_address(text: str, where: str = "address") -> bytes:
    """Return the 20 bytes of a chain address spelt 0x and forty lower-case digits."""
    digits = text[2:]
    if not text.startswith("0x") or len(digits) != 2 * _ADDRESS_BYTES or not _HEX.fullmatch(digits):
        raise _refused(where, "0x and 40 lower-case hexadecimal digits", text)
    return bytes.fromhex(digits)


def encode_time(value: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC with exactly three decimals.

    Raises FieldError for a naive time, and for one finer than a millisecond: rounding would make
    the written time differ from the one the caller holds.
    """
    if value.utcoffset() is None:
        raise FieldError("a written time needs a time zone, found a naive time")
    if value.microsecond % 1000:
        raise FieldError(
            f"a written time has whole milliseconds, found {value.microsecond} microseconds"
        )
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def parse_time(text: str, where: str = "time") -> datetime:
    """Return the aware UTC time spelt YYYY-MM-DDTHH:MM:SS.mmmZ."""
    expected = "a UTC time YYYY-MM-DDTHH:MM:SS.mmmZ"
    if not _TIME.fullmatch(text):
        raise _refused(where, expected, text)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldError(f"{where} is {expected}, found {text!r}, which no calendar has") from error


class Fields:
    """Reads a JSON object strictly: each field once, in its one form, and nothing left over.

    A decoder reads every field it knows and then calls `end()`, which refuses unknown fields.
    `where` names the object in messages, e.g. "entry.actor". All methods raise FieldError.
    An `optional_` method answers None for null; the field itself must still be there.
    """

    __slots__ = ("_members", "_unread", "where")

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, dict):
            raise _refused(where, "an object", value)
        self._members = value
        self._unread = set(value)
        self.where = where

    def end(self) -> None:
        """Return only when every field has been read."""
        if self._unread:
            names = ", ".join(repr(name[:64]) for name in sorted(self._unread)[:5])
            raise FieldError(f"{self.where} has unknown fields: {names}")

    def text(self, name: str, *, max_chars: int = MAX_TEXT_CHARS) -> str:
        """Return a string of at most `max_chars` characters."""
        value = self._read(name)
        if not isinstance(value, str) or len(value) > max_chars:
            raise _refused(self._at(name), f"text of at most {max_chars} characters", value)
        return value

    def integer(self, name: str, minimum: int = 0, maximum: int = MAX_INTEGER) -> int:
        """Return an integer from `minimum` to `maximum`, both included."""
        value = self._read(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _refused(self._at(name), "an integer", value)
        if not minimum <= value <= maximum:
            raise FieldError(
                f"{self._at(name)} is an integer from {minimum} to {maximum}, found {value}"
            )
        return value

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self._read(name)
        if not isinstance(value, bool):
            raise _refused(self._at(name), "true or false", value)
        return value

    def object(self, name: str) -> "Fields":
        """Return the reader of a nested object; the caller ends that one too."""
        return Fields(self._read(name), self._at(name))

    def list(self, name: str, max_items: int) -> _Items:
        """Return a list of at most `max_items` items, not yet read."""
        value = self._read(name)
        if not isinstance(value, list):
            raise _refused(self._at(name), "a list", value)
        if len(value) > max_items:
            raise FieldError(
                f"{self._at(name)} is a list of at most {max_items} items, found {len(value)}"
            )
        return value

    def json(self, name: str) -> Json:
        """Return any JSON value as it is, for a field whose content another module reads."""
        return self._read(name)

    def hex(self, name: str, size_bytes: int) -> bytes:
        """Return `size_bytes` bytes spelt in lower-case hexadecimal."""
        return parse_hex(self._string(name), size_bytes, self._at(name))

    def digest32(self, name: str) -> bytes:
        """Return 32 bytes spelt in 64 lower-case hexadecimal digits."""
        return self.hex(name, _DIGEST_BYTES)

    def base64(self, name: str, max_bytes: int = MAX_BASE64_BYTES) -> bytes:
        """Return at most `max_bytes` bytes spelt in padded standard base64."""
        return parse_base64(self._string(name), max_bytes, self._at(name))

    def base64url(self, name: str, max_bytes: int = MAX_BASE64_BYTES) -> bytes:
        """Return at most `max_bytes` bytes spelt in unpadded base64url."""
        return parse_base64url(self._string(name), max_bytes, self._at(name))

    def address(self, name: str) -> bytes:
        """Return the 20 bytes of a chain address."""
        return parse_address(self._string(name), self._at(name))

    def time(self, name: str) -> datetime:
        """Return an aware UTC time of whole milliseconds."""
        return parse_time(self._string(name), self._at(name))

    def choice(self, name: str, values: Collection[str]) -> str:
        """Return one of `values`."""
        value = self._read(name)
        if not isinstance(value, str) or value not in values:
            allowed = ", ".join(repr(str(each)) for each in values)
            raise FieldError(f"{self._at(name)} is one of {allowed}, found {_shown(value)}")
        return value

    def constant(self, name: str, value: str | int) -> None:
        """Return only when the field is `value`."""
        found = self._read(name)
        if type(found) is not type(value) or found != value:
            raise FieldError(f"{self._at(name)} is {value!r}, found {_shown(found)}")

    def optional_text(self, name: str, *, max_chars: int = MAX_TEXT_CHARS) -> str | None:
        """Return None for null, else as `text`."""
        return self._optional(name, lambda: self.text(name, max_chars=max_chars))

    def optional_integer(
        self, name: str, minimum: int = 0, maximum: int = MAX_INTEGER
    ) -> int | None:
        """Return None for null, else as `integer`."""
        return self._optional(name, lambda: self.integer(name, minimum, maximum))

    def optional_object(self, name: str) -> "Fields | None":
        """Return None for null, else as `object`."""
        return self._optional(name, lambda: self.object(name))

    def optional_list(self, name: str, max_items: int) -> _Items | None:
        """Return None for null, else as `list`."""
        return self._optional(name, lambda: self.list(name, max_items))

    def optional_digest32(self, name: str) -> bytes | None:
        """Return None for null, else as `digest32`."""
        return self._optional(name, lambda: self.digest32(name))

    def optional_base64(self, name: str, max_bytes: int = MAX_BASE64_BYTES) -> bytes | None:
        """Return None for null, else as `base64`."""
        return self._optional(name, lambda: self.base64(name, max_bytes))

    def optional_base64url(self, name: str, max_bytes: int = MAX_BASE64_BYTES) -> bytes | None:
        """Return None for null, else as `base64url`."""
        return self._optional(name, lambda: self.base64url(name, max_bytes))

    def optional_address(self, name: str) -> bytes | None:
        """Return None for null, else as `address`."""
        return self._optional(name, lambda: self.address(name))

    def optional_time(self, name: str) -> datetime | None:
        """Return None for null, else as `time`."""
        return self._optional(name, lambda: self.time(name))

    def optional_choice(self, name: str, values: Collection[str]) -> str | None:
        """Return None for null, else as `choice`."""
        return self._optional(name, lambda: self.choice(name, values))

    def _at(self, name: str) -> str:
        return f"{self.where}.{name}"

    def _read(self, name: str) -> Json:
        if name not in self._members:
            raise FieldError(f"{self.where} lacks the field {name!r}")
        self._unread.discard(name)
        return self._members[name]

    def _string(self, name: str) -> str:
        value = self._read(name)
        if not isinstance(value, str):
            raise _refused(self._at(name), "a string", value)
        return value

    def _optional(self, name: str, read: Callable[[], _Value]) -> _Value | None:
        return None if self._read(name) is None else read()


def _decode_base64url(text: str, validate: bool) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=validate)


def _parse_base64(
    text: str,
    max_bytes: int,
    where: str,
    form: str,
    decode: Callable[..., bytes],
    encode: Callable[[bytes], str],
) -> bytes:
    expected = f"{form} of at most {max_bytes} bytes"
    if len(text) > 4 * (max_bytes // 3 + 1):  # Before decoding, to spend nothing on it.
        raise _refused(where, expected, text)
    try:
        value = decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(where, expected, text) from error
    # Decoders pass over non-zero stray bits and odd padding; the re-encoding does not.
    if len(value) > max_bytes or encode(value) != text:
        raise _refused(where, expected, text)
    return value


def _refused(where: str, expected: str, found: Json) -> FieldError:
    return FieldError(f"{where} is {expected}, found {_kind(found)}")


def _kind(value: Json) -> str:
    """Describe a value without repeating it: it may hold personal data."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, str):
        return f"a string of {len(value)} characters"
    return "a list" if isinstance(value, list) else "an object"


def _shown(value: Json) -> str:
    """Show a short scalar, for fields that hold a word of the format and never a person's."""
    if isinstance(value, str | int) and len(str(value)) <= 64:
        return repr(value)
    return _kind(value)
