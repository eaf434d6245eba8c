"""A report put into words: what a judge reads on the page and on the command line.

Owns the choice and order of sentences for a report and how times are written. Leaves the
sentences to `verifier.words`, deciding to `verifier.verify`, and layout to `cli` and `web`.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from evidence.digests import Measurement
from verifier import words
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
from verifier.words import Language, Text

MAX_NOTES = 20
MAX_TIMES = 40
# A stream may have ten thousand entries. A reader needs the first of each kind of trouble; the
# JSON report holds all.

_BEIJING = timezone(timedelta(hours=8))

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Unicode categories: controls (terminal escapes), formats (bidirectional overrides), lone
# surrogates, line and paragraph separators.


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement, with the outcome it stands for where there is one."""

    status: Status | None
    word: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point of the timeline."""

    time: str
    text: str
    subject: str
    accuracy: str | None
    established: bool
    """Whether a party of the trust root other than the notary stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A finding that did not pass, for readers who want to know exactly."""

    subject: str
    sentence: str
    detail: str
    """In English whatever the language, with the subject as in the JSON report: for experts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One of the thirteen steps; `status` is None where there was nothing to check."""

    step: Step
    name: str
    status: Status | None
    status_word: str
    notes: tuple[Note, ...]
    more: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything a page or a terminal shows of one report, in one language."""

    status: Status
    conclusion: str
    sentences: tuple[str, str]
    sandbox: str | None
    """The warning of a sandbox; None in production."""
    checked: tuple[Line, ...]
    not_checked: tuple[Line, ...]
    existed_by: str | None
    times: tuple[Moment, ...]
    more_times: str | None
    steps: tuple[StepRow, ...]
    identity: tuple[tuple[str, str], ...]
    """Label and value of the moment, the trust root, the log, the stream, the exhibit as recorded,
    and the exhibit as found where it differs."""


def summarise(
    report: Report, exhibit: Measurement | None, verified_at: datetime, language: Language
) -> Summary:
    """Return `report` in the words of `language`.

    `exhibit` and `verified_at` are what the report was made with.
    """
    existed_by = None
    if report.existed_by is not None and not _contradicts_itself(report):
        existed_by = _at_latest(report.existed_by, language)
    times = sorted(report.time_sources, key=lambda source: source.time)
    return Summary(
        status=report.status,
        conclusion=words.CONCLUSIONS[report.status].in_(language),
        sentences=_sentences(report, exhibit, existed_by, language),
        sandbox=sandbox_warning(report.assurance, language),
        checked=_checked(report.findings, language),
        not_checked=_not_checked(report, language),
        existed_by=existed_by,
        times=tuple(_moment(source, language) for source in times[:MAX_TIMES]),
        more_times=_more(len(times) - MAX_TIMES, language),
        steps=tuple(_step_row(step, report.findings, language) for step in Step),
        identity=_identity(report, exhibit, verified_at, language),
    )


def sandbox_warning(assurance: Assurance, language: Language) -> str | None:
    """Return the sentence that marks everything made with a sandbox; None in production."""
    return words.ASSURANCES[assurance].in_(language) if assurance is Assurance.SANDBOX else None


def show_time(time: datetime, language: Language) -> str:
    """Return `time` in the zone readers of the language expect, with the name of the zone."""
    local = time.astimezone(_BEIJING if language is Language.ZH else UTC)
    milliseconds = f".{local.microsecond // 1000:03d}" if local.microsecond else ""
    return words.MOMENT.in_(language).format(f"{local:%Y-%m-%d %H:%M:%S}{milliseconds}")


def plain(text: str) -> str:
    """Return `text` without characters that steer a terminal or reorder a line.

    Subjects and details quote the bundle, which anyone may have written.
    """
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _STEERING else character
        for character in text
    )


def _contradicts_itself(report: Report) -> bool:
    """Whether the record fails on its own, whatever file it is held against.

    A time shown in bold beside a broken record would be read as a result.
    """
    return any(
        finding.status is Status.FAILED and finding.step is not Step.EXHIBIT
        for finding in report.findings
    )


def _at_latest(time: datetime, language: Language) -> str:
    # Rounded up: a file that existed by 05.2 s did not therefore exist by 05 s.
    whole = time.replace(microsecond=0)
    return show_time(whole if whole == time else whole + timedelta(seconds=1), language)


def _sentences(
    report: Report, exhibit: Measurement | None, existed_by: str | None, language: Language
) -> tuple[str, str]:
    if report.status is Status.PASSED:
        first = words.MATCHES_SINCE.in_(language).format(time=existed_by)
        return first, words.COURT_DECIDES.in_(language)
    reason = _first_reason(report)
    sentence = words.REASONS[reason].in_(language)
    if report.status is Status.INDETERMINATE:
        first = words.UNDECIDED.in_(language).format(reason=sentence)
        if reason is Reason.EXHIBIT_NOT_GIVEN:  # The last step: all before it passed.
            first = words.NOT_GIVEN.in_(language)
        return first, words.NOT_SUSPECT.in_(language)
    if reason is Reason.EXHIBIT_DIFFERS and report.exhibit and exhibit:
        recorded, found = report.exhibit.size_bytes, exhibit.size_bytes
        differs = words.CONTENT_DIFFERS if recorded == found else words.SIZE_DIFFERS
        first = differs.in_(language).format(recorded=f"{recorded:,}", found=f"{found:,}")
        return first, words.COMMON_CAUSES.in_(language)
    first = words.BUNDLE_FAILED.in_(language).format(reason=sentence)
    return first, words.NO_BLAME.in_(language)


def _first_reason(report: Report) -> Reason:
    """Return the reason to name first: of the worst status, in the order of the steps.

    A difference of the file therefore comes after any trouble with the digests it is held against.
    """
    reasons = [f.reason for f in report.findings if f.status is report.status and f.reason]
    return next((r for r in reasons if r is not Reason.PREREQUISITE_FAILED), reasons[0])


def _checked(findings: Sequence[Finding], language: Language) -> tuple[Line, ...]:
    """Return first what failed, then what held."""
    failed = [
        _line(Status.FAILED, words.REASONS[reason], language)
        for reason in _reasons(findings, Status.FAILED)
    ]
    passed = [
        _line(Status.PASSED, words.SHOWN[step], language)
        for step in Step
        if _status_of(step, findings) is Status.PASSED
    ]
    return (*failed, *passed)


def _not_checked(report: Report, language: Language) -> tuple[Line, ...]:
    """Return first what could not be decided, then what never is."""
    undecided = [
        _line(Status.INDETERMINATE, words.REASONS[reason], language)
        for reason in _reasons(report.findings, Status.INDETERMINATE)
        if reason is not Reason.EXHIBIT_NOT_GIVEN  # NotChecked.EXHIBIT says it.
    ]
    never = [
        _line(None, words.NOT_CHECKED[code], language)
        for code in sorted(report.not_checked, key=lambda code: code is not NotChecked.EXHIBIT)
    ]
    return (*undecided, *never)


def _line(status: Status | None, text: Text, language: Language) -> Line:
    word = None if status is None else words.STATUSES[status].in_(language)
    return Line(status=status, word=word, text=text.in_(language))


def _reasons(findings: Sequence[Finding], status: Status) -> list[Reason]:
    """Return each reason of that status once, in the order of the steps."""
    return list(dict.fromkeys(f.reason for f in findings if f.status is status and f.reason))


def _status_of(step: Step, findings: Sequence[Finding]) -> Status | None:
    statuses = [finding.status for finding in findings if finding.step is step]
    return worst(statuses) if statuses else None


def _step_row(step: Step, findings: Sequence[Finding], language: Language) -> StepRow:
    status = _status_of(step, findings)
    word = words.LABELS["nothing_to_check"] if status is None else words.STATUSES[status]
    troubles = [f for f in findings if f.step is step and f.status is not Status.PASSED]
    return StepRow(
        step=step,
        name=words.STEPS[step].in_(language),
        status=status,
        status_word=word.in_(language),
        notes=tuple(_note(finding, language) for finding in troubles[:MAX_NOTES]),
        more=_more(len(troubles) - MAX_NOTES, language),
    )


def _note(finding: Finding, language: Language) -> Note:
    return Note(
        subject=_subject(finding.subject, language),
        sentence=words.REASONS[finding.reason].in_(language) if finding.reason else "",
        detail=plain(f"{finding.subject}: {finding.detail}"),
    )


def _moment(source: TimeSource, language: Language) -> Moment:
    accuracy = words.ACCURACY.in_(language).format(source.accuracy_s) if source.accuracy_s else None
    text = words.COMPLETE_AS_OF if source.subject == "head" else words.TIME_KINDS[source.kind]
    return Moment(
        time=show_time(source.time, language),
        text=text.in_(language),
        subject=_subject(source.subject, language),
        accuracy=accuracy,
        established=source.kind in (TimeKind.TOKEN, TimeKind.BLOCK),
    )


def _subject(subject: str, language: Language) -> str:
    """Return the name of "entry:<n>", "anchor:<n>" (counted from 1 for readers) or of a thing."""
    kind, _, number = subject.partition(":")
    if number:
        return words.NUMBERED_SUBJECTS[kind].in_(language).format(int(number) + 1)
    return words.SUBJECTS[kind].in_(language)


def _identity(
    report: Report, exhibit: Measurement | None, verified_at: datetime, language: Language
) -> tuple[tuple[str, str], ...]:
    unknown = words.LABELS["unknown"].in_(language)
    rows = [
        ("verified_at", show_time(verified_at.replace(microsecond=0), language)),
        ("trust_name", report.trust_name),
        ("log", report.log or unknown),
        ("stream", report.stream or unknown),
    ]
    recorded = report.exhibit
    if recorded is not None:
        rows.append(("size", _bytes(recorded.size_bytes, language)))
        rows.extend(("digests", text) for text in recorded.digests.texts())
    if exhibit is not None and (recorded is None or exhibit.digests != recorded.digests):
        rows.append(("found_size", _bytes(exhibit.size_bytes, language)))
        rows.extend(("found_digests", text) for text in exhibit.digests.texts())
    return tuple((words.LABELS[label].in_(language), plain(value)) for label, value in rows)


def _bytes(size_bytes: int, language: Language) -> str:
    return words.BYTES.in_(language).format(f"{size_bytes:,}")


def _more(left: int, language: Language) -> str | None:
    return words.MORE.in_(language).format(left) if left > 0 else None
