"""The stored form of the log's tree: tiles of 256 hashes.

Owns the tiles of C2SP tlog-tiles (https://c2sp.org/tlog-tiles): their paths, which of them an
extension of the tree writes, and reading any subtree hash from them. Leaves reading and writing
files to callables, and the hashes themselves to `evidence.merkle`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from evidence.errors import MerkleError
from evidence.merkle import HASH_BYTES, root_of

TILE_HEIGHT = 8
TILE_WIDTH = 2**TILE_HEIGHT

MAX_TILE_LEVEL = 5
# C2SP tlog-tiles, "Merkle Tree": the level is from 0 to 5, which holds 2^48 leaves.

MAX_CACHED_TILES = 256
# A proof in a tree of 10^8 leaves reads seven tiles; 256 are 2 MiB.

_PATH = re.compile(
    r"tile/([0-5])/((?:x[0-9]{3}/){0,4}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)
# 2^48 leaves fill 2^40 tiles, whose indexes have at most 13 digits: five groups.


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A row of hashes, each of a complete subtree of 2^(8 * level) leaves.

    level: 0 for leaf hashes, up to 5.
    index: place of the tile in its level.
    width: how many hashes it holds, 256 for a full tile.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= MAX_TILE_LEVEL or self.index < 0:
            raise MerkleError(f"no tile has level {self.level} and index {self.index}")
        if not 1 <= self.width <= TILE_WIDTH:
            raise MerkleError(f"a tile holds 1 to {TILE_WIDTH} hashes, found {self.width}")

    def path(self) -> str:
        """Return the path below the log's root, e.g. tile/0/x001/234 or tile/1/000.p/7."""
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{encode_index(self.index)}{partial}"


FetchTile: TypeAlias = Callable[[Tile], bytes]
# Returns the content of exactly that tile: 32 * width bytes. What it raises passes through.


def encode_index(index: int) -> str:
    """Return a tile index in groups of three digits, all but the last marked x: x001/234."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*("x" + group for group in groups[:-1]), groups[-1]])


def parse_tile_path(path: str) -> Tile:
    """Return the tile a path names; raises MerkleError for what `Tile.path` would not write."""
    match = _PATH.fullmatch(path)
    if not match:
        raise MerkleError(f"expected the path of a tile, found {path[:80]!r}")
    level, index, width = match.groups()
    tile = Tile(
        level=int(level),
        index=int(index.replace("x", "").replace("/", "")),
        width=int(width or TILE_WIDTH),
    )
    if tile.path() != path:
        raise MerkleError(f"expected the path {tile.path()!r} of a tile, found {path[:80]!r}")
    return tile


def tile_of(level: int, index: int, tree_size: int) -> Tile:
    """Return the tile at this place as wide as a tree of `tree_size` leaves fills it."""
    complete = tree_size >> (TILE_HEIGHT * level)
    return Tile(level=level, index=index, width=min(TILE_WIDTH, complete - index * TILE_WIDTH))


def changed_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """Return the tiles that a tree grown from `old_size` to `new_size` has and lacked before."""
    for level in range(MAX_TILE_LEVEL + 1):
        old, new = old_size >> (TILE_HEIGHT * level), new_size >> (TILE_HEIGHT * level)
        if old == new:
            return
        for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            yield tile_of(level, index, new_size)


def tile_hashes(tile: Tile, content: bytes) -> list[bytes]:
    """Return the hashes in the content of a tile; raises MerkleError when their number is off."""
    if len(content) != HASH_BYTES * tile.width:
        raise MerkleError(
            f"{tile.path()} is {HASH_BYTES * tile.width} bytes, found {len(content)} bytes"
        )
    return [content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES)]


def tiles_between(
    old_size: int, new_leaf_hashes: Iterable[bytes], fetch: FetchTile
) -> Iterator[tuple[Tile, bytes]]:
    """Return each tile to write, with its content, when the leaves join a tree of `old_size`.

    Lower levels come first. Asks `fetch` only for the partial tiles on the right edge of the old
    tree. The tiles are those of `changed_tiles`; writing one twice writes the same bytes.
    """
    level, old, hashes = 0, old_size, list(new_leaf_hashes)
    while hashes:
        index, already = divmod(old, TILE_WIDTH)
        if already:
            edge = Tile(level=level, index=index, width=already)
            hashes = tile_hashes(edge, fetch(edge)) + hashes
        complete = []
        for start in range(0, len(hashes), TILE_WIDTH):
            row = hashes[start : start + TILE_WIDTH]
            yield Tile(level=level, index=index, width=len(row)), b"".join(row)
            index += 1
            if len(row) == TILE_WIDTH:
                complete.append(root_of(row))
        level, old, hashes = level + 1, old // TILE_WIDTH, complete


class TileReader:
    """Reads subtree hashes of the tree of `tree_size` leaves from its tiles.

    An instance is a `HashReader` for `evidence.merkle`. It keeps the tiles it used last.
    """

    def __init__(self, tree_size: int, fetch: FetchTile) -> None:
        self._tree_size = tree_size
        self._fetch = fetch
        self._row = lru_cache(MAX_CACHED_TILES)(self._fetch_row)

    def __call__(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree of 2^level leaves at `index`.

        Raises MerkleError when the tree has no such complete subtree, or a tile is not as wide
        as the tree makes it.
        """
        if level < 0 or index < 0 or (index + 1) << level > self._tree_size:
            raise MerkleError(
                f"a tree of {self._tree_size} leaves has no complete subtree {index} "
                f"at level {level}"
            )
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, start = divmod(index << height, TILE_WIDTH)
        row = self._row(tile_level, tile_index)
        return root_of(row[start : start + (1 << height)])

    def _fetch_row(self, level: int, index: int) -> Sequence[bytes]:
        tile = tile_of(level, index, self._tree_size)
        return tile_hashes(tile, self._fetch(tile))
