"""The SQL of deposits.

Owns the tables `deposits` and `idempotency_keys`. Never commits: every function works in the SQL
transaction of the connection it is given.
"""

from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    insert,
    select,
    update,
)

from notary.db import metadata

DEPOSITS = Table(
    "deposits",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("mode", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("sm3", LargeBinary, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("cid", Text),
)
IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("stream", Text, ForeignKey("deposits.stream"), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRow:
    """What was deposited, and where the content is if the notary has it."""

    stream: str
    mode: str
    sha256: bytes
    sm3: bytes
    size_bytes: int
    cid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """For which request an idempotency key was used, and the stream it led to."""

    fingerprint: bytes
    stream: str


def insert_deposit(connection: Connection, deposit: DepositRow) -> None:
    """The deposit is there."""
    connection.execute(
        insert(DEPOSITS),
        {
            "stream": deposit.stream,
            "mode": deposit.mode,
            "sha256": deposit.sha256,
            "sm3": deposit.sm3,
            "size_bytes": deposit.size_bytes,
            "cid": deposit.cid,
        },
    )


def record_cid(connection: Connection, stream: str, cid: str) -> None:
    """The content of the deposit is stored under this CID."""
    connection.execute(update(DEPOSITS).where(DEPOSITS.c.stream == stream).values(cid=cid))


def read_deposit(connection: Connection, stream: str) -> DepositRow | None:
    """Return the deposit that opened the stream, or None when there is no such stream."""
    row = connection.execute(select(*DEPOSITS.c).where(DEPOSITS.c.stream == stream)).one_or_none()
    return None if row is None else DepositRow(**row._mapping)


def insert_key(connection: Connection, key: str, fingerprint: bytes, stream: str) -> None:
    """The key stands for the request of this fingerprint."""
    connection.execute(
        insert(IDEMPOTENCY_KEYS), {"key": key, "fingerprint": fingerprint, "stream": stream}
    )


def read_key(connection: Connection, key: str) -> KeyRow | None:
    """Return what the key was used for, or None when it was not."""
    row = connection.execute(
        select(IDEMPOTENCY_KEYS.c.fingerprint, IDEMPOTENCY_KEYS.c.stream).where(
            IDEMPOTENCY_KEYS.c.key == key
        )
    ).one_or_none()
    return None if row is None else KeyRow(**row._mapping)
