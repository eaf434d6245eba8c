"""Reports as a verification makes them, written by hand for the tests of the words around them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from evidence.digests import Measurement, measure_chunks
from evidence.entry import Exhibit
from verifier.report import (
    Finding,
    NotChecked,
    Reason,
    Report,
    Status,
    Step,
    TimeKind,
    TimeSource,
    worst,
)
from verifier.trust import Assurance

CONTENT = b"the exhibit"
EXHIBIT: Measurement = measure_chunks([CONTENT])
TOKEN_TIME = datetime(2025, 3, 18, 6, 5, 22, 731_000, UTC)
BLOCK_TIME = datetime(2025, 3, 18, 6, 5, 25, 0, UTC)

ALWAYS_NOT_CHECKED = (
    NotChecked.CONTENT_TRUTH,
    NotChecked.BEFORE_DEPOSIT,
    NotChecked.LAWFULNESS,
    NotChecked.RELEVANCE,
    NotChecked.AUTHORSHIP,
)

SUBJECTS = {
    Step.BUNDLE: "bundle",
    Step.TRUST: "trust",
    Step.SIGNATURES: "entry:0",
    Step.STREAM: "stream",
    Step.PARTICULARS: "entry:0",
    Step.CHECKPOINT: "anchor:0",
    Step.INCLUSION: "entry:0",
    Step.TIMESTAMP: "anchor:0",
    Step.ANCHOR: "anchor:0",
    Step.COMPLETENESS: "head",
    Step.TIMES: "entry:0",
    Step.EXHIBIT: "exhibit",
}
"""Consistency has no subject where there is one anchor only."""


def finding(step: Step, status: Status, reason: Reason | None = None, detail: str = "") -> Finding:
    return Finding(
        step=step, status=status, reason=reason, subject=SUBJECTS[step], detail=detail or "as found"
    )


def report(
    troubles: Iterable[Finding] = (),
    *,
    assurance: Assurance = Assurance.PRODUCTION,
    not_checked: tuple[NotChecked, ...] = ALWAYS_NOT_CHECKED,
    existed_by: datetime | None = TOKEN_TIME,
    time_sources: tuple[TimeSource, ...] | None = None,
) -> Report:
    """A report in which every step passed, but for those with a finding in `troubles`."""
    troubles = list(troubles)
    troubled = {trouble.step for trouble in troubles}
    passed = [finding(step, Status.PASSED) for step in SUBJECTS if step not in troubled]
    findings = tuple(sorted([*passed, *troubles], key=lambda found: found.step))
    return Report(
        status=worst(found.status for found in findings),
        assurance=assurance,
        trust_name="Test consortium",
        log="log.example/2025",
        stream="exhibit:" + "0f" * 16,
        exhibit=Exhibit(size_bytes=EXHIBIT.size_bytes, digests=EXHIBIT.digests),
        findings=findings,
        existed_by=existed_by,
        not_before=None,
        time_sources=TIME_SOURCES if time_sources is None else time_sources,
        not_checked=not_checked,
    )


TIME_SOURCES = (
    TimeSource(kind=TimeKind.BLOCK, subject="anchor:0", time=BLOCK_TIME, accuracy_s=0),
    TimeSource(kind=TimeKind.TOKEN, subject="anchor:0", time=TOKEN_TIME, accuracy_s=1),
    TimeSource(
        kind=TimeKind.RECORDED,
        subject="entry:0",
        time=datetime(2025, 3, 18, 6, 5, 21, 500_000, UTC),
        accuracy_s=0,
    ),
    TimeSource(
        kind=TimeKind.CLAIMED,
        subject="entry:0",
        time=datetime(2025, 3, 17, 1, 0, tzinfo=UTC),
        accuracy_s=0,
    ),
)
