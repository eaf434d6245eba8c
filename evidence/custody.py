"""The rules of a stream: which act may follow which, and by whom.

Owns format section 6: the table of events, and the order and linking of the entries of a stream.
Leaves the form of one entry to `evidence.entry` and its signatures to `evidence.envelope`.

    CustodyError
    ├── EntryOfAnotherLogError     an entry was written for another log
    ├── EntryOfAnotherStreamError  an entry belongs to another stream
    ├── StreamBrokenError          sequence, link or recorded time does not continue the stream
    └── EventNotAllowedError       the event, its role or its content is not allowed there
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evidence.entry import Deposited, Entry, Event, Mode, Role
from evidence.errors import CustodyError
from evidence.fields import encode_time


class EntryOfAnotherLogError(CustodyError):
    """An entry was written for another log."""


class EntryOfAnotherStreamError(CustodyError):
    """An entry belongs to another stream."""


class StreamBrokenError(CustodyError):
    """Sequence, link or recorded time of an entry does not continue the stream."""


class EventNotAllowedError(CustodyError):
    """The event of an entry, its role or its content is not allowed where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedEntry:
    """An entry and the leaf hash, 32 bytes, of the envelope it came in."""

    entry: Entry
    leaf_hash: bytes


def require_allowed(history: Sequence[Entry], entry: Entry) -> None:
    """Return only when `entry` may follow `history`, the allowed entries of its stream so far.

    The link to the leaf hash before is checked by `verify_stream`, which knows the leaf hashes.

    Raises:
        CustodyError: see the tree of this module.
    """
    _check_continues(history, entry)
    rule = _RULES[entry.event]
    if rule.opens == bool(history):
        place = "opens a stream" if rule.opens else "follows a deposit"
        raise EventNotAllowedError(f"{entry.event} {place}, found it at sequence {entry.sequence}")
    if rule.once and any(earlier.event is entry.event for earlier in history):
        raise EventNotAllowedError(f"{entry.event} stands once in a stream, found it again")
    if entry.actor.role not in rule.roles:
        raise EventNotAllowedError(
            f"{entry.event} is not an act of a {entry.actor.role}, found it by one"
        )
    rule.check(history, entry)


def verify_stream(entries: Sequence[LinkedEntry], *, log: str, stream: str) -> None:
    """Return only when `entries` are an unbroken custody chain of `stream` in `log` from its start.

    Whether they are all of it is shown by the head proof alone (format section 11).

    Raises:
        CustodyError: see the tree of this module; for the first entry that breaks a rule.
    """
    if not entries:
        raise StreamBrokenError("a stream has at least one entry, found none")
    history: list[Entry] = []
    previous: bytes | None = None
    for linked in entries:
        entry = linked.entry
        if entry.log != log:
            raise EntryOfAnotherLogError(
                f"expected entries of the log {log}, found one of {entry.log}"
            )
        if entry.stream != stream:
            raise EntryOfAnotherStreamError(
                f"expected entries of the stream {stream}, found one of {entry.stream}"
            )
        if entry.previous != previous:
            raise StreamBrokenError(
                f"entry {entry.sequence} links to the leaf hash of the entry before, "
                "found another link"
            )
        require_allowed(history, entry)
        history.append(entry)
        previous = linked.leaf_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A row of the table of events.

    opens: whether the event is the first of its stream; if not, it is never the first.
    once: whether it stands at most once in a stream.
    check: raises EventNotAllowedError unless the content fits the entries before.
    """

    opens: bool
    once: bool
    roles: frozenset[Role]
    check: Callable[[Sequence[Entry], Entry], None]


def _fits_anything(history: Sequence[Entry], entry: Entry) -> None:
    """Allow any content."""


def _completes_deposit(history: Sequence[Entry], entry: Entry) -> None:
    """Allow the content of a digests-only deposit, and no other content."""
    deposit = history[0].payload
    if not isinstance(deposit, Deposited) or deposit.mode is not Mode.DIGESTS:
        raise EventNotAllowedError(
            f"{entry.event} follows a deposit of digests, found a deposit of the file"
        )
    if entry.payload.exhibit != deposit.exhibit:
        raise EventNotAllowedError(
            f"{entry.event} brings the exhibit that was deposited, "
            "found another size or other digests"
        )


_DEPOSITING: Final = frozenset({Role.DEPOSITOR, Role.AGENT, Role.HELPER, Role.PLATFORM_ORG})

_RULES: Final[Mapping[Event, _Rule]] = {
    Event.DEPOSITED: _Rule(opens=True, once=True, roles=_DEPOSITING, check=_fits_anything),
    Event.ORIGINAL_ADDED: _Rule(
        opens=False, once=True, roles=_DEPOSITING, check=_completes_deposit
    ),
}


def _check_continues(history: Sequence[Entry], entry: Entry) -> None:
    if entry.sequence != len(history):
        raise StreamBrokenError(f"expected sequence {len(history)}, found {entry.sequence}")
    if not history:
        return
    before = history[-1]
    if entry.log != before.log:
        raise EntryOfAnotherLogError(
            f"expected an entry of the log {before.log}, found one of {entry.log}"
        )
    if entry.stream != before.stream:
        raise EntryOfAnotherStreamError(
            f"expected an entry of the stream {before.stream}, found one of {entry.stream}"
        )
    if entry.recorded_at < before.recorded_at:
        raise StreamBrokenError(
            f"entry {entry.sequence} is recorded at {encode_time(entry.recorded_at)}, "
            f"before its predecessor at {encode_time(before.recorded_at)}"
        )
