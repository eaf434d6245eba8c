import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from notary import anchoring, deposits, log  # noqa: F401 - their stores declare the tables
from notary.anchoring import store as anchoring_store
from notary.db import Database, metadata, open_database
from notary.deposits import store as deposits_store
from notary.errors import StorageFullError
from notary.log import store as log_store
from notary.log.store import CheckpointRow, EntryRow


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "a b?c%.sqlite")
    yield database
    database.close()


def entry_row(n: int) -> EntryRow:
    return EntryRow(
        leaf_hash=bytes([n]) * 32,
        stream=f"exhibit:{n:032x}",
        sequence=0,
        event="DEPOSITED",
        envelope=b"envelope",
        particulars=None,
        acknowledgement=b"acknowledgement",
        recorded_at="2026-01-31T08:00:00.000Z",
        log_index=None,
    )


def insert_entries(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        for n in numbers:
            log_store.insert_entry(connection, entry_row(n))


def insert_entry(database: Database, n: int = 1) -> None:
    insert_entries(database, n)


def test_migrations_make_the_tables_the_stores_declare(database: Database) -> None:
    assert {"entries", "checkpoints"} <= set(metadata.tables)
    with database.read() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    # The index serves the search for entries without a place; no statement names it.
    assert [(change[0], change[1].name) for change in found] == [
        ("remove_index", "entries_not_logged")
    ]


def test_migrations_run_again_change_nothing(tmp_path: Path) -> None:
    for n in (1, 2):
        database = open_database(tmp_path / "notary.sqlite")
        insert_entry(database, n)
        database.close()
    database = open_database(tmp_path / "notary.sqlite")
    with database.read() as connection:
        assert log_store.count_waiting(connection) == 2
    database.close()


def test_every_commit_reaches_the_disk_before_it_returns(database: Database) -> None:
    with database.write() as connection:
        full = 2
        assert connection.execute(text("PRAGMA synchronous")).scalar() == full
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError, match="UNIQUE"):
        insert_entries(database, 1, 2, 1)
    with database.read() as connection:
        assert log_store.count_waiting(connection) == 0


def test_a_read_sees_one_moment_and_waits_for_no_writer(database: Database) -> None:
    with database.read() as reader:
        assert log_store.count_waiting(reader) == 0
        insert_entry(database)
        assert log_store.count_waiting(reader) == 0
    with database.read() as reader:
        assert log_store.count_waiting(reader) == 1


def test_an_entry_gets_its_place_once(database: Database) -> None:
    insert_entry(database)
    with database.write() as connection:
        log_store.assign_indexes(connection, [1], 0)
    with pytest.raises(IntegrityError, match="never changed"), database.write() as connection:
        log_store.assign_indexes(connection, [1], 1)


@pytest.mark.parametrize(
    "column",
    [c.name for c in log_store.ENTRIES.c if c.name != "log_index"],
)
def test_no_other_column_of_an_entry_can_be_changed(database: Database, column: str) -> None:
    insert_entry(database)
    statement = text(f"UPDATE entries SET {column} = 77, log_index = 0")
    with pytest.raises(IntegrityError, match="never changed"), database.write() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entries",
        "UPDATE entries SET log_index = NULL",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries",
    ],
)
def test_an_entry_cannot_be_removed_or_replaced(database: Database, statement: str) -> None:
    insert_entry(database)
    with pytest.raises(IntegrityError, match="are never"), database.write() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["DELETE FROM checkpoints", "UPDATE checkpoints SET note=''"])
def test_a_checkpoint_cannot_be_changed_or_removed(database: Database, statement: str) -> None:
    with database.write() as connection:
        log_store.insert_checkpoint(connection, CheckpointRow(size=1, root=bytes(32), note="note"))
    with (
        pytest.raises(IntegrityError, match="checkpoints are never"),
        database.write() as connection,
    ):
        connection.execute(text(statement))


def test_two_entries_of_one_place_in_a_stream_are_refused(database: Database) -> None:
    insert_entry(database)
    with pytest.raises(IntegrityError, match="UNIQUE"):
        insert_entry(database)


def test_an_idempotency_key_needs_its_deposit(database: Database) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), database.write() as connection:
        deposits_store.insert_key(connection, "key", bytes(32), "exhibit:unknown")


def test_a_token_needs_its_checkpoint(database: Database) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), database.write() as connection:
        anchoring_store.insert_token(connection, 1, "authority", b"token")


def test_a_full_disk_is_named_and_nothing_is_kept(database: Database) -> None:
    with database.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        # The setting is of the connection, which the pool hands to the writer next.
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    long = replace(entry_row(1), envelope=bytes(2**20))
    with pytest.raises(StorageFullError, match="no space"), database.write() as connection:
        log_store.insert_entry(connection, long)
    with database.read() as connection:
        assert log_store.count_waiting(connection) == 0


def test_tools_of_others_may_read_while_the_notary_writes(tmp_path: Path) -> None:
    database = open_database(tmp_path / "notary.sqlite")
    with database.write() as connection:
        log_store.insert_entry(connection, entry_row(1))
        other = sqlite3.connect(tmp_path / "notary.sqlite")
        assert other.execute("SELECT count(*) FROM entries").fetchone() == (0,)
        other.close()
    database.close()
