from pathlib import Path

import pytest

from evidence.tiles import Tile
from notary.errors import LogForkError
from notary.log.tiles import FileTileStore, require_tile

FULL = bytes(range(256)) * 32
PARTIAL = Tile(level=0, index=1234, width=3)


@pytest.fixture
def tiles(tmp_path: Path) -> FileTileStore:
    return FileTileStore(tmp_path / "tiles")


def test_a_tile_lies_where_c2sp_puts_it(tiles: FileTileStore, tmp_path: Path) -> None:
    tiles.write(PARTIAL, FULL[:96])
    assert (tmp_path / "tiles/tile/0/x001/234.p/3").read_bytes() == FULL[:96]
    assert tiles.read(PARTIAL) == FULL[:96]


def test_a_tile_that_was_not_written_is_not_there(tiles: FileTileStore) -> None:
    tiles.write(PARTIAL, FULL[:96])
    assert tiles.read(Tile(level=0, index=1234, width=2)) is None
    assert tiles.read(Tile(level=1, index=1234, width=3)) is None
    with pytest.raises(LogForkError, match="missing"):
        require_tile(tiles, Tile(level=0, index=0))


def test_a_full_tile_answers_for_its_beginnings_and_replaces_them(
    tiles: FileTileStore, tmp_path: Path
) -> None:
    tiles.write(PARTIAL, FULL[:96])
    tiles.write(Tile(level=0, index=1234), FULL)
    assert tiles.read(PARTIAL) == FULL[:96]
    assert tiles.read(Tile(level=0, index=1234, width=200)) == FULL[: 200 * 32]
    assert [path.name for path in (tmp_path / "tiles/tile/0/x001").iterdir()] == ["234"]


@pytest.mark.parametrize("width", [3, 256])
def test_writing_a_tile_again_changes_nothing(tiles: FileTileStore, width: int) -> None:
    tile = Tile(level=0, index=0, width=width)
    for _ in range(2):
        tiles.write(tile, FULL[: 32 * width])
    assert tiles.read(tile) == FULL[: 32 * width]


@pytest.mark.parametrize("width", [3, 256])
def test_a_tile_never_changes(tiles: FileTileStore, width: int) -> None:
    tile = Tile(level=0, index=0, width=width)
    tiles.write(tile, FULL[: 32 * width])
    with pytest.raises(LogForkError, match="contradicts the entries"):
        tiles.write(tile, bytes(32 * width))
    assert tiles.read(tile) == FULL[: 32 * width]
