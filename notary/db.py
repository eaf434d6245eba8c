"""The database: one SQLite file, opened durably, at the newest schema.

Owns the engine, its pragmas, the two kinds of SQL transaction and the start of migrations. Leaves
every statement to the `store` module of a capability, which never commits: a use case opens one
transaction and hands its connection down.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
import alembic.config
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from notary import migrations
from notary.errors import NO_SPACE, StorageFullError

BUSY_TIMEOUT_MS = 10_000
# Within the process writers wait for each other below; this covers a backup or a reader's tool.

metadata = MetaData()
# The tables as the stores see them; a test compares them with what the migrations make.


class Database:
    """SQL transactions on one file, from any thread.

    `write()` transactions follow each other; each sees all that came before and is on disk when
    the block ends. A `read()` sees one moment throughout and waits for nobody. An exception rolls
    back and passes through.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # SQLite lets waiting writers sleep and poll; a lock wakes them at once, and fairly.
        self._writing = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """What is done with the connection is durable, all or nothing, when the block ends.

        Raises:
            StorageFullError: no space is left; nothing was done.
        """
        with (
            self._writing,
            _no_space_named(),
            self._engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """What is read with the connection is the state of one moment."""
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """The file is free."""
        self._engine.dispose()


def open_database(path: Path) -> Database:
    """The database in `path`, made if absent, is open and has the newest schema."""
    engine = create_engine(URL.create("sqlite+pysqlite", database=str(path)))
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    database = Database(engine)
    with database.write() as connection:
        upgrade_schema(connection)
    return database


def upgrade_schema(connection: Connection) -> None:
    """The schema is the newest, in the transaction of `connection`."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")


def _configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    # Python's own BEGIN comes only before some statements; ours comes in _begin, always.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # Without it INSERT OR REPLACE would delete an entry and no trigger would refuse it.
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


@contextmanager
def _no_space_named() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise StorageFullError(NO_SPACE) from error
        raise


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
