from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from evidence.checkpoint import Checkpoint, verify_checkpoint
from evidence.keys import PrivateKeySigner
from evidence.merkle import leaf_hash, root_of
from evidence.tiles import Tile
from notary.db import Database, open_database
from notary.errors import LogForkError
from notary.log import store
from notary.log.model import MAX_HEADS
from notary.log.sequencer import Sequencer
from notary.log.store import EntryRow
from notary.log.tiles import FileTileStore, TileStore

ORIGIN = "court.example/log"
SIGNER = PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))


class FailingDatabase(Database):
    """Fails writes by number, counted from 0, before or after they take effect."""

    before: int | None = None
    after: int | None = None
    count = 0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        number, self.count = self.count, self.count + 1
        if number == self.before:
            raise OSError("before")
        with super().write() as connection:
            yield connection
        if number == self.after:
            raise OSError("after")


class FailingTiles(FileTileStore):
    """Fails the next write of a tile after it took effect."""

    fail = True

    def write(self, tile: Tile, content: bytes) -> None:
        super().write(tile, content)
        if self.fail:
            self.fail = False
            raise OSError("after")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "notary.sqlite")
    yield database
    database.close()


@pytest.fixture
def tiles(tmp_path: Path) -> FileTileStore:
    return FileTileStore(tmp_path / "tiles")


def leaf(n: int) -> bytes:
    return leaf_hash(str(n).encode())


def acknowledge(database: Database, numbers: range, *, sequence: int = 0) -> None:
    with database.write() as connection:
        for n in numbers:
            row = EntryRow(
                leaf_hash=leaf(n),
                stream=f"exhibit:{n:032x}",
                sequence=sequence,
                event="DEPOSITED",
                envelope=b"",
                particulars=None,
                acknowledgement=b"",
                recorded_at="",
                log_index=None,
            )
            store.insert_entry(connection, row)


def sequencer(database: Database, tiles: TileStore) -> Sequencer:
    return Sequencer(database, tiles, origin=ORIGIN, signer=SIGNER)


def expected(size: int) -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=size, root=root_of([leaf(n) for n in range(size)]))


def stored(database: Database) -> Checkpoint:
    with database.read() as connection:
        row = store.latest_checkpoint(connection)
    assert row is not None
    return verify_checkpoint(row.note, origin=ORIGIN, public_key=SIGNER.public_key)


def test_waiting_entries_become_a_signed_checkpoint(
    database: Database, tiles: FileTileStore
) -> None:
    acknowledge(database, range(3))
    assert sequencer(database, tiles).extend() == expected(3)
    assert stored(database) == expected(3)


def test_nothing_waiting_makes_no_checkpoint(database: Database, tiles: FileTileStore) -> None:
    log = sequencer(database, tiles)
    assert log.extend() is None
    acknowledge(database, range(1))
    assert log.extend() == expected(1)
    assert log.extend() is None


def test_leaves_stand_in_the_order_of_acknowledgement(
    database: Database, tiles: FileTileStore
) -> None:
    acknowledge(database, range(5))
    sequencer(database, tiles).extend()
    with database.read() as connection:
        assert store.leaf_hashes(connection, 0, 5) == [leaf(n) for n in range(5)]


def test_the_log_grows_over_full_tiles_and_restarts(
    database: Database, tiles: FileTileStore
) -> None:
    size = 0
    for step in (1, 200, 55, 1, 300, 256):
        acknowledge(database, range(size, size + step))
        size += step
        assert sequencer(database, tiles).extend() == expected(size)
    assert tiles.read(Tile(level=1, index=0, width=3)) is not None


def test_more_heads_than_the_ledger_takes_go_into_the_next_checkpoint(
    database: Database, tiles: FileTileStore
) -> None:
    acknowledge(database, range(MAX_HEADS + 5), sequence=1)
    log = sequencer(database, tiles)
    assert log.extend() == expected(MAX_HEADS)
    assert log.extend() == expected(MAX_HEADS + 5)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_failed_write_is_made_up_for_by_the_next_call(
    tmp_path: Path, tiles: FileTileStore, number: int, when: str, restarted: bool
) -> None:
    database = FailingDatabase(open_database(tmp_path / "notary.sqlite")._engine)
    acknowledge(database, range(3))
    database.count = 0
    setattr(database, when, number)
    log = sequencer(database, tiles)
    with pytest.raises(OSError, match=when):
        log.extend()
    # An entry that comes in between joins this checkpoint or the next, and is never lost.
    acknowledge(database, range(3, 4))
    if restarted:
        log = sequencer(database, tiles)
    while log.extend() is not None:
        pass
    assert stored(database) == expected(4)
    database.close()


def test_tiles_half_written_are_written_again(database: Database, tmp_path: Path) -> None:
    tiles = FailingTiles(tmp_path / "tiles")
    tiles.fail = False
    log = sequencer(database, tiles)
    acknowledge(database, range(250))
    log.extend()
    acknowledge(database, range(250, 270))
    tiles.fail = True
    with pytest.raises(OSError, match="after"):
        log.extend()
    assert log.extend() == expected(270)


def test_tiles_that_do_not_have_the_root_of_the_checkpoint_stop_the_start(
    database: Database, tiles: FileTileStore, tmp_path: Path
) -> None:
    acknowledge(database, range(2))
    sequencer(database, tiles).extend()
    (tmp_path / "tiles/tile/0/000.p/2").write_bytes(leaf(1) + leaf(0))
    with pytest.raises(LogForkError, match="restore the data directory"):
        sequencer(database, tiles)


def test_a_tile_of_other_entries_stops_the_log(database: Database, tiles: FileTileStore) -> None:
    acknowledge(database, range(2))
    tiles.write(Tile(level=0, index=0, width=2), leaf(1) + leaf(0))
    with pytest.raises(LogForkError, match="contradicts the entries"):
        sequencer(database, tiles).extend()
