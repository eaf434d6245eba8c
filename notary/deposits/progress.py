"""How far a deposit has come, from what the database holds.

Owns putting together the view of one deposit. Leaves its wire form to `notary.deposits.schemas`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from evidence.canonical import Json
from evidence.digests import Digests
from evidence.entry import Exhibit
from evidence.envelope import ACKNOWLEDGEMENT_TYP, envelope_json, parse_envelope
from evidence.timestamp import verify_token
from notary.anchoring import store as anchoring_store
from notary.anchoring.model import block_time
from notary.db import Database
from notary.deposits import store
from notary.deposits.model import DepositState
from notary.errors import DepositUnknownError
from notary.log import store as log_store
from notary.log.store import CheckpointRow, EntryRow
from verifier.checks.times import AnchorTimes, TrustedBlock, existed_by
from verifier.trust import TrustRoot


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositProgress:
    """One deposit and how far its last act has come."""

    stream: str
    mode: str
    exhibit: Exhibit
    cid: str | None
    state: DepositState
    entries: tuple[EntryRow, ...]
    acknowledgement: Json
    """Envelope of the acknowledgement of the last entry."""
    existed_by: datetime | None
    """As a report would say it of the first entry: earliest of the token and the block time."""


class DepositReader:
    """Reads deposits; any thread may use it."""

    def __init__(self, database: Database, trust: TrustRoot) -> None:
        self._database = database
        self._trust = trust

    def read(self, stream: str) -> DepositProgress:
        """Return how far the deposit has come.

        Raises:
            DepositUnknownError: there is none.
        """
        with self._database.read() as connection:
            deposit = store.read_deposit(connection, stream)
            if deposit is None:
                raise DepositUnknownError("There is no deposit of that name.")
            entries = log_store.stream_entries(connection, stream)
            return DepositProgress(
                stream=stream,
                mode=deposit.mode,
                exhibit=Exhibit(
                    size_bytes=deposit.size_bytes,
                    digests=Digests(sha256=deposit.sha256, sm3=deposit.sm3),
                ),
                cid=deposit.cid,
                state=_state(connection, entries[-1]),
                entries=tuple(entries),
                acknowledgement=envelope_json(
                    parse_envelope(entries[-1].acknowledgement, ACKNOWLEDGEMENT_TYP)
                ),
                existed_by=self._existed_by(connection, entries[0]),
            )

    def _existed_by(self, connection: Connection, first: EntryRow) -> datetime | None:
        checkpoint = _covering(connection, first)
        if checkpoint is None:
            return None
        roots = self._trust.timestamp_roots()
        note = checkpoint.note.encode()
        tokens = tuple(
            verify_token(token, note, roots)
            for token in anchoring_store.tokens_of(connection, checkpoint.size).values()
        )
        anchoring = anchoring_store.anchoring_of(connection, checkpoint.size)
        block = None
        if anchoring is not None and anchoring.proof and anchoring.block_height is not None:
            block = TrustedBlock(height=anchoring.block_height, time=block_time(anchoring.proof))
        return existed_by(AnchorTimes(tokens=tokens, block=block))


def _covering(connection: Connection, entry: EntryRow) -> CheckpointRow | None:
    """Return the first checkpoint that takes in the entry, if there is one yet."""
    if entry.log_index is None:
        return None
    return log_store.first_checkpoint_above(connection, entry.log_index)


def _state(connection: Connection, entry: EntryRow) -> DepositState:
    checkpoint = _covering(connection, entry)
    if checkpoint is None:
        return DepositState.ACKNOWLEDGED
    anchoring = anchoring_store.anchoring_of(connection, checkpoint.size)
    if anchoring is not None and anchoring.proof is not None:
        return DepositState.ANCHORED
    if anchoring_store.tokens_of(connection, checkpoint.size):
        return DepositState.TIMESTAMPED
    return DepositState.LOGGED
