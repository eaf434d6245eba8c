"""Anchoring one checkpoint after the other.

Owns the order of the writes for the checkpoint in flight: 1. a timestamp token, stored; 2. the
signed tx, stored; 3. the tx sent; 4. the anchor proof, verified as a stranger would and stored.
Every round begins by looking how far the last one came, so going on after a crash is the normal
way. Leaves when to try again to `notary.anchoring.loop`.
"""

import logging

from sqlalchemy import Connection

from evidence.errors import TimestampError
from evidence.merkle import consistency_proof
from evidence.timestamp import verify_token
from notary.anchoring import store
from notary.anchoring.ledger import Ledger
from notary.anchoring.model import (
    NOTHING,
    Extension,
    Head,
    HeadChange,
    Progress,
    TreeState,
    encode_anchor_proof,
    require_agreement,
    verify_anchor_proof,
)
from notary.anchoring.store import AnchoringRow
from notary.anchoring.tsa import TimestampAuthority
from notary.db import Database
from notary.errors import AnchoringError, LogForkError
from notary.log import store as log_store
from notary.log.sequencer import Sequencer, tile_reader
from notary.log.store import CheckpointRow, EntryRow
from notary.log.tiles import TileStore
from verifier.trust import TrustRoot

_LOG = logging.getLogger(__name__)


class Anchorer:
    """Anchors the checkpoints of one log, one at a time; one thread uses it."""

    def __init__(
        self,
        *,
        database: Database,
        tiles: TileStore,
        sequencer: Sequencer,
        authority: TimestampAuthority,
        ledger: Ledger,
        trust: TrustRoot,
        log_id: bytes,
    ) -> None:
        self._database = database
        self._tiles = tiles
        self._sequencer = sequencer
        self._authority = authority
        self._ledger = ledger
        self._trust = trust
        self._log_id = log_id

    def run_once(self) -> Progress:
        """The checkpoint in flight, or a new one if entries wait, came as far as it could.

        Raises:
            LogForkError: log, tiles and ledger contradict each other; do not call again.
            Exception: anything else failed; call again, later.
        """
        with self._database.read() as connection:
            anchored, in_flight = _states(connection)
        ledger_state = self._ledger.state()
        require_agreement(ledger_state, anchored, in_flight)
        self._require_named_chain()
        if in_flight is None:
            checkpoint = self._sequencer.extend()
            if checkpoint is None:
                return Progress.IDLE
            in_flight = TreeState(size=checkpoint.size, root=checkpoint.root)
        self._stamp(in_flight.size)
        anchoring = self._settle_tx(anchored, in_flight, ledger_state)
        return self._carry_out(anchoring, in_flight)

    def _require_named_chain(self) -> None:
        """The ledger is where the trust root says, so that verifiers will accept its proofs."""
        named = self._trust.ledger
        in_office = {
            each.address for each_set in named.validator_sets for each in each_set.validators
        }
        if self._ledger.contract != named.contract or not in_office.issuperset(
            self._ledger.validators
        ):
            raise LogForkError(
                "the ledger is on another chain than the one the trust root names: the chain was"
                " lost or replaced; restore it from a backup"
            )

    def _stamp(self, size: int) -> None:
        """The checkpoint has a token of the authority that verifies."""
        with self._database.read() as connection:
            if store.tokens_of(connection, size):
                return
            note = log_store.checkpoint_of(connection, size).note.encode()
        token = self._authority.stamp(note)
        try:
            verify_token(token, note, self._trust.timestamp_roots())
        except TimestampError as error:
            raise AnchoringError(
                f"the token of {self._authority.name} does not verify: {error}"
            ) from error
        with self._database.write() as connection:
            store.insert_token(connection, size, self._authority.name, token)

    def _settle_tx(
        self, anchored: TreeState, in_flight: TreeState, ledger_state: TreeState
    ) -> AnchoringRow:
        """Return the anchoring whose tx, and no other, extends the ledger to this checkpoint."""
        with self._database.read() as connection:
            found = store.anchoring_of(connection, in_flight.size)
        if found is not None:
            return found
        raw: bytes | None = None
        if ledger_state == in_flight:
            # Sent by a run whose database was lost since and restored from a backup.
            tx_hash = self._ledger.find_extension(in_flight.size)
            if tx_hash is None:
                raise LogForkError(
                    f"the ledger holds size {in_flight.size} but no tx that extended to it;"
                    " the node is not the one that anchored it"
                )
        else:
            signed = self._ledger.sign_extension(self._extension(anchored, in_flight))
            tx_hash, raw = signed.hash, signed.raw
        with self._database.write() as connection:
            store.insert_signed(connection, in_flight.size, tx_hash, raw)
            settled = store.anchoring_of(connection, in_flight.size)
        assert settled is not None
        return settled

    def _extension(self, anchored: TreeState, in_flight: TreeState) -> Extension:
        reader = tile_reader(self._tiles, in_flight.size)
        with self._database.read() as connection:
            heads = [
                _head_change(connection, entry, anchored.size)
                for entry in log_store.followers(connection, anchored.size, in_flight.size)
            ]
        return Extension(
            previous_size=anchored.size,
            size=in_flight.size,
            root=in_flight.root,
            consistency=tuple(consistency_proof(reader, anchored.size, in_flight.size)),
            heads=tuple(heads),
        )

    def _carry_out(self, anchoring: AnchoringRow, in_flight: TreeState) -> Progress:
        """The tx is sent; once mined, its anchor proof is verified and stored."""
        mined = self._ledger.mined(anchoring.tx_hash)
        if mined is None and anchoring.raw_tx is not None:
            self._ledger.submit(anchoring.raw_tx)
            mined = self._ledger.mined(anchoring.tx_hash)
        if mined is None:
            return Progress.WAITING
        if mined.status != 1:
            with self._database.write() as connection:
                store.discard_signed(connection, in_flight.size)
            raise AnchoringError(
                f"the ledger refused the extension to size {in_flight.size} in tx"
                f" 0x{anchoring.tx_hash.hex()}; it will be signed again"
            )
        proof = self._ledger.anchor_proof(anchoring.tx_hash)
        found = verify_anchor_proof(
            proof,
            validators=self._ledger.validators,
            contract=self._ledger.contract,
            log_id=self._log_id,
            extended_to=in_flight,
        )
        with self._database.write() as connection:
            store.record_proof(
                connection,
                in_flight.size,
                block_height=found.block_height,
                proof=encode_anchor_proof(proof),
            )
        _LOG.info("anchored size %d in block %d", in_flight.size, found.block_height)
        return Progress.ANCHORED


def _states(connection: Connection) -> tuple[TreeState, TreeState | None]:
    """Return the state last anchored and that of the checkpoint in flight, if there is one."""
    latest = store.latest_anchored(connection)
    anchored = (
        NOTHING
        if latest is None
        else _state(log_store.checkpoint_of(connection, latest.checkpoint_size))
    )
    in_flight = store.in_flight(connection)
    return anchored, None if in_flight is None else _state(in_flight)


def _state(checkpoint: CheckpointRow) -> TreeState:
    return TreeState(size=checkpoint.size, root=checkpoint.root)


def _head_change(connection: Connection, last: EntryRow, anchored_size: int) -> HeadChange:
    before = log_store.last_entry_below(connection, last.stream, anchored_size)
    return HeadChange(
        stream=last.stream,
        previous=Head(sequence=before.sequence, leaf=before.leaf_hash)
        if before is not None and before.sequence > 0
        else None,
        last=Head(sequence=last.sequence, leaf=last.leaf_hash),
    )
