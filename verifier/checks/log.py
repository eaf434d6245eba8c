"""Steps 6 to 8: the log's checkpoints and the way of the entries into its tree.

Leaves notes to `evidence.checkpoint` and proofs to `evidence.merkle`.
"""

from evidence.bundle import BundleAnchor, BundleEntry
from evidence.checkpoint import Checkpoint, read_note, verify_checkpoint
from evidence.errors import EvidenceError
from evidence.merkle import verify_consistency, verify_inclusion
from verifier.checks.findings import (
    anchor_subject,
    entry_subject,
    lacking,
    passed,
    refused,
    shown,
)
from verifier.checks.times import AnchorTimes
from verifier.report import Finding, Reason, Status, Step
from verifier.trust import LogKey


def check_checkpoint(
    n: int, anchor: BundleAnchor, origin: str, log_key: LogKey | None
) -> tuple[Finding, Checkpoint | None]:
    """Step 6: the checkpoint of anchor `n` is of this log and signed by its key.

    Not decided here: whether the key was in use then, see `check_log_key_period`.
    """
    step, subject = Step.CHECKPOINT, anchor_subject(n)
    try:
        unverified_note = read_note(anchor.checkpoint)
    except EvidenceError as error:
        return refused(step, subject, Reason.CHECKPOINT_MALFORMED, error), None
    if unverified_note.checkpoint.origin != origin:
        message = (
            f"expected a checkpoint of log {origin}, "
            f"found one of {unverified_note.checkpoint.origin}"
        )
        return refused(step, subject, Reason.CHECKPOINT_OF_ANOTHER_LOG, message), None
    if log_key is None:
        return lacking(step, subject, "the key of the log"), None
    try:
        checkpoint = verify_checkpoint(
            anchor.checkpoint, origin=origin, public_key=log_key.public_key
        )
    except EvidenceError as error:
        return refused(step, subject, Reason.CHECKPOINT_SIGNATURE_INVALID, error), None
    message = f"the log signed the checkpoint of size {checkpoint.size}"
    return passed(step, subject, message), checkpoint


def check_log_key_period(
    n: int, signed: Finding, log_key: LogKey | None, times: AnchorTimes
) -> Finding:
    """Step 6, signing times: return `signed`, unless the key was not in use at the anchor's time.

    `signed` is the finding of `check_checkpoint`.
    """
    if log_key is None or signed.status is not Status.PASSED:
        return signed
    signing_times = [token.time for token in times.tokens]
    if not signing_times and times.block is not None:
        signing_times = [times.block.time]
    period = f"expected a time in the period of the key of log {log_key.origin}, found"
    if not signing_times:
        message = f"{period} neither a token time nor a block time"
        return refused(Step.CHECKPOINT, anchor_subject(n), Reason.LOG_KEY_OUT_OF_PERIOD, message)
    for time in signing_times:
        if not log_key.in_use_at(time):
            message = f"{period} {shown(time)}"
            return refused(
                Step.CHECKPOINT, anchor_subject(n), Reason.LOG_KEY_OUT_OF_PERIOD, message
            )
    return signed


def check_inclusion(
    n: int, item: BundleEntry, leaf: bytes, checkpoint: Checkpoint | None
) -> Finding:
    """Step 7: entry `n`, whose leaf hash is `leaf`, is in the tree of its checkpoint."""
    step, subject = Step.INCLUSION, entry_subject(n)
    if checkpoint is None:
        return lacking(step, subject, f"the checkpoint of anchor {item.anchor}")
    try:
        verify_inclusion(leaf, item.index, checkpoint.size, item.inclusion, checkpoint.root)
    except EvidenceError as error:
        return refused(step, subject, Reason.INCLUSION_INVALID, error)
    message = f"entry {n} is leaf {item.index} of the tree of {checkpoint.size} leaves"
    return passed(step, subject, message)


def check_consistency(
    n: int, anchor: BundleAnchor, earlier: Checkpoint | None, later: Checkpoint | None
) -> Finding:
    """Step 8: the tree of anchor `n`, `later`, begins with that of the anchor before, `earlier`."""
    step, subject = Step.CONSISTENCY, anchor_subject(n)
    if earlier is None or later is None:
        return lacking(step, subject, f"the checkpoints of anchors {n - 1} and {n}")
    if earlier.size >= later.size:
        message = f"expected a tree of more than {earlier.size} leaves, found {later.size}"
        return refused(step, subject, Reason.CONSISTENCY_INVALID, message)
    try:
        verify_consistency(earlier.size, earlier.root, later.size, later.root, anchor.consistency)
    except EvidenceError as error:
        return refused(step, subject, Reason.CONSISTENCY_INVALID, error)
    message = f"the tree of {later.size} leaves begins with that of {earlier.size}"
    return passed(step, subject, message)
