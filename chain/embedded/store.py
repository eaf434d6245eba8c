"""The embedded chain on disk: one SQLite file, one SQL transaction per block.

Owns the schema, durability and the lookups that JSON-RPC needs. Leaves the meaning of the bytes
(headers, transactions, receipts, trie nodes) to :mod:`chain.embedded.engine`; nothing here
verifies anything, which is what :mod:`chain.embedded.audit` is for.

Durability: WAL with ``synchronous=FULL`` (https://sqlite.org/pragma.html#pragma_synchronous), so
a block that was appended survives the end of the process and, on a disk that keeps its word, the
loss of power. Trie nodes of every block are kept: the storage proof of an old block needs them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chain.embedded.blocks import LogFilter, StoredBlock, StoredLog, StoredTx, logs_of
from chain.embedded.engine import Identity
from chain.errors import EngineError

SCHEMA_VERSION = 1
# Stored in PRAGMA user_version; a file with another number was written by another release.

_SCHEMA = (
    "CREATE TABLE identity (chain_id INTEGER NOT NULL, validator BLOB NOT NULL)",
    "CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
    " header BLOB NOT NULL)",
    "CREATE TABLE txs (block_number INTEGER NOT NULL, tx_index INTEGER NOT NULL,"
    " hash BLOB NOT NULL UNIQUE, raw BLOB NOT NULL, receipt BLOB NOT NULL,"
    " PRIMARY KEY (block_number, tx_index)) WITHOUT ROWID",
    "CREATE TABLE logs (block_number INTEGER NOT NULL, log_index INTEGER NOT NULL,"
    " tx_index INTEGER NOT NULL, address BLOB NOT NULL,"
    " topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, data BLOB NOT NULL,"
    " PRIMARY KEY (block_number, log_index)) WITHOUT ROWID",
    "CREATE INDEX logs_by_topic ON logs (address, topic0, topic1, block_number)",
)


class ChainStore:
    """The tables of one chain. Not thread safe: the chain above holds one lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._seam():
            self._sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._one("PRAGMA journal_mode=WAL")
            self._first("PRAGMA synchronous=FULL")
        except EngineError:
            self.close()
            raise

    def close(self) -> None:
        """Release the file; the write-ahead log is folded into it."""
        with self._seam():
            self._sql.close()

    def identity(self) -> Identity | None:
        """Which chain this file holds, or None when it is new."""
        version = self._one("PRAGMA user_version")[0]
        if version == 0:
            return None
        if version != SCHEMA_VERSION:
            raise EngineError(
                f"schema version {SCHEMA_VERSION} is expected in {self.path}, found {version}"
            )
        chain_id, validator = self._one("SELECT chain_id, validator FROM identity")
        return Identity(chain_id=chain_id, validator=validator)

    def create(self, identity: Identity, genesis: StoredBlock) -> None:
        """The schema, the identity and the genesis block are durable, all or none."""
        with self._transaction():
            for statement in _SCHEMA:
                self._sql.execute(statement)
            self._sql.execute(
                "INSERT INTO identity VALUES (?, ?)", (identity.chain_id, identity.validator)
            )
            self._insert(genesis, {})
            self._sql.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def append(self, block: StoredBlock, state: Mapping[bytes, bytes]) -> None:
        """The block with its transactions, logs and trie nodes is durable, all or none."""
        with self._transaction():
            self._insert(block, state)

    def _insert(self, block: StoredBlock, state: Mapping[bytes, bytes]) -> None:
        self._sql.executemany("INSERT OR IGNORE INTO state VALUES (?, ?)", state.items())
        self._sql.execute(
            "INSERT INTO blocks VALUES (?, ?, ?)", (block.number, block.hash, block.header)
        )
        self._sql.executemany(
            "INSERT INTO txs VALUES (?, ?, ?, ?, ?)",
            ((tx.block_number, tx.index, tx.hash, tx.raw, tx.receipt) for tx in block.txs),
        )
        self._sql.executemany(
            "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    log.block_number,
                    log.log_index,
                    log.tx_index,
                    log.address,
                    *(log.topics[i] if i < len(log.topics) else None for i in range(4)),
                    log.data,
                )
                for log in logs_of(block)
            ),
        )

    def height(self) -> int:
        """The number of the newest block."""
        number: int = self._one("SELECT max(number) FROM blocks")[0]
        return number

    def block(self, number: int) -> StoredBlock | None:
        """The block at this height, with its transactions."""
        row = self._first("SELECT number, hash, header FROM blocks WHERE number = ?", number)
        if row is None:
            return None
        txs = self._rows(
            "SELECT block_number, tx_index, hash, raw, receipt FROM txs"
            " WHERE block_number = ? ORDER BY tx_index",
            number,
        )
        return StoredBlock(
            number=row[0], hash=row[1], header=row[2], txs=tuple(_tx(tx) for tx in txs)
        )

    def header(self, number: int) -> bytes | None:
        """The raw header at this height."""
        row = self._first("SELECT header FROM blocks WHERE number = ?", number)
        return None if row is None else row[0]

    def block_number(self, block_hash: bytes) -> int | None:
        """The height of the block with this hash."""
        row = self._first("SELECT number FROM blocks WHERE hash = ?", block_hash)
        return None if row is None else row[0]

    def hashes_before(self, number: int) -> Iterator[bytes]:
        """Hashes of the blocks below this height, newest first (the BLOCKHASH instruction)."""
        for height in range(number - 1, -1, -1):
            yield self._one("SELECT hash FROM blocks WHERE number = ?", height)[0]

    def tx(self, tx_hash: bytes) -> StoredTx | None:
        """The mined transaction with this hash."""
        row = self._first(
            "SELECT block_number, tx_index, hash, raw, receipt FROM txs WHERE hash = ?", tx_hash
        )
        return None if row is None else _tx(row)

    def state_value(self, key: bytes) -> bytes | None:
        """The trie node or contract code with this hash."""
        row = self._first("SELECT value FROM state WHERE key = ?", key)
        return None if row is None else row[0]

    def logs(self, wanted: LogFilter) -> Iterator[StoredLog]:
        """The EVM logs that match, in the order of the chain."""
        clauses = ["block_number BETWEEN ? AND ?"]
        values: list[Any] = [wanted.first_block, wanted.last_block]
        columns = [("address", wanted.addresses)]
        columns += [(f"topic{i}", accepted) for i, accepted in enumerate(wanted.topics)]
        for column, accepted in columns:
            if accepted:
                clauses.append(f"{column} IN ({', '.join('?' * len(accepted))})")
                values += accepted
        for row in self._rows(
            "SELECT block_number, log_index, tx_index, address, data,"  # noqa: S608 - names only
            f" topic0, topic1, topic2, topic3 FROM logs WHERE {' AND '.join(clauses)}"
            " ORDER BY block_number, log_index",
            *values,
        ):
            yield StoredLog(
                block_number=row[0],
                log_index=row[1],
                tx_index=row[2],
                address=row[3],
                data=row[4],
                topics=tuple(topic for topic in row[5:] if topic is not None),
            )

    def row_counts(self) -> tuple[int, int, int]:
        """How many blocks, transactions and logs the tables hold."""
        blocks, txs, logs = self._one(
            "SELECT (SELECT count(*) FROM blocks), (SELECT count(*) FROM txs),"
            " (SELECT count(*) FROM logs)"
        )
        return blocks, txs, logs

    def integrity_fault(self) -> str | None:
        """What SQLite itself finds wrong with the file, or None."""
        verdict: str = self._one("PRAGMA integrity_check(1)")[0]
        return None if verdict == "ok" else verdict

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads inside see one state of the file, whatever another process adds meanwhile."""
        with self._seam():
            self._sql.execute("BEGIN")
        try:
            yield
        finally:
            with self._seam():
                self._sql.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._seam():
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sql.execute("COMMIT")
            finally:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")

    def _rows(self, sql: str, *values: Any) -> Sequence[Any]:
        with self._seam():
            return self._sql.execute(sql, values).fetchall()

    def _first(self, sql: str, *values: Any) -> Any | None:
        with self._seam():
            return self._sql.execute(sql, values).fetchone()

    def _one(self, sql: str, *values: Any) -> Any:
        row = self._first(sql, *values)
        if row is None:
            raise EngineError(f"one row is expected in {self.path}, found none: {sql}")
        return row

    @contextmanager
    def _seam(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise EngineError(f"the chain file {self.path} cannot be used: {error}") from error


def _tx(row: Iterable[Any]) -> StoredTx:
    number, index, tx_hash, raw, receipt = row
    return StoredTx(block_number=number, index=index, hash=tx_hash, raw=raw, receipt=receipt)
