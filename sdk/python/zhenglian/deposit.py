"""What the notary says about a deposit and about itself, read from its JSON answers.

Members this version does not know are passed over, so that a newer notary does not break an older
client. Leaves fetching to `client` and the signature of the acknowledgement to `acknowledgement`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from zhenglian.digests import Exhibit
from zhenglian.errors import AnswerError

_Read = TypeVar("_Read")


class State(StrEnum):
    """How far a deposit has come; each state includes those before it."""

    ACKNOWLEDGED = "acknowledged"
    """On durable storage; the notary has signed for it."""
    LOGGED = "logged"
    """Part of the append-only log."""
    TIMESTAMPED = "timestamped"
    """Covered by a timestamp token."""
    ANCHORED = "anchored"
    """Covered by a final block of the chain; the bundle is ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act in the custody chain of the exhibit."""

    sequence: int
    """Position in the stream, from 0."""
    event: str
    """`DEPOSITED` or `ORIGINAL_ADDED`."""
    recorded_at: datetime
    leaf_hash: str
    """64 hexadecimal digits."""
    index: int | None
    """Position in the log, None until the entry is logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A deposit as the notary described it at one moment."""

    stream: str
    """`exhibit:` and 32 hexadecimal digits: the name of the deposit from now on."""
    log: str
    """Origin of the log."""
    assurance: str
    """`sandbox` or `production`; a sandbox is no independent evidence."""
    mode: str
    """`FILE` (the notary stored the content) or `DIGESTS` (it never saw it)."""
    exhibit: Exhibit
    cid: str | None
    """IPFS content identifier of the stored content."""
    state: State
    waiting_for: str | None
    """What the next state waits for, in words; None when there is nothing to wait for."""
    entries: tuple[Entry, ...]
    existed_by: datetime | None
    """Earliest time by which the exhibit is shown to have existed; None until anchored."""
    acknowledgement: Mapping[str, Any]
    """The notary's signed promise: a JWS in general JSON serialization."""

    @property
    def digests(self) -> tuple[str, str]:
        """Both digests of the exhibit: SHA-256, SM3."""
        return self.exhibit.digests

    @property
    def anchored(self) -> bool:
        """Whether the bundle can be fetched."""
        return self.state is State.ANCHORED


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the notary says about itself."""

    log: str
    assurance: str
    log_size: int
    """Entries in the log."""
    anchored_size: int
    """Entries covered by the newest final block."""
    pending: int
    """Entries that wait for an anchor."""
    last_anchored_at: datetime | None
    chain: Mapping[str, Any]
    software: str


def read_deposit(answer: Mapping[str, Any]) -> Deposit:
    """The deposit that `answer` describes. Raises AnswerError when a member is missing or wrong."""
    return _read(
        "deposit",
        lambda: Deposit(
            stream=str(answer["stream"]),
            log=str(answer["log"]),
            assurance=str(answer["assurance"]),
            mode=str(answer["mode"]),
            exhibit=_read_exhibit(answer["exhibit"]),
            cid=answer["cid"],
            state=State(answer["state"]),
            waiting_for=answer["waiting_for"],
            entries=tuple(_read_entry(entry) for entry in answer["entries"]),
            existed_by=_read_optional_time(answer["existed_by"]),
            acknowledgement=dict(answer["acknowledgement"]),
        ),
    )


def read_status(answer: Mapping[str, Any]) -> Status:
    """The status that `answer` describes. Raises AnswerError when a member is missing or wrong."""
    return _read(
        "status",
        lambda: Status(
            log=str(answer["log"]),
            assurance=str(answer["assurance"]),
            log_size=int(answer["log_size"]),
            anchored_size=int(answer["anchored_size"]),
            pending=int(answer["pending"]),
            last_anchored_at=_read_optional_time(answer["last_anchored_at"]),
            chain=dict(answer["chain"]),
            software=str(answer["software"]),
        ),
    )


def read_time(text: str) -> datetime:
    """The aware UTC time that RFC 3339 `text` names. Raises ValueError when it names none."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"a time must carry its offset from UTC, found {text!r}")
    return time.astimezone(UTC)


def _read_optional_time(text: str | None) -> datetime | None:
    return None if text is None else read_time(text)


def _read_exhibit(value: Mapping[str, Any]) -> Exhibit:
    sha256, sm3 = value["digests"]
    return Exhibit(sha256=str(sha256), sm3=str(sm3), size_bytes=int(value["size_bytes"]))


def _read_entry(value: Mapping[str, Any]) -> Entry:
    return Entry(
        sequence=int(value["sequence"]),
        event=str(value["event"]),
        recorded_at=read_time(value["recorded_at"]),
        leaf_hash=str(value["leaf_hash"]),
        index=value["index"],
    )


def _read(what: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerError(
            f"the answer is not a {what} as this version knows it: {error!r}"
        ) from error
