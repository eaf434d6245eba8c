"""What an anchoring is made of and when it may be believed. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum

from chain import rlp
from chain.contract import parse_extended
from chain.errors import ChainError, RlpError
from chain.header import parse_header
from chain.proof import AnchorProof, verify_receipt_log
from chain.qbft import verify_commit_seals
from notary.errors import AnchoringError, LogForkError


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """Size and root (32 bytes) of the log at one moment."""

    size: int
    root: bytes


_INDEX_BYTES = 8

NOTHING = TreeState(size=0, root=bytes(32))
"""What the ledger holds of a log it has never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last entry of a stream, of sequence 1 or more: with the first alone there is no head."""

    sequence: int
    leaf: bytes
    """Leaf hash, 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadChange:
    """What an extension does to the head of one stream."""

    stream: str
    previous: Head | None
    last: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """What the ledger is asked to accept."""

    previous_size: int
    size: int
    root: bytes
    consistency: tuple[bytes, ...]
    """RFC 9162 §2.1.4 proof between the sizes; empty from size 0."""
    heads: tuple[HeadChange, ...]


class AnchoringState(StrEnum):
    """How far the anchoring of a checkpoint has come."""

    SIGNED = "signed"
    """The tx is stored; it may have been sent and mined any number of times since."""
    ANCHORED = "anchored"
    """The anchor proof was verified and stored."""


class Progress(Enum):
    """What a round of anchoring came to."""

    IDLE = "idle"
    """Nothing waits."""
    WAITING = "waiting"
    """The tx is sent and not mined yet."""
    ANCHORED = "anchored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """Where a verified anchor proof found the extension."""

    block_height: int


def require_agreement(ledger: TreeState, anchored: TreeState, in_flight: TreeState | None) -> None:
    """Return only when the ledger is where the log was last anchored, or is to be next.

    Raises:
        LogForkError: it holds anything else.
    """
    if ledger not in (anchored, in_flight):
        raise LogForkError(
            f"the ledger holds size {ledger.size} with root {ledger.root.hex()}, the database"
            f" anchored size {anchored.size} with root {anchored.root.hex()}: one of them was"
            " rolled back or replaced; stop, keep both as they are, and restore the older one from"
            " a backup"
        )


def verify_anchor_proof(
    unverified: AnchorProof,
    *,
    validators: Collection[bytes],
    contract: bytes,
    log_id: bytes,
    extended_to: TreeState,
) -> Anchored:
    """Return where the ledger was extended to exactly this state, as a verifier would find.

    Raises:
        AnchoringError: the proof shows something else, or nothing.
    """
    try:
        sealed = verify_commit_seals(parse_header(unverified.header), frozenset(validators))
        extension = parse_extended(verify_receipt_log(sealed, unverified), contract)
    except ChainError as error:
        raise AnchoringError(f"the anchor proof of the node does not verify: {error}") from error
    found = TreeState(size=extension.size, root=extension.root)
    if extension.log_id != log_id or found != extended_to:
        raise AnchoringError(
            f"an extension to size {extended_to.size} with root {extended_to.root.hex()} is"
            f" expected, the anchor proof shows size {found.size} with root {found.root.hex()}"
        )
    return Anchored(block_height=sealed.header.number)


def encode_anchor_proof(proof: AnchorProof) -> bytes:
    """Return the stored form: RLP of [header, transaction index, receipt nodes, log index]."""
    return rlp.encode(
        [
            proof.header,
            rlp.encode_scalar(proof.transaction_index),
            list(proof.receipt_nodes),
            rlp.encode_scalar(proof.log_index),
        ]
    )


def parse_anchor_proof(raw: bytes) -> AnchorProof:
    """Return the anchor proof of which `raw` is the stored form.

    Raises:
        AnchoringError: it is of none.
    """
    try:
        match rlp.decode(raw):
            case [bytes() as header, bytes() as place, list() as nodes, bytes() as log_index]:
                return AnchorProof(
                    header=header,
                    transaction_index=rlp.decode_scalar(place, max_bytes=_INDEX_BYTES),
                    receipt_nodes=tuple(node for node in nodes if isinstance(node, bytes)),
                    log_index=rlp.decode_scalar(log_index, max_bytes=_INDEX_BYTES),
                )
    except RlpError as error:
        raise AnchoringError(f"a stored anchor proof cannot be read: {error}") from error
    raise AnchoringError("a stored anchor proof has four members, found another form")


def block_time(proof: bytes) -> datetime:
    """Return the time of the block of an encoded anchor proof, in whole seconds."""
    return datetime.fromtimestamp(parse_header(parse_anchor_proof(proof).header).timestamp, UTC)
