"""Steps 10 and 11: what the chain holds, and which validators stand for it.

Leaves headers, seals and trie proofs to `chain`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from chain.contract import NO_HEAD, head_commitment, head_slot, parse_extended
from chain.errors import ChainError, HeaderError, SealError
from chain.header import parse_header
from chain.proof import AnchorProof, verify_receipt_log, verify_storage
from chain.qbft import SealedHeader, verify_commit_seals
from evidence.bundle import Bundle, BundleAnchor
from evidence.checkpoint import Checkpoint, log_id
from evidence.entry import stream_key
from verifier.checks.entries import ReadStream
from verifier.checks.findings import anchor_subject, lacking, passed, refused, shown
from verifier.checks.times import END_OF_TIME, TrustedBlock
from verifier.report import Finding, Reason, Step
from verifier.trust import TrustRoot, ValidatorSet


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealedBlock:
    """A header with the seals of the validators then in office."""

    sealed: SealedHeader
    time: datetime
    validators: ValidatorSet

    @property
    def height(self) -> int:
        return self.sealed.header.number

    @property
    def trusted(self) -> TrustedBlock:
        return TrustedBlock(height=self.height, time=self.time)

    def __str__(self) -> str:
        committers = set(self.sealed.committers)
        operators = sorted(
            {v.operator for v in self.validators.validators if v.address in committers}
        )
        return f"block {self.height} of {shown(self.time)}, sealed by {', '.join(operators)}"


class _UnknownValidatorsError(Exception):
    """The trust root does not say who the validators of a block were."""


def check_anchor(
    n: int, anchor: BundleAnchor, origin: str, checkpoint: Checkpoint | None, trust: TrustRoot
) -> tuple[Finding, TrustedBlock | None]:
    """Step 10: the checkpoint of anchor `n` is on the chain, in a block that validators sealed.

    The rules are those of section 10, by their numbers there.
    """
    step, subject = Step.ANCHOR, anchor_subject(n)
    if anchor.proof is None:
        message = "expected an anchor proof, found none"
        return refused(step, subject, Reason.ANCHOR_MISSING, message), None
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
        return refused(step, subject, Reason.VALIDATORS_UNKNOWN, error), None
    except HeaderError as error:
        return refused(step, subject, Reason.HEADER_MALFORMED, error), None
    except SealError as error:
        return refused(step, subject, Reason.SEALS_INVALID, error), None
    except ChainError as error:
        return refused(step, subject, Reason.RECEIPT_INVALID, error), None
    if checkpoint is None:
        return lacking(step, subject, "the checkpoint to compare the block with"), None
    expected = (log_id(origin), checkpoint.size, checkpoint.root)
    found = (extension.log_id, extension.size, extension.root)
    if found != expected:  # Rule 6.
        message = f"expected the block to hold {_tree(*expected)}, found {_tree(*found)}"
        return refused(step, subject, Reason.EXTENSION_MISMATCH, message), None
    message = f"the checkpoint is in {block}"
    return passed(step, subject, message), block.trusted


def check_completeness(
    bundle: Bundle,
    stream: ReadStream,
    last_leaf: bytes,
    last_anchor: TrustedBlock | None,
    trust: TrustRoot,
) -> tuple[Finding, TrustedBlock | None]:
    """Step 11: the chain holds the last entry of the bundle, `last_leaf`, as that of its stream.

    `last_anchor` is the block of the last anchor, None where it is not established. Returns the
    block as of which the entries are complete.
    """
    step, subject = Step.COMPLETENESS, "head"
    head = bundle.head
    if head is None:
        return refused(
            step, subject, Reason.HEAD_MISSING, "expected a head proof, found none"
        ), None
    slot = head_slot(log_id(bundle.log), stream_key(bundle.stream))
    try:
        block = _verify_block(head.header, trust)
        found = verify_storage(
            block.sealed, trust.ledger.contract, slot, head.account_nodes, head.storage_nodes
        )
    except _UnknownValidatorsError as error:
        return refused(step, subject, Reason.VALIDATORS_UNKNOWN, error), None
    except ChainError as error:
        return refused(step, subject, Reason.HEAD_PROOF_INVALID, error), None
    last = len(bundle.entries) - 1
    expected = head_commitment(last, last_leaf) if last > 0 else NO_HEAD
    if stream.is_established and found != expected:
        message = f"expected the head {expected.hex()}, found {found.hex()} in {block}"
        return refused(step, subject, Reason.HEAD_MISMATCH, message), None
    if last_anchor is not None and block.height < last_anchor.height:
        message = f"expected a head of block {last_anchor.height} or later, found {block}"
        return refused(step, subject, Reason.HEAD_OLDER_THAN_ANCHOR, message), None
    if not stream.is_established:
        return lacking(step, subject, "the stream of the entries"), None
    if last_anchor is None:
        return lacking(step, subject, f"the block of anchor {len(bundle.anchors) - 1}"), None
    message = f"the entries are all of their stream as of {block}"
    return passed(step, subject, message), block.trusted


def _verify_block(unverified_header: bytes, trust: TrustRoot) -> _SealedBlock:
    """Return the block of that header as sealed by the validators in office at its height.

    Raises:
        HeaderError: it is not a header, or its time is beyond the calendar.
        SealError: it is not sealed as section 10 requires.
        _UnknownValidatorsError: the trust root does not say who the validators were.
    """
    header = parse_header(unverified_header)
    if header.timestamp >= END_OF_TIME.timestamp():
        raise HeaderError(f"expected a time before the year 9999, found {header.timestamp} s")
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


def _tree(log: bytes, size: int, root: bytes) -> str:
    return f"log {log.hex()}, size {size}, root {root.hex()}"
