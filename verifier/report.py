"""What a verification found, in a form that people, programs and courts can keep.

Owns the words of section 15 of docs/format.md (steps, statuses, reasons), the report and its JSON
form. Leaves deciding to `checks` and `verify`, and the sentences shown to readers to `words`.

The three statuses are those of ETSI EN 319 102-1, clause 5.1.3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from evidence.canonical import Json
from evidence.entry import Exhibit
from evidence.fields import encode_time
from verifier.trust import Assurance

REPORT_TYPE = "zhenglian/report/v1"


class Status(StrEnum):
    """How a finding, or the whole report, came out."""

    PASSED = "PASSED"
    """The material shows what it claims."""
    INDETERMINATE = "INDETERMINATE"
    """The material, or the trust root, cannot decide."""
    FAILED = "FAILED"
    """The material contradicts what it claims."""


_FROM_BEST_TO_WORST = (Status.PASSED, Status.INDETERMINATE, Status.FAILED)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of `statuses`; INDETERMINATE for none, as nothing was shown."""
    return max(statuses, key=_FROM_BEST_TO_WORST.index, default=Status.INDETERMINATE)


class Step(IntEnum):
    """The numbered steps of section 15; the order of the findings."""

    BUNDLE = 1
    TRUST = 2
    SIGNATURES = 3
    STREAM = 4
    PARTICULARS = 5
    CHECKPOINT = 6
    INCLUSION = 7
    CONSISTENCY = 8
    TIMESTAMP = 9
    ANCHOR = 10
    COMPLETENESS = 11
    TIMES = 12
    EXHIBIT = 13

    @property
    def label(self) -> str:
        """The name of the step as section 15 writes it."""
        return self.name.lower()


class Reason(StrEnum):
    """Why a finding did not pass, in the order of section 15.

    Where several reasons apply to one finding, it names the first of them in this order.
    """

    BUNDLE_MALFORMED = "bundle_malformed"
    BUNDLE_TOO_LARGE = "bundle_too_large"
    BUNDLE_VERSION_UNKNOWN = "bundle_version_unknown"
    LOG_UNKNOWN = "log_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNER_UNKNOWN = "signer_unknown"
    SIGNER_OUT_OF_PERIOD = "signer_out_of_period"
    ENTRY_MALFORMED = "entry_malformed"
    ENTRY_OF_ANOTHER_LOG = "entry_of_another_log"
    ENTRY_OF_ANOTHER_STREAM = "entry_of_another_stream"
    STREAM_BROKEN = "stream_broken"
    EVENT_NOT_ALLOWED = "event_not_allowed"
    PARTICULARS_MISMATCH = "particulars_mismatch"
    PARTICULARS_WITHHELD = "particulars_withheld"
    CHECKPOINT_MALFORMED = "checkpoint_malformed"
    CHECKPOINT_OF_ANOTHER_LOG = "checkpoint_of_another_log"
    CHECKPOINT_SIGNATURE_INVALID = "checkpoint_signature_invalid"
    LOG_KEY_OUT_OF_PERIOD = "log_key_out_of_period"
    INCLUSION_INVALID = "inclusion_invalid"
    CONSISTENCY_INVALID = "consistency_invalid"
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105 (a reason, no secret)
    TOKEN_INVALID = "token_invalid"  # noqa: S105
    TOKEN_OF_ANOTHER_CHECKPOINT = "token_of_another_checkpoint"  # noqa: S105
    TOKEN_MISSING = "token_missing"  # noqa: S105
    TSA_UNKNOWN = "tsa_unknown"
    HEADER_MALFORMED = "header_malformed"
    SEALS_INVALID = "seals_invalid"
    RECEIPT_INVALID = "receipt_invalid"
    EXTENSION_MISMATCH = "extension_mismatch"
    ANCHOR_MISSING = "anchor_missing"
    VALIDATORS_UNKNOWN = "validators_unknown"
    HEAD_MISMATCH = "head_mismatch"
    HEAD_PROOF_INVALID = "head_proof_invalid"
    HEAD_OLDER_THAN_ANCHOR = "head_older_than_anchor"
    HEAD_MISSING = "head_missing"
    TIMES_CONTRADICT = "times_contradict"
    TIMES_MISSING = "times_missing"
    EXHIBIT_DIFFERS = "exhibit_differs"
    EXHIBIT_NOT_GIVEN = "exhibit_not_given"
    PREREQUISITE_FAILED = "prerequisite_failed"

    @property
    def status(self) -> Status:
        """The status that a finding of this reason has."""
        return Status.INDETERMINATE if self in _UNDECIDED else Status.FAILED


_UNDECIDED = frozenset(
    {
        Reason.BUNDLE_VERSION_UNKNOWN,
        Reason.LOG_UNKNOWN,
        Reason.SIGNER_UNKNOWN,
        Reason.SIGNER_OUT_OF_PERIOD,
        Reason.PARTICULARS_WITHHELD,
        Reason.LOG_KEY_OUT_OF_PERIOD,
        Reason.TOKEN_MISSING,
        Reason.TSA_UNKNOWN,
        Reason.ANCHOR_MISSING,
        Reason.VALIDATORS_UNKNOWN,
        Reason.HEAD_MISSING,
        Reason.TIMES_MISSING,
        Reason.EXHIBIT_NOT_GIVEN,
        Reason.PREREQUISITE_FAILED,
    }
)


class TimeKind(StrEnum):
    """Who says a time."""

    CLAIMED = "claimed"
    """The actor of the entry."""
    RECORDED = "recorded"
    """The clock of the notary."""
    TOKEN = "token"  # noqa: S105
    """A timestamp authority of the trust root, over the checkpoint."""
    BLOCK = "block"
    """The validators of the trust root, who sealed the block that holds the checkpoint."""


class NotChecked(StrEnum):
    """What no verification of ours looks at, or this one did not."""

    CONTENT_TRUTH = "content_truth"
    """Whether what the exhibit says or shows is so."""
    BEFORE_DEPOSIT = "before_deposit"
    """What happened to the exhibit before it was deposited."""
    LAWFULNESS = "lawfulness"
    """How the exhibit was obtained."""
    RELEVANCE = "relevance"
    """What the exhibit means for the case."""
    AUTHORSHIP = "authorship"
    """Who made the exhibit."""
    EXHIBIT = "exhibit"
    """The exhibit itself: none was given."""
    ORGANISATIONS_INDEPENDENCE = "organisations_independence"
    """Whether independent organisations run log, validators and TSA: in a sandbox they do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one step on one subject."""

    step: Step
    status: Status
    reason: Reason | None
    """None exactly when the status is PASSED."""
    subject: str
    """"bundle", "trust", "stream", "head", "exhibit", "entry:<n>" or "anchor:<n>", n from 0."""
    detail: str
    """One English sentence: what was expected and what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSource:
    """One time and who says it."""

    kind: TimeKind
    subject: str
    """"entry:<n>" or "anchor:<n>", n from 0; "head": the entries are complete as of that block."""
    time: datetime
    accuracy_s: int
    """Whole seconds by which an established time may be off, rounded up; 0 for a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings of one verification and what follows from them."""

    status: Status
    """The worst status of the findings."""
    assurance: Assurance
    """That of the trust root."""
    trust_name: str
    log: str | None
    """Origin; None when the bundle could not be read, like the next two fields."""
    stream: str | None
    exhibit: Exhibit | None
    """As the first entry records it; to be believed as far as the findings go."""
    findings: tuple[Finding, ...]
    """In the order of the steps, within a step in that of the bundle."""
    existed_by: datetime | None
    """By this time the recorded digests existed; None if no time was established."""
    not_before: datetime | None
    """Always None in version 1: a deposit shows nothing about how old a file is."""
    time_sources: tuple[TimeSource, ...]
    """Statements (claimed, recorded) and established times (token, block)."""
    not_checked: tuple[NotChecked, ...]


def report_json(report: Report) -> Json:
    """Return the JSON form of `report`, fit for `encode_canonical`."""
    exhibit = report.exhibit
    return {
        "type": REPORT_TYPE,
        "status": report.status.value,
        "assurance": report.assurance.value,
        "trust_name": report.trust_name,
        "log": report.log,
        "stream": report.stream,
        "exhibit": None
        if exhibit is None
        else {"digests": list(exhibit.digests.texts()), "size_bytes": exhibit.size_bytes},
        "findings": [_finding_json(finding) for finding in report.findings],
        "existed_by": _optional_time(report.existed_by),
        "not_before": _optional_time(report.not_before),
        "time_sources": [_time_source_json(source) for source in report.time_sources],
        "not_checked": [code.value for code in report.not_checked],
    }


def _finding_json(finding: Finding) -> Json:
    return {
        "step": finding.step.value,
        "name": finding.step.label,
        "status": finding.status.value,
        "reason": None if finding.reason is None else finding.reason.value,
        "subject": finding.subject,
        "detail": finding.detail,
    }


def _time_source_json(source: TimeSource) -> Json:
    return {
        "kind": source.kind.value,
        "subject": source.subject,
        "time": encode_time(source.time),
        "accuracy_s": source.accuracy_s,
    }


def _optional_time(time: datetime | None) -> str | None:
    return None if time is None else encode_time(time)
