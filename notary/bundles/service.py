"""Assembling bundles and handing out only those that verify.

Owns format section 12 as far as it is a choice: each entry is proved in the first anchored
checkpoint that takes it in, and the head as of the last anchored block. Every bundle then passes
the same verifier that its reader will use. Leaves the proofs themselves to the log and the ledger.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import Connection

from chain.errors import ChainError
from evidence.bundle import (
    AnchorMaterial,
    Bundle,
    BundleAnchor,
    BundleEntry,
    HeadMaterial,
    encode_bundle,
)
from evidence.canonical import parse_canonical
from evidence.entry import read_particulars
from evidence.envelope import ENTRY_TYP, parse_envelope
from evidence.errors import EvidenceError
from evidence.merkle import consistency_proof, inclusion_proof
from notary.anchoring import store as anchoring_store
from notary.anchoring.ledger import Ledger
from notary.anchoring.model import parse_anchor_proof
from notary.anchoring.store import AnchoringRow
from notary.clock import Clock
from notary.db import Database
from notary.errors import (
    BundleRefusedError,
    DepositUnknownError,
    NotAnchoredYetError,
    NotaryError,
)
from notary.log import store as log_store
from notary.log.sequencer import tile_reader
from notary.log.store import CheckpointRow, EntryRow
from notary.log.tiles import TileStore
from verifier.report import Status, Step
from verifier.trust import TrustRoot
from verifier.verify import verify_bundle

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anchor:
    """An anchored checkpoint with all that a bundle says of it."""

    checkpoint: CheckpointRow
    tokens: tuple[bytes, ...]
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What the database held of one stream at one moment; `anchors` are in order of size."""

    entries: tuple[EntryRow, ...]
    cited: tuple[int, ...]
    """For each entry the position of its anchor."""
    anchors: tuple[_Anchor, ...]
    head_height: int
    """Of the last anchored block."""


class BundleService:
    """Hands out bundles; any thread may call it."""

    def __init__(
        self,
        *,
        database: Database,
        tiles: TileStore,
        ledger: Ledger,
        trust: TrustRoot,
        origin: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tiles = tiles
        self._ledger = ledger
        self._trust = trust
        self._origin = origin
        self._clock = clock

    def bundle(self, stream: str) -> bytes:
        """Return the bundle of the stream; it verifies under this notary's trust root.

        Raises:
            DepositUnknownError: there is no such stream.
            NotAnchoredYetError: its last entry is not anchored yet.
            BundleRefusedError: what is stored does not verify; the logging says which step.
        """
        with self._database.read() as connection:
            material = _collect(connection, stream)
        try:
            unverified = encode_bundle(self._assemble(stream, material))
        except (EvidenceError, ChainError, NotaryError) as error:
            _LOG.critical("the bundle of %s cannot be assembled: %s", stream, error)
            raise _refused(stream) from error
        self._verify(stream, unverified)
        return unverified

    def _assemble(self, stream: str, material: _Material) -> Bundle:
        head = self._ledger.head_proof(stream, material.head_height)
        sizes = [anchor.checkpoint.size for anchor in material.anchors]
        return Bundle(
            log=self._origin,
            stream=stream,
            entries=tuple(
                self._entry(row, cited, sizes[cited])
                for row, cited in zip(material.entries, material.cited, strict=True)
            ),
            anchors=tuple(
                self._anchor(anchor, previous_size)
                for anchor, previous_size in zip(material.anchors, [0, *sizes], strict=False)
            ),
            head=HeadMaterial(
                header=head.header,
                account_nodes=head.account_nodes,
                storage_nodes=head.storage_nodes,
            ),
        )

    def _entry(self, row: EntryRow, cited: int, size: int) -> BundleEntry:
        assert row.log_index is not None
        particulars = row.particulars
        return BundleEntry(
            envelope=parse_envelope(row.envelope, ENTRY_TYP),
            particulars=None
            if particulars is None
            else read_particulars(parse_canonical(particulars)),
            index=row.log_index,
            anchor=cited,
            inclusion=tuple(inclusion_proof(tile_reader(self._tiles, size), row.log_index, size)),
        )

    def _anchor(self, anchor: _Anchor, previous_size: int) -> BundleAnchor:
        size = anchor.checkpoint.size
        proof = parse_anchor_proof(anchor.proof)
        return BundleAnchor(
            checkpoint=anchor.checkpoint.note,
            tokens=anchor.tokens,
            consistency=tuple(
                consistency_proof(tile_reader(self._tiles, size), previous_size, size)
            ),
            proof=AnchorMaterial(
                header=proof.header,
                transaction_index=proof.transaction_index,
                receipt_nodes=proof.receipt_nodes,
                log_index=proof.log_index,
            ),
        )

    def _verify(self, stream: str, unverified: bytes) -> None:
        report = verify_bundle(unverified, self._trust, now=self._clock())
        # The exhibit is the reader's to compare; every other step must have passed.
        wrong = [
            finding
            for finding in report.findings
            if finding.step is not Step.EXHIBIT and finding.status is not Status.PASSED
        ]
        for finding in wrong:
            _LOG.critical(
                "the bundle of %s does not verify: step %d %s of %s: %s",
                stream,
                finding.step,
                finding.reason,
                finding.subject,
                finding.detail,
            )
        if wrong:
            raise _refused(stream)


def _refused(stream: str) -> BundleRefusedError:
    return BundleRefusedError(
        f"What the notary holds of {stream} does not verify, so no bundle was handed out."
    )


def _collect(connection: Connection, stream: str) -> _Material:
    entries = log_store.stream_entries(connection, stream)
    if not entries:
        raise DepositUnknownError("There is no deposit of that name.")
    latest = anchoring_store.latest_anchored(connection)
    cited: list[int] = []
    anchors: list[_Anchor] = []
    for entry in entries:
        anchor = _anchor_of(connection, entry)
        if latest is None or anchor is None:
            raise NotAnchoredYetError(
                f"The last entry of {stream} is not anchored yet; ask again in a moment."
            )
        if not anchors or anchors[-1] != anchor:
            anchors.append(anchor)
        cited.append(len(anchors) - 1)
    assert latest is not None
    assert latest.block_height is not None
    return _Material(
        entries=tuple(entries),
        cited=tuple(cited),
        anchors=tuple(anchors),
        head_height=latest.block_height,
    )


def _anchor_of(connection: Connection, entry: EntryRow) -> _Anchor | None:
    """Return the first anchored checkpoint that takes in the entry, or None before there is one."""
    if entry.log_index is None:
        return None
    checkpoint = log_store.first_checkpoint_above(connection, entry.log_index)
    if checkpoint is None:
        return None
    anchoring: AnchoringRow | None = anchoring_store.anchoring_of(connection, checkpoint.size)
    if anchoring is None or anchoring.proof is None:
        return None
    return _Anchor(
        checkpoint=checkpoint,
        tokens=tuple(anchoring_store.tokens_of(connection, checkpoint.size).values()),
        proof=anchoring.proof,
    )
