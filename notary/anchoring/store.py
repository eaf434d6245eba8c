"""The SQL of anchoring.

Owns the tables `timestamp_tokens` and `anchorings`. Never commits: every function works in the SQL
transaction of the connection it is given. Rows refer to checkpoints by their size.
"""

from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from notary.anchoring.model import AnchoringState
from notary.db import metadata
from notary.log.store import CheckpointRow, first_checkpoint_above

TIMESTAMP_TOKENS = Table(
    "timestamp_tokens",
    metadata,
    Column(
        "checkpoint_size",
        Integer,
        ForeignKey("checkpoints.size"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("authority", Text, primary_key=True),
    Column("token", LargeBinary, nullable=False),
)
ANCHORINGS = Table(
    "anchorings",
    metadata,
    Column(
        "checkpoint_size",
        Integer,
        ForeignKey("checkpoints.size"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("tx_hash", LargeBinary, nullable=False),
    Column("raw_tx", LargeBinary),
    Column("state", Text, nullable=False),
    Column("block_height", Integer),
    Column("proof", LargeBinary),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoringRow:
    """How far the anchoring of one checkpoint has come."""

    checkpoint_size: int
    tx_hash: bytes
    raw_tx: bytes | None
    """None when the tx was found on the ledger and its bytes are not known here."""
    state: str
    block_height: int | None
    proof: bytes | None
    """Stored form of the anchor proof; like the height set when the state is anchored."""


def insert_token(
    connection: Connection, checkpoint_size: int, authority: str, token: bytes
) -> None:
    """The checkpoint has a token of this authority."""
    connection.execute(
        insert(TIMESTAMP_TOKENS),
        {"checkpoint_size": checkpoint_size, "authority": authority, "token": token},
    )


def tokens_of(connection: Connection, checkpoint_size: int) -> dict[str, bytes]:
    """Return the tokens over the checkpoint by authority, in the order of names."""
    rows = connection.execute(
        select(TIMESTAMP_TOKENS.c.authority, TIMESTAMP_TOKENS.c.token)
        .where(TIMESTAMP_TOKENS.c.checkpoint_size == checkpoint_size)
        .order_by(TIMESTAMP_TOKENS.c.authority)
    )
    return {row.authority: row.token for row in rows}


def insert_signed(
    connection: Connection, checkpoint_size: int, tx_hash: bytes, raw_tx: bytes | None
) -> None:
    """The tx that anchors the checkpoint is settled."""
    connection.execute(
        insert(ANCHORINGS),
        {
            "checkpoint_size": checkpoint_size,
            "tx_hash": tx_hash,
            "raw_tx": raw_tx,
            "state": AnchoringState.SIGNED,
        },
    )


def discard_signed(connection: Connection, checkpoint_size: int) -> None:
    """A tx that the ledger refused no longer stands for the checkpoint."""
    connection.execute(
        delete(ANCHORINGS).where(
            ANCHORINGS.c.checkpoint_size == checkpoint_size,
            ANCHORINGS.c.state == AnchoringState.SIGNED,
        )
    )


def record_proof(
    connection: Connection, checkpoint_size: int, *, block_height: int, proof: bytes
) -> None:
    """The checkpoint is anchored in that block."""
    connection.execute(
        update(ANCHORINGS)
        .where(ANCHORINGS.c.checkpoint_size == checkpoint_size)
        .values(state=AnchoringState.ANCHORED, block_height=block_height, proof=proof)
    )


def anchoring_of(connection: Connection, checkpoint_size: int) -> AnchoringRow | None:
    """Return how far the anchoring of the checkpoint has come, or None if it has not begun."""
    return _row(
        connection.execute(
            select(*ANCHORINGS.c).where(ANCHORINGS.c.checkpoint_size == checkpoint_size)
        ).one_or_none()
    )


def latest_anchored(connection: Connection) -> AnchoringRow | None:
    """Return the anchoring of the largest anchored checkpoint, or None before the first."""
    return _row(
        connection.execute(
            select(*ANCHORINGS.c)
            .where(ANCHORINGS.c.state == AnchoringState.ANCHORED)
            .order_by(ANCHORINGS.c.checkpoint_size.desc())
            .limit(1)
        ).one_or_none()
    )


def in_flight(connection: Connection) -> CheckpointRow | None:
    """Return the first checkpoint that is not anchored, or None when all are.

    Checkpoints are anchored in the order of their sizes.
    """
    anchored = (
        select(func.coalesce(func.max(ANCHORINGS.c.checkpoint_size), 0))
        .where(ANCHORINGS.c.state == AnchoringState.ANCHORED)
        .scalar_subquery()
    )
    return first_checkpoint_above(connection, anchored)


def _row(row: Row[tuple[object, ...]] | None) -> AnchoringRow | None:
    return None if row is None else AnchoringRow(**row._mapping)
