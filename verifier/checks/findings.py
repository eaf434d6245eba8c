"""How a check words its finding.

Owns the subjects of findings and the making of a finding, whose status follows from its reason.
"""

from datetime import datetime

from verifier.report import Finding, Reason, Status, Step


def entry_subject(n: int) -> str:
    """Return the subject of findings and times of the entry at place `n` of the bundle."""
    return f"entry:{n}"


def anchor_subject(n: int) -> str:
    """Return the subject of findings and times of the anchor at place `n` of the bundle."""
    return f"anchor:{n}"


def passed(step: Step, subject: str, detail: str) -> Finding:
    """Return the finding of a step that passed."""
    return Finding(step=step, status=Status.PASSED, reason=None, subject=subject, detail=detail)


def refused(step: Step, subject: str, reason: Reason, why: str | Exception) -> Finding:
    """Return the finding of a step that did not pass."""
    return Finding(step=step, status=reason.status, reason=reason, subject=subject, detail=str(why))


def lacking(step: Step, subject: str, what: str) -> Finding:
    """Return the finding of a step that needs `what`, which no earlier step established."""
    message = f"this step needs {what}, which could not be established"
    return refused(step, subject, Reason.PREREQUISITE_FAILED, message)


def shown(time: datetime) -> str:
    """Return `time` as the sentences of findings show it."""
    return time.isoformat(timespec="seconds")
