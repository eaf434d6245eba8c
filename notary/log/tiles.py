"""The stored tiles of the log.

Owns the contract of a tile store and its engine, files below one directory as C2SP tlog-tiles
(https://c2sp.org/tlog-tiles) names them. Leaves what a tile holds to `evidence.tiles`.
"""

import shutil
from pathlib import Path
from typing import Protocol

from evidence.merkle import HASH_BYTES
from evidence.tiles import TILE_WIDTH, Tile
from notary.datadir import write_durably
from notary.errors import LogForkError


class TileStore(Protocol):
    """Tiles by level, index and width; read by many threads, written by one.

    A tile never changes: what a tree's prefix hashes to is settled once. A wider tile of the same
    level and index answers for a narrower one.
    """

    def read(self, tile: Tile) -> bytes | None:
        """Return the content of exactly that tile, 32 * width bytes, or None if there is none."""

    def write(self, tile: Tile, content: bytes) -> None:
        """The tile is durable when this returns. Idempotent.

        Raises:
            LogForkError: there is such a tile and its content is another.
        """


class FileTileStore:
    """A `TileStore` below `directory`, which is made with the first tile."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, tile: Tile) -> bytes | None:
        """Return the content of exactly that tile, or None if there is none."""
        for width in (tile.width, TILE_WIDTH):
            path = self._path(Tile(level=tile.level, index=tile.index, width=width))
            try:
                return path.read_bytes()[: HASH_BYTES * tile.width]
            except FileNotFoundError:
                continue
        return None

    def write(self, tile: Tile, content: bytes) -> None:
        """The tile is durable when this returns."""
        found = self.read(tile)
        if found is None:
            write_durably(self._path(tile), content)
        elif found != content:
            raise LogForkError(
                f"the stored {tile.path()} contradicts the entries of the log; compare the data"
                " directory with its last backup before starting again"
            )
        if tile.width == TILE_WIDTH:
            # The full tile answers for its beginnings, which C2SP lets a log drop.
            shutil.rmtree(self._path(tile).with_name(self._path(tile).name + ".p"), True)

    def _path(self, tile: Tile) -> Path:
        return self._directory / tile.path()


def require_tile(tiles: TileStore, tile: Tile) -> bytes:
    """Return the content of a tile that a checkpoint of the log has promised.

    Raises:
        LogForkError: it is gone.
    """
    content = tiles.read(tile)
    if content is None:
        raise LogForkError(
            f"{tile.path()} is missing though a checkpoint covers it; restore the tiles from the"
            " last backup before starting again"
        )
    return content
