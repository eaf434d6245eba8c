"""What a depositor states, what an entry makes of it, and how far a deposit has come. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from evidence.canonical import Json, encode_canonical
from evidence.digests import Digests
from evidence.entry import (
    Actor,
    Authentication,
    Confidentiality,
    Deposited,
    Entry,
    Exhibit,
    Mode,
    Particulars,
    Role,
    exhibit_json,
    particulars_json,
    read_particulars,
)
from evidence.errors import EntryError
from evidence.fields import encode_time
from notary.errors import (
    DigestMismatchError,
    EventNotAllowedError,
    ExhibitEmptyError,
    InvalidFieldError,
    OriginalDiffersError,
)

ANONYMOUS = "anonymous"
# Who acts as long as nobody is asked to identify.

_PARTICULARS = ("file_name", "media_type", "note", "source")
_ANY_SALT = bytes(32)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


class DepositState(StrEnum):
    """How far the last act of a stream has come."""

    ACKNOWLEDGED = "acknowledged"
    LOGGED = "logged"
    TIMESTAMPED = "timestamped"
    ANCHORED = "anchored"


WAITING_FOR = {
    DepositState.ACKNOWLEDGED: "a place in the log",
    DepositState.LOGGED: "a timestamp token over the checkpoint",
    DepositState.TIMESTAMPED: "a block of the chain that holds the checkpoint",
    DepositState.ANCHORED: None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an actor says about an exhibit, in the form that an entry can hold."""

    file_name: str | None
    media_type: str | None
    note: str | None
    source: str | None
    claimed_at: datetime | None
    confidentiality: Confidentiality
    role: Role

    def __post_init__(self) -> None:
        """Raises InvalidFieldError naming the first field that the format does not allow."""
        for field in _PARTICULARS:
            try:
                read_particulars(particulars_json(self._only(field)))
            except EntryError as error:
                raise InvalidFieldError(field, f"{error}.") from error

    def actor(self) -> Actor:
        """Return the actor of the entry."""
        return Actor(id=ANONYMOUS, role=self.role, authentication=Authentication.NONE)

    def particulars(self, salt: bytes) -> Particulars | None:
        """Return what is kept beside the entry; None when nothing was stated."""
        if all(getattr(self, field) is None for field in _PARTICULARS):
            return None
        return Particulars(
            file_name=self.file_name,
            media_type=self.media_type,
            note=self.note,
            source=self.source,
            salt=salt,
        )

    def _only(self, field: str) -> Particulars:
        nothing: dict[str, str | None] = dict.fromkeys(_PARTICULARS)
        return Particulars(**{**nothing, field: getattr(self, field)}, salt=_ANY_SALT)


def parse_claimed_at(text: str) -> datetime:
    """Return the time in UTC that an RFC 3339 text with zone and at most milliseconds states.

    Raises:
        InvalidFieldError: it is none.
    """
    try:
        if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidFieldError("claimed_at", "claimed_at is a time no calendar has.") from error
    raise InvalidFieldError(
        "claimed_at", "claimed_at is an RFC 3339 time with its zone and at most milliseconds."
    )


def require_content(size_bytes: int) -> None:
    """Return only for an exhibit that has content; raises ExhibitEmptyError."""
    if size_bytes == 0:
        raise ExhibitEmptyError("An exhibit has at least one byte, found none.")


def require_expected(expected: Sequence[str], found: Digests) -> None:
    """Return only when every digest the caller announced is that of the content.

    Raises:
        DigestMismatchError: one is not.
    """
    if not set(expected) <= set(found.texts()):
        raise DigestMismatchError(
            "The content received does not have the digests that were announced.",
            expected=list(expected),
            found=found.texts(),
        )


def require_original_awaited(history: Sequence[Entry]) -> None:
    """Return only when the stream holds a deposit of digests and nothing else.

    Raises:
        EventNotAllowedError: the notary has the content already.
    """
    opening = history[0].payload
    if not isinstance(opening, Deposited) or opening.mode is not Mode.DIGESTS:
        raise EventNotAllowedError("The file itself was deposited, so no original is awaited.")
    if len(history) > 1:
        raise EventNotAllowedError("The original of this deposit was added before.")


def require_original(deposited: Exhibit, received: Exhibit) -> None:
    """Return only when the content received is the one whose digests were deposited.

    Raises:
        OriginalDiffersError: it is another.
    """
    if received != deposited:
        raise OriginalDiffersError(
            "The content received is not the one whose digests were deposited.",
            expected=deposited.digests.texts(),
            found=received.digests.texts(),
            expected_size_bytes=deposited.size_bytes,
            found_size_bytes=received.size_bytes,
        )


def request_fingerprint(act: str, exhibit: Exhibit, statement: Statement) -> bytes:
    """Return the 32 bytes that two requests share exactly when they ask for the same act.

    `act` names the kind of request and, where it continues a stream, the stream.
    """
    value: Json = {
        "act": act,
        "exhibit": exhibit_json(exhibit),
        "file_name": statement.file_name,
        "media_type": statement.media_type,
        "note": statement.note,
        "source": statement.source,
        "claimed_at": None if statement.claimed_at is None else encode_time(statement.claimed_at),
        "confidentiality": statement.confidentiality.value,
        "role": statement.role.value,
    }
    return sha256(encode_canonical(value)).digest()
