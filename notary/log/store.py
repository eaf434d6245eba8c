"""The SQL of the log: its identity, entries and checkpoints.

Owns the tables `log_identity`, `entries` and `checkpoints`. Never commits: every function works in
the SQL transaction of the connection it is given. Triggers refuse to change or delete what is here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    ScalarSelect,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql import bindparam

from notary.db import metadata
from notary.log.model import WaitingEntry

IDENTITY = Table(
    "log_identity",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", Text, nullable=False),
)
ENTRIES = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("leaf_hash", LargeBinary, nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("event", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("particulars", LargeBinary),
    Column("acknowledgement", LargeBinary, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("log_index", Integer, unique=True),
    UniqueConstraint("stream", "sequence"),
)
CHECKPOINTS = Table(
    "checkpoints",
    metadata,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """An acknowledged entry as it is stored."""

    leaf_hash: bytes
    stream: str
    sequence: int
    event: str
    envelope: bytes
    """Envelope bytes: what the log commits to."""
    particulars: bytes | None
    """Canonical JSON of the particulars object."""
    acknowledgement: bytes
    """Envelope bytes of the acknowledgement that was handed out."""
    recorded_at: str
    """As the entry says it."""
    log_index: int | None
    """Leaf index; None until the entry is sequenced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRow:
    """A signed checkpoint as it is stored."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """Which log the database holds."""

    origin: str
    public_key: bytes
    created_at: str


def read_identity(connection: Connection) -> IdentityRow | None:
    """Return which log this is, or None for a new database."""
    row = connection.execute(
        select(IDENTITY.c.origin, IDENTITY.c.public_key, IDENTITY.c.created_at)
    ).one_or_none()
    return None if row is None else IdentityRow(**row._mapping)


def insert_identity(connection: Connection, identity: IdentityRow) -> None:
    """The database is that of this log."""
    connection.execute(
        insert(IDENTITY),
        {
            "id": 1,
            "origin": identity.origin,
            "public_key": identity.public_key,
            "created_at": identity.created_at,
        },
    )


def insert_entry(connection: Connection, entry: EntryRow) -> None:
    """The entry waits for its place in the log."""
    connection.execute(
        insert(ENTRIES),
        {
            "leaf_hash": entry.leaf_hash,
            "stream": entry.stream,
            "sequence": entry.sequence,
            "event": entry.event,
            "envelope": entry.envelope,
            "particulars": entry.particulars,
            "acknowledgement": entry.acknowledgement,
            "recorded_at": entry.recorded_at,
            "log_index": entry.log_index,
        },
    )


def stream_entries(connection: Connection, stream: str) -> list[EntryRow]:
    """Return the entries of the stream in sequence order; empty when there is no such stream."""
    rows = connection.execute(
        select(*(column for column in ENTRIES.c if column is not ENTRIES.c.id))
        .where(ENTRIES.c.stream == stream)
        .order_by(ENTRIES.c.sequence)
    )
    return [EntryRow(**row._mapping) for row in rows]


def count_waiting(connection: Connection) -> int:
    """Return how many acknowledged entries have no leaf index yet."""
    return connection.execute(
        select(func.count()).select_from(ENTRIES).where(ENTRIES.c.log_index.is_(None))
    ).scalar_one()


def count_sequenced(connection: Connection) -> int:
    """Return how many entries have a leaf index, which is the next one."""
    last = connection.execute(select(func.max(ENTRIES.c.log_index))).scalar_one()
    return 0 if last is None else last + 1


def waiting_entries(connection: Connection, limit: int) -> list[WaitingEntry]:
    """Return the first `limit` entries without a leaf index, in the order of acknowledgement."""
    rows = connection.execute(
        select(ENTRIES.c.id, ENTRIES.c.stream, ENTRIES.c.sequence)
        .where(ENTRIES.c.log_index.is_(None))
        .order_by(ENTRIES.c.id)
        .limit(limit)
    )
    return [WaitingEntry(**row._mapping) for row in rows]


def assign_indexes(connection: Connection, ids: Sequence[int], first_index: int) -> None:
    """The entries of these ids have consecutive leaf indexes from `first_index`."""
    connection.execute(
        update(ENTRIES)
        .where(ENTRIES.c.id == bindparam("entry_id"))
        .values(log_index=bindparam("at")),
        [{"entry_id": entry_id, "at": first_index + n} for n, entry_id in enumerate(ids)],
    )


def leaf_hashes(connection: Connection, start: int, end: int) -> list[bytes]:
    """Return the leaf hashes from index `start` to before `end`, in order."""
    rows = connection.execute(
        select(ENTRIES.c.leaf_hash)
        .where(ENTRIES.c.log_index >= start, ENTRIES.c.log_index < end)
        .order_by(ENTRIES.c.log_index)
    )
    return [row.leaf_hash for row in rows]


def followers(connection: Connection, start: int, end: int) -> list[EntryRow]:
    """Return, for each stream with an entry of sequence 1 or more in the range, the last of them.

    The range is of leaf indexes, from `start` to before `end`; in stream order.
    """
    last = (
        select(ENTRIES.c.stream, func.max(ENTRIES.c.sequence).label("sequence"))
        .where(ENTRIES.c.log_index >= start, ENTRIES.c.log_index < end, ENTRIES.c.sequence > 0)
        .group_by(ENTRIES.c.stream)
        .subquery()
    )
    rows = connection.execute(
        select(*(column for column in ENTRIES.c if column is not ENTRIES.c.id))
        .join(
            last,
            (ENTRIES.c.stream == last.c.stream) & (ENTRIES.c.sequence == last.c.sequence),
        )
        .order_by(ENTRIES.c.stream)
    )
    return [EntryRow(**row._mapping) for row in rows]


def last_entry_below(connection: Connection, stream: str, log_size: int) -> EntryRow | None:
    """Return the last entry of the stream among the first `log_size` leaves, if any."""
    row = connection.execute(
        select(*(column for column in ENTRIES.c if column is not ENTRIES.c.id))
        .where(ENTRIES.c.stream == stream, ENTRIES.c.log_index < log_size)
        .order_by(ENTRIES.c.sequence.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else EntryRow(**row._mapping)


def insert_checkpoint(connection: Connection, checkpoint: CheckpointRow) -> None:
    """The checkpoint is the log's latest."""
    connection.execute(
        insert(CHECKPOINTS),
        {"size": checkpoint.size, "root": checkpoint.root, "note": checkpoint.note},
    )


def latest_checkpoint(connection: Connection) -> CheckpointRow | None:
    """Return the checkpoint of the largest size, or None for a new log."""
    row = connection.execute(
        select(*CHECKPOINTS.c).order_by(CHECKPOINTS.c.size.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _checkpoint(row)


def first_checkpoint_above(
    connection: Connection, size: int | ScalarSelect[int]
) -> CheckpointRow | None:
    """Return the first checkpoint that takes in more than `size` leaves, if there is one.

    The first that takes in the leaf of an index is the first above that index.
    """
    row = connection.execute(
        select(*CHECKPOINTS.c)
        .where(CHECKPOINTS.c.size > size)
        .order_by(CHECKPOINTS.c.size)
        .limit(1)
    ).one_or_none()
    return None if row is None else _checkpoint(row)


def checkpoint_of(connection: Connection, size: int) -> CheckpointRow:
    """Return the checkpoint of exactly that size, which is known to be there."""
    return _checkpoint(
        connection.execute(select(*CHECKPOINTS.c).where(CHECKPOINTS.c.size == size)).one()
    )


def _checkpoint(row: Row[tuple[object, ...]]) -> CheckpointRow:
    return CheckpointRow(**row._mapping)
