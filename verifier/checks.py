"""The checks of section 15 of docs/format.md, one function for each numbered step.

Owns what each step asks of the material and which reason it gives where the answer is no. A check
takes unverified material and returns a finding, with the value that it verified where later steps
need one. Leaves the order of the steps and the report to `verify`, and how a proof is verified to
`evidence` and `chain`, whose errors become findings here.

Where several reasons apply to one finding, a check gives the first in the order of `Reason`. So a
value that an earlier step could not establish gives PREREQUISITE_FAILED only after everything that
can be decided without it.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

from chain.contract import NO_HEAD, head_commitment, head_slot, parse_extended
from chain.errors import ChainError, HeaderError, SealError
from chain.header import parse_header
from chain.proof import AnchorProof, verify_receipt_log, verify_storage
from chain.qbft import SealedHeader, verify_commit_seals
from evidence.bundle import (
    Bundle,
    BundleAnchor,
    BundleEntry,
    BundleTooLargeError,
    UnknownVersionError,
    parse_bundle,
)
from evidence.checkpoint import Checkpoint, log_id, read_note, verify_checkpoint
from evidence.custody import (
    EntryOfAnotherLogError,
    EntryOfAnotherStreamError,
    EventNotAllowedError,
    LinkedEntry,
    StreamBrokenError,
    verify_stream,
)
from evidence.digests import Measurement
from evidence.entry import Entry, parse_entry, particulars_digest, stream_key
from evidence.envelope import UnknownSignerError, verify_envelope
from evidence.errors import CustodyError, EntryError, EvidenceError, TimestampError
from evidence.merkle import verify_consistency, verify_inclusion
from evidence.timestamp import (
    TokenImprintError,
    TokenMalformedError,
    TokenTime,
    UnknownAuthorityError,
    verify_token,
)
from verifier.report import Finding, Reason, Status, Step
from verifier.trust import LogKey, TrustRoot, ValidatorSet

TOLERANCE = timedelta(seconds=120)
# How far two clocks may disagree before their times contradict each other (section 15, step 12).

_LAST_TIMESTAMP = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
# The last second that a written time can name.

_STREAM_REASONS: Final[Mapping[type[CustodyError], Reason]] = {
    StreamBrokenError: Reason.STREAM_BROKEN,
    EventNotAllowedError: Reason.EVENT_NOT_ALLOWED,
    EntryOfAnotherLogError: Reason.ENTRY_OF_ANOTHER_LOG,
    EntryOfAnotherStreamError: Reason.ENTRY_OF_ANOTHER_STREAM,
}

_TOKEN_REASONS: Final[Mapping[type[TimestampError], Reason]] = {
    TokenMalformedError: Reason.TOKEN_MALFORMED,
    TokenImprintError: Reason.TOKEN_OF_ANOTHER_CHECKPOINT,
    UnknownAuthorityError: Reason.TSA_UNKNOWN,
}

_IN_ORDER_OF_REASONS = tuple(Reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorBlock:
    """The block that holds a checkpoint, as the trusted validators sealed it."""

    height: int
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorTimes:
    """What is established about when a checkpoint existed."""

    tokens: tuple[TokenTime, ...]
    block: AnchorBlock | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStream:
    """What the envelopes of a bundle hold."""

    entries: tuple[Entry | None, ...]
    """In the order of the bundle; None for one that cannot be read."""
    is_established: bool
    """Whether they form a stream of the bundle's log and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealedBlock:
    """A header with the seals of the validators then in office."""

    sealed: SealedHeader
    time: datetime
    validators: ValidatorSet

    @property
    def height(self) -> int:
        return self.sealed.header.number

    def __str__(self) -> str:
        committers = set(self.sealed.committers)
        operators = sorted(
            {v.operator for v in self.validators.validators if v.address in committers}
        )
        return f"block {self.height} of {_shown(self.time)}, sealed by {', '.join(operators)}"


class _UnknownValidatorsError(Exception):
    """The trust root does not say who the validators of a block were."""


def entry_subject(n: int) -> str:
    """Return the subject of findings and times of the entry at place `n` of the bundle."""
    return f"entry:{n}"


def anchor_subject(n: int) -> str:
    """Return the subject of findings and times of the anchor at place `n` of the bundle."""
    return f"anchor:{n}"


def check_bundle(unverified_bundle: bytes) -> tuple[Finding, Bundle | None]:
    """Step 1: the bytes are a bundle of section 12."""
    try:
        bundle = parse_bundle(unverified_bundle)
    except BundleTooLargeError as error:
        return _refused(Step.BUNDLE, "bundle", Reason.BUNDLE_TOO_LARGE, error), None
    except UnknownVersionError as error:
        return _refused(Step.BUNDLE, "bundle", Reason.BUNDLE_VERSION_UNKNOWN, error), None
    except EvidenceError as error:
        return _refused(Step.BUNDLE, "bundle", Reason.BUNDLE_MALFORMED, error), None
    sizes = f"{len(bundle.entries)} entries and {len(bundle.anchors)} anchors"
    return _passed(Step.BUNDLE, "bundle", f"the bundle is well formed, with {sizes}"), bundle


def lacking_bundle(step: Step) -> Finding:
    """Return the finding of a step that comes after a bundle that could not be read."""
    return _lacking(step, "bundle", "a bundle")


def check_trust(origin: str, trust: TrustRoot) -> tuple[Finding, LogKey | None]:
    """Step 2: the trust root names the log of the bundle."""
    log_key = trust.log(origin)
    if log_key is None:
        known = ", ".join(log.origin for log in trust.logs) or "none"
        message = f"expected a log of the trust root ({known}), found {origin}"
        return _refused(Step.TRUST, "trust", Reason.LOG_UNKNOWN, message), None
    return _passed(Step.TRUST, "trust", f"the trust root names the log {origin}"), log_key


def check_signatures(n: int, item: BundleEntry, entry: Entry | None, trust: TrustRoot) -> Finding:
    """Step 3: every signature of entry `n` is by a trusted signer in office when it was recorded.

    `entry` is what the envelope holds, None where it cannot be read.
    """
    step, subject = Step.SIGNATURES, entry_subject(n)
    signers = {each.kid: trust.signer(each.kid) for each in item.envelope.signatures}
    keys = {kid: signer.public_key for kid, signer in signers.items() if signer is not None}
    try:
        verify_envelope(item.envelope, keys.get)
    except UnknownSignerError as error:
        return _refused(step, subject, Reason.SIGNER_UNKNOWN, error)
    except EvidenceError as error:
        return _refused(step, subject, Reason.SIGNATURE_INVALID, error)
    if entry is None:
        return _lacking(step, subject, "the time at which the entry was recorded")
    for signer in filter(None, signers.values()):
        if not signer.in_use_at(entry.recorded_at):
            message = (
                f"expected a time in the period of the signer {signer.name!r}, "
                f"found recorded_at {_shown(entry.recorded_at)}"
            )
            return _refused(step, subject, Reason.SIGNER_OUT_OF_PERIOD, message)
    names = ", ".join(repr(signer.name) for signer in filter(None, signers.values()))
    return _passed(step, subject, f"entry {n} is signed by {names}")


def check_stream(bundle: Bundle, leaves: Sequence[bytes]) -> tuple[Finding, ReadStream]:
    """Step 4: the entries, of these leaf hashes, form a stream of the bundle's log and name.

    The reason is that of the first entry that breaks a rule.
    """
    step, subject = Step.STREAM, "stream"
    entries: list[Entry | None] = []
    refusal: Finding | None = None
    for n, item in enumerate(bundle.entries):
        try:
            entries.append(parse_entry(item.envelope.payload))
        except EntryError as error:
            entries.append(None)
            refusal = refusal or _refused(
                step, subject, Reason.ENTRY_MALFORMED, f"entry {n}: {error}"
            )
    linked = [
        LinkedEntry(entry=entry, leaf_hash=leaf)
        for entry, leaf in zip(entries, leaves, strict=True)
        if entry is not None
    ]
    if refusal is None:
        try:
            verify_stream(linked, log=bundle.log, stream=bundle.stream)
        except CustodyError as error:
            refusal = _refused(
                step, subject, _STREAM_REASONS.get(type(error), Reason.STREAM_BROKEN), error
            )
    read = ReadStream(entries=tuple(entries), is_established=refusal is None)
    message = f"{len(entries)} entries form the stream {bundle.stream}"
    return refusal or _passed(step, subject, message), read


def check_particulars(n: int, item: BundleEntry, entry: Entry | None) -> Finding:
    """Step 5: the particulars of entry `n` match their digest, or none were committed."""
    step, subject = Step.PARTICULARS, entry_subject(n)
    if entry is None:
        return _lacking(step, subject, "the digest of the particulars")
    if item.particulars is None:
        if entry.particulars is not None:
            message = f"expected the particulars of entry {n}, found none"
            return _refused(step, subject, Reason.PARTICULARS_WITHHELD, message)
        return _passed(step, subject, f"entry {n} has no particulars and commits to none")
    found = particulars_digest(item.particulars)
    if entry.particulars is None or not hmac.compare_digest(found, entry.particulars):
        expected = "none" if entry.particulars is None else f"sha256:{entry.particulars.hex()}"
        message = f"expected particulars of digest {expected}, found sha256:{found.hex()}"
        return _refused(step, subject, Reason.PARTICULARS_MISMATCH, message)
    return _passed(step, subject, f"the particulars of entry {n} match their digest")


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
        return _refused(step, subject, Reason.CHECKPOINT_MALFORMED, error), None
    if unverified_note.checkpoint.origin != origin:
        message = (
            f"expected a checkpoint of log {origin}, "
            f"found one of {unverified_note.checkpoint.origin}"
        )
        return _refused(step, subject, Reason.CHECKPOINT_OF_ANOTHER_LOG, message), None
    if log_key is None:
        return _lacking(step, subject, "the key of the log"), None
    try:
        checkpoint = verify_checkpoint(
            anchor.checkpoint, origin=origin, public_key=log_key.public_key
        )
    except EvidenceError as error:
        return _refused(step, subject, Reason.CHECKPOINT_SIGNATURE_INVALID, error), None
    message = f"the log signed the checkpoint of size {checkpoint.size}"
    return _passed(step, subject, message), checkpoint


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
        return _refused(Step.CHECKPOINT, anchor_subject(n), Reason.LOG_KEY_OUT_OF_PERIOD, message)
    for time in signing_times:
        if not log_key.in_use_at(time):
            message = f"{period} {_shown(time)}"
            return _refused(
                Step.CHECKPOINT, anchor_subject(n), Reason.LOG_KEY_OUT_OF_PERIOD, message
            )
    return signed


def check_inclusion(
    n: int, item: BundleEntry, leaf: bytes, checkpoint: Checkpoint | None
) -> Finding:
    """Step 7: entry `n`, whose leaf hash is `leaf`, is in the tree of its checkpoint."""
    step, subject = Step.INCLUSION, entry_subject(n)
    if checkpoint is None:
        return _lacking(step, subject, f"the checkpoint of anchor {item.anchor}")
    try:
        verify_inclusion(leaf, item.index, checkpoint.size, item.inclusion, checkpoint.root)
    except EvidenceError as error:
        return _refused(step, subject, Reason.INCLUSION_INVALID, error)
    message = f"entry {n} is leaf {item.index} of the tree of {checkpoint.size} leaves"
    return _passed(step, subject, message)


def check_consistency(
    n: int, anchor: BundleAnchor, earlier: Checkpoint | None, later: Checkpoint | None
) -> Finding:
    """Step 8: the tree of anchor `n`, `later`, begins with that of the anchor before, `earlier`."""
    step, subject = Step.CONSISTENCY, anchor_subject(n)
    if earlier is None or later is None:
        return _lacking(step, subject, f"the checkpoints of anchors {n - 1} and {n}")
    if earlier.size >= later.size:
        message = f"expected a tree of more than {earlier.size} leaves, found {later.size}"
        return _refused(step, subject, Reason.CONSISTENCY_INVALID, message)
    try:
        verify_consistency(earlier.size, earlier.root, later.size, later.root, anchor.consistency)
    except EvidenceError as error:
        return _refused(step, subject, Reason.CONSISTENCY_INVALID, error)
    message = f"the tree of {later.size} leaves begins with that of {earlier.size}"
    return _passed(step, subject, message)


def check_timestamp(
    n: int, anchor: BundleAnchor, trust: TrustRoot
) -> tuple[Finding, tuple[TokenTime, ...]]:
    """Step 9: anchor `n` has tokens, and each is over its checkpoint.

    Returns the times of those that verify, also where another does not.
    """
    step, subject = Step.TIMESTAMP, anchor_subject(n)
    if not anchor.tokens:
        message = "expected at least one timestamp token, found none"
        return _refused(step, subject, Reason.TOKEN_MISSING, message), ()
    roots = trust.timestamp_roots()
    refusals, times = [], []
    for token in anchor.tokens:
        try:
            times.append(verify_token(token, anchor.checkpoint.encode(), roots))
        except TimestampError as error:
            reason = _TOKEN_REASONS.get(type(error), Reason.TOKEN_INVALID)
            refusals.append((reason, error))
    if refusals:
        reason, why = min(refusals, key=lambda refusal: _IN_ORDER_OF_REASONS.index(refusal[0]))
        return _refused(step, subject, reason, why), tuple(times)
    said = ", ".join(f"{each.authority} at {_shown(each.time)}" for each in times)
    return _passed(step, subject, f"the checkpoint was timestamped by {said}"), tuple(times)


def check_anchor(
    n: int, anchor: BundleAnchor, origin: str, checkpoint: Checkpoint | None, trust: TrustRoot
) -> tuple[Finding, AnchorBlock | None]:
    """Step 10: the checkpoint of anchor `n` is on the chain, in a block that validators sealed.

    The rules are those of section 10, by their numbers there.
    """
    step, subject = Step.ANCHOR, anchor_subject(n)
    if anchor.proof is None:
        message = "expected an anchor proof, found none"
        return _refused(step, subject, Reason.ANCHOR_MISSING, message), None
    proof = AnchorProof(
        header=anchor.proof.header,
        transaction_index=anchor.proof.transaction_index,
        receipt_nodes=anchor.proof.receipt_nodes,
        log_index=anchor.proof.log_index,
    )
    try:
        block = _verify_block(proof.header, trust)  # Rules 1 to 4.
        evm_log = verify_receipt_log(block.sealed, proof)  # Rule 5.
        extension = parse_extended(evm_log, trust.ledger.contract)
    except _UnknownValidatorsError as error:
        return _refused(step, subject, Reason.VALIDATORS_UNKNOWN, error), None
    except HeaderError as error:
        return _refused(step, subject, Reason.HEADER_MALFORMED, error), None
    except SealError as error:
        return _refused(step, subject, Reason.SEALS_INVALID, error), None
    except ChainError as error:
        return _refused(step, subject, Reason.RECEIPT_INVALID, error), None
    if checkpoint is None:
        return _lacking(step, subject, "the checkpoint to compare the block with"), None
    expected = (log_id(origin), checkpoint.size, checkpoint.root)
    found = (extension.log_id, extension.size, extension.root)
    if found != expected:  # Rule 6.
        message = f"expected the block to hold {_tree(*expected)}, found {_tree(*found)}"
        return _refused(step, subject, Reason.EXTENSION_MISMATCH, message), None
    message = f"the checkpoint is in {block}"
    return _passed(step, subject, message), AnchorBlock(height=block.height, time=block.time)


def check_completeness(
    bundle: Bundle,
    stream: ReadStream,
    last_leaf: bytes,
    last_anchor: AnchorBlock | None,
    trust: TrustRoot,
) -> Finding:
    """Step 11: the chain holds the last entry of the bundle, `last_leaf`, as that of its stream.

    `last_anchor` is the block of the last anchor, None where it is not established.
    """
    step, subject = Step.COMPLETENESS, "head"
    head = bundle.head
    if head is None:
        return _refused(step, subject, Reason.HEAD_MISSING, "expected a head proof, found none")
    slot = head_slot(log_id(bundle.log), stream_key(bundle.stream))
    try:
        block = _verify_block(head.header, trust)
        found = verify_storage(
            block.sealed, trust.ledger.contract, slot, head.account_nodes, head.storage_nodes
        )
    except _UnknownValidatorsError as error:
        return _refused(step, subject, Reason.VALIDATORS_UNKNOWN, error)
    except ChainError as error:
        return _refused(step, subject, Reason.HEAD_PROOF_INVALID, error)
    last = len(bundle.entries) - 1
    expected = head_commitment(last, last_leaf) if last > 0 else NO_HEAD
    if stream.is_established and found != expected:
        message = f"expected the head {expected.hex()}, found {found.hex()} in {block}"
        return _refused(step, subject, Reason.HEAD_MISMATCH, message)
    if last_anchor is not None and block.height < last_anchor.height:
        message = f"expected a head of block {last_anchor.height} or later, found {block}"
        return _refused(step, subject, Reason.HEAD_OLDER_THAN_ANCHOR, message)
    if not stream.is_established:
        return _lacking(step, subject, "the stream of the entries")
    if last_anchor is None:
        return _lacking(step, subject, f"the block of anchor {len(bundle.anchors) - 1}")
    return _passed(step, subject, f"the entries are all of their stream as of {block}")


def check_times(
    n: int,
    entry: Entry | None,
    times: AnchorTimes,
    times_before: AnchorTimes | None,
    now: datetime | None,
) -> Finding:
    """Step 12: the times of entry `n` and of its anchor can all be right.

    `times_before` are those of the anchor before, None for the first; `now` is the moment of
    verification, None if it is not to count.
    """
    step, subject = Step.TIMES, entry_subject(n)
    recorded = [] if entry is None else [("recorded_at", entry.recorded_at)]
    tokens, blocks = _token_times(times), _block_times(times)
    in_order = [*product(recorded, tokens or blocks), *product(tokens, blocks)]
    if times_before is not None:
        in_order += product(_token_times(times_before), tokens)
        in_order += product(_block_times(times_before), blocks)
    if now is not None:
        in_order += product([*tokens, *blocks], [("the moment of verification", now)])
    for (earlier, earlier_time), (later, later_time) in in_order:
        if earlier_time - later_time > TOLERANCE:
            message = (
                f"expected {earlier} not after {later}, "
                f"found {_shown(earlier_time)} after {_shown(later_time)}"
            )
            return _refused(step, subject, Reason.TIMES_CONTRADICT, message)
    if not tokens or not blocks:
        missing = "block time" if tokens else "token time"
        message = f"expected a token time and a block time, found no established {missing}"
        return _refused(step, subject, Reason.TIMES_MISSING, message)
    if entry is None:
        return _lacking(step, subject, "the time at which the entry was recorded")
    return _passed(step, subject, "the recorded, token and block times follow one another")


def check_exhibit(stream: ReadStream, exhibit: Measurement | None) -> Finding:
    """Step 13: the exhibit is the one that was recorded, in size, digests and CID."""
    step, subject = Step.EXHIBIT, "exhibit"
    if exhibit is None:
        message = "expected the exhibit beside the bundle, found none"
        return _refused(step, subject, Reason.EXHIBIT_NOT_GIVEN, message)
    first = stream.entries[0]
    if first is None:
        return _lacking(step, subject, "the digests of the exhibit")
    recorded = first.payload.exhibit
    cids = {e.payload.blob.cid for e in stream.entries if e is not None and e.payload.blob}
    pairs: list[tuple[object, object]] = [
        (f"{recorded.size_bytes} bytes", f"{exhibit.size_bytes} bytes"),
        *zip(recorded.digests.texts(), exhibit.digests.texts(), strict=True),
        *((cid, exhibit.cid) for cid in sorted(cids)),
    ]
    for expected, found in pairs:
        if found != expected:
            message = f"expected {expected}, found {found}"
            return _refused(step, subject, Reason.EXHIBIT_DIFFERS, message)
    return _passed(step, subject, "the exhibit has the recorded size, digests and CID")


def _verify_block(unverified_header: bytes, trust: TrustRoot) -> _SealedBlock:
    """Return the block of that header as sealed by the validators in office at its height.

    Raises:
        HeaderError: it is not a header, or its time is beyond the calendar.
        SealError: it is not sealed as section 10 requires.
        _UnknownValidatorsError: the trust root does not say who the validators were.
    """
    header = parse_header(unverified_header)
    if header.timestamp > _LAST_TIMESTAMP:
        raise HeaderError(f"expected a time before the year 10000, found {header.timestamp} s")
    validators = trust.validators_at(header.number)
    if validators is None:
        raise _UnknownValidatorsError(
            f"expected a block whose validators the trust root names, found block {header.number}"
        )
    return _SealedBlock(
        sealed=verify_commit_seals(header, validators.addresses),
        time=datetime.fromtimestamp(header.timestamp, UTC),
        validators=validators,
    )


def _token_times(times: AnchorTimes) -> list[tuple[str, datetime]]:
    return [(f"the token of {token.authority}", token.time) for token in times.tokens]


def _block_times(times: AnchorTimes) -> list[tuple[str, datetime]]:
    return [] if times.block is None else [(f"block {times.block.height}", times.block.time)]


def _passed(step: Step, subject: str, detail: str) -> Finding:
    return Finding(step=step, status=Status.PASSED, reason=None, subject=subject, detail=detail)


def _refused(step: Step, subject: str, reason: Reason, why: str | Exception) -> Finding:
    return Finding(step=step, status=reason.status, reason=reason, subject=subject, detail=str(why))


def _lacking(step: Step, subject: str, what: str) -> Finding:
    message = f"this step needs {what}, which could not be established"
    return _refused(step, subject, Reason.PREREQUISITE_FAILED, message)


def _tree(log: bytes, size: int, root: bytes) -> str:
    return f"log {log.hex()}, size {size}, root {root.hex()}"


def _shown(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
