"""Steps 9 and 12: what timestamp tokens say, and whether all times can be right.

Leaves tokens to `evidence.timestamp` and the time of a block to `ledger`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

from evidence.bundle import BundleAnchor
from evidence.entry import Entry
from evidence.errors import TimestampError
from evidence.timestamp import (
    TokenImprintError,
    TokenMalformedError,
    TokenTime,
    UnknownAuthorityError,
    verify_token,
)
from verifier.checks.findings import (
    anchor_subject,
    entry_subject,
    lacking,
    passed,
    refused,
    shown,
)
from verifier.report import Finding, Reason, Step
from verifier.trust import TrustRoot

TOLERANCE = timedelta(seconds=120)
# How far two clocks may disagree before their times contradict each other (section 15, step 12).

BLOCK_ACCURACY = timedelta(seconds=1)
# A header's timestamp is in whole seconds: its block was sealed before the next one began.

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
# Established times lie before it. It leaves room in the calendar for the accuracy of a token, and
# nobody who states a later time means it.

_TOKEN_REASONS: Final[Mapping[type[TimestampError], Reason]] = {
    TokenMalformedError: Reason.TOKEN_MALFORMED,
    TokenImprintError: Reason.TOKEN_OF_ANOTHER_CHECKPOINT,
    UnknownAuthorityError: Reason.TSA_UNKNOWN,
}

_MILLISECOND = timedelta(milliseconds=1)
_IN_ORDER_OF_REASONS = tuple(Reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedBlock:
    """A block that the trusted validators sealed."""

    height: int
    time: datetime

    @property
    def latest(self) -> datetime:
        """The block was sealed before this time."""
        return self.time + BLOCK_ACCURACY


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorTimes:
    """What is established about when a checkpoint existed."""

    tokens: tuple[TokenTime, ...]
    block: TrustedBlock | None


def check_timestamp(
    n: int, anchor: BundleAnchor, trust: TrustRoot
) -> tuple[Finding, tuple[TokenTime, ...]]:
    """Step 9: anchor `n` has tokens, and each is over its checkpoint.

    Returns the times of those that verify, also where another does not.
    """
    step, subject = Step.TIMESTAMP, anchor_subject(n)
    if not anchor.tokens:
        message = "expected at least one timestamp token, found none"
        return refused(step, subject, Reason.TOKEN_MISSING, message), ()
    roots = trust.timestamp_roots()
    refusals, times = [], []
    for token in anchor.tokens:
        try:
            time = verify_token(token, anchor.checkpoint.encode(), roots)
            if time.time >= END_OF_TIME:
                raise TimestampError(
                    f"expected a time before the year 9999, found {shown(time.time)}"
                )
            times.append(time)
        except TimestampError as error:
            reason = _TOKEN_REASONS.get(type(error), Reason.TOKEN_INVALID)
            refusals.append((reason, error))
    if refusals:
        reason, why = min(refusals, key=lambda refusal: _IN_ORDER_OF_REASONS.index(refusal[0]))
        return refused(step, subject, reason, why), tuple(times)
    said = ", ".join(f"{each.authority} at {shown(each.time)}" for each in times)
    return passed(step, subject, f"the checkpoint was timestamped by {said}"), tuple(times)


def check_times(
    n: int,
    entry: Entry | None,
    times: AnchorTimes,
    times_before: AnchorTimes | None,
    now: datetime | None,
    head: TrustedBlock | None = None,
) -> Finding:
    """Step 12: the times of entry `n` and of its anchor can all be right.

    `times_before` are those of the anchor before, None for the first; `now` is the moment of
    verification, None if it is not to count; `head` is the block as of which the entries are
    complete, given with the last of them.
    """
    step, subject = Step.TIMES, entry_subject(n)
    recorded = [] if entry is None else [("recorded_at", entry.recorded_at)]
    tokens, blocks = _token_times(times), _block_times(times.block)
    heads = _block_times(head)
    in_order = [*product(recorded, tokens or blocks), *product(tokens, blocks)]
    in_order += product(blocks, heads)
    if times_before is not None:
        in_order += product(_token_times(times_before), tokens)
        in_order += product(_block_times(times_before.block), blocks)
    if now is not None:
        in_order += product([*tokens, *blocks, *heads], [("the moment of verification", now)])
    for (earlier, earlier_time), (later, later_time) in in_order:
        if earlier_time - later_time > TOLERANCE:
            message = (
                f"expected {earlier} not after {later}, "
                f"found {shown(earlier_time)} after {shown(later_time)}"
            )
            return refused(step, subject, Reason.TIMES_CONTRADICT, message)
    if not tokens or not blocks:
        missing = "block time" if tokens else "token time"
        message = f"expected a token time and a block time, found no established {missing}"
        return refused(step, subject, Reason.TIMES_MISSING, message)
    if entry is None:
        return lacking(step, subject, "the time at which the entry was recorded")
    return passed(step, subject, "the recorded, token and block times follow one another")


def existed_by(times: AnchorTimes) -> datetime | None:
    """Return the earliest time by which the checkpoint is known to have existed, if there is one.

    In whole milliseconds, the precision of written times.
    """
    established = [token.latest for token in times.tokens]
    if times.block is not None:
        established.append(times.block.latest)
    return whole_milliseconds(min(established)) if established else None


def whole_milliseconds(time: datetime) -> datetime:
    """Return `time` in the precision of written times; rounded up, so that "by" stays right."""
    surplus = timedelta(microseconds=time.microsecond % 1000)
    return time + (_MILLISECOND - surplus) if surplus else time


def _token_times(times: AnchorTimes) -> list[tuple[str, datetime]]:
    return [(f"the token of {token.authority}", token.time) for token in times.tokens]


def _block_times(block: TrustedBlock | None) -> list[tuple[str, datetime]]:
    return [] if block is None else [(f"block {block.height}", block.time)]
