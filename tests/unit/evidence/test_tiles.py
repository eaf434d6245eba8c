"""Tiles: their names, which of them a growing tree writes, and proofs read from them."""

import time
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import MerkleError
from evidence.merkle import (
    inclusion_proof,
    list_reader,
    root_from_reader,
    root_of,
    verify_inclusion,
)
from evidence.tiles import (
    MAX_TILE_LEVEL,
    Tile,
    TileReader,
    changed_tiles,
    encode_index,
    parse_tile_path,
    tile_hashes,
    tile_of,
    tiles_between,
)

COUNT = 70_000
LEAVES = [sha256(n.to_bytes(4, "big")).digest() for n in range(COUNT)]


class TileShelf(dict[str, bytes]):
    """Tiles by path, as a directory would hold them."""

    def fetch(self, tile: Tile) -> bytes:
        return self[tile.path()]

    def grow(self, old_size: int, leaves: list[bytes]) -> list[Tile]:
        written = []
        for tile, content in tiles_between(old_size, leaves, self.fetch):
            self[tile.path()] = content
            written.append(tile)
        return written


@pytest.fixture(scope="module")
def full_shelf() -> TileShelf:
    shelf = TileShelf()
    shelf.grow(0, LEAVES)
    return shelf


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(level=0, index=0), "tile/0/000"),
        (Tile(level=0, index=7, width=255), "tile/0/007.p/255"),
        (Tile(level=1, index=999, width=1), "tile/1/999.p/1"),
        (Tile(level=0, index=1000), "tile/0/x001/000"),
        (Tile(level=2, index=1234067), "tile/2/x001/x234/067"),  # The example of C2SP tlog-tiles.
        (Tile(level=5, index=123456, width=16), "tile/5/x123/456.p/16"),
    ],
)
def test_tile_path_is_that_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path() == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/6/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/257",
        "tile/0/001.p/01",
        "tile/0/001.p",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/../001",
        "tile/0/001\n",
        "tile/0/٠٠١",
        "tile/entries/001",
    ],
)
def test_path_that_names_no_tile_is_refused(path: str) -> None:
    with pytest.raises(MerkleError, match="tile"):
        parse_tile_path(path)


@given(st.integers(0, 10**12))
@settings(max_examples=100, deadline=None)
def test_index_is_spelt_in_groups_of_three(index: int) -> None:
    *high, low = encode_index(index).split("/")
    assert all(group[0] == "x" and len(group) == 4 for group in high)
    assert len(low) == 3
    assert int("".join(group[1:] for group in high) + low) == index
    assert not high or high[0] != "x000"


@pytest.mark.parametrize(
    ("level", "index", "width"), [(6, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)]
)
def test_impossible_tile_is_refused(level: int, index: int, width: int) -> None:
    with pytest.raises(MerkleError, match="tile"):
        Tile(level=level, index=index, width=width)


def test_tile_is_as_wide_as_the_tree_fills_it() -> None:
    assert tile_of(0, 2, 700).width == 188
    assert tile_of(1, 0, 700).width == 2
    assert tile_of(0, 1, 700).width == 256
    with pytest.raises(MerkleError, match="found 0"):
        tile_of(0, 3, 768)


def test_changed_tiles_are_the_new_full_and_partial_ones() -> None:
    assert [tile.path() for tile in changed_tiles(0, 1)] == ["tile/0/000.p/1"]
    assert [tile.path() for tile in changed_tiles(255, 257)] == [
        "tile/0/000",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
    ]
    assert [tile.path() for tile in changed_tiles(65_535, 65_536)] == [
        "tile/0/255",
        "tile/1/000",
        "tile/2/000.p/1",
    ]
    assert list(changed_tiles(300, 300)) == []
    assert max(tile.level for tile in changed_tiles(2**48 - 1, 2**48)) == MAX_TILE_LEVEL


@given(st.lists(st.integers(0, 900), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_tree_grown_in_any_steps_has_the_same_full_tiles(steps: list[int]) -> None:
    shelf, size = TileShelf(), 0
    for step in steps:
        written = shelf.grow(size, LEAVES[size : size + step])
        assert written == list(changed_tiles(size, size + step))
        size += step
    at_once = TileShelf()
    at_once.grow(0, LEAVES[:size])
    assert at_once.items() <= shelf.items()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 4097, 65_535, 65_536, 65_537, COUNT])
def test_proofs_read_from_tiles_are_those_of_the_list(size: int) -> None:
    shelf = TileShelf()
    shelf.grow(0, LEAVES[:size])
    from_tiles, from_list = TileReader(size, shelf.fetch), list_reader(LEAVES[:size])
    root = root_from_reader(from_tiles, size)
    assert root == root_of(LEAVES[:size])
    for index in {0, size // 3, size // 2, size - 1}:
        proof = inclusion_proof(from_tiles, index, size)
        assert proof == inclusion_proof(from_list, index, size)
        verify_inclusion(LEAVES[index], index, size, proof, root)


@given(st.integers(0, 16), st.data())
@settings(max_examples=80, deadline=None)
def test_every_complete_subtree_can_be_read(
    full_shelf: TileShelf, level: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, (COUNT >> level) - 1))
    found = TileReader(COUNT, full_shelf.fetch)(level, index)
    assert found == root_of(LEAVES[index << level : (index + 1) << level])


@pytest.mark.parametrize(
    ("level", "index"), [(0, COUNT), (8, COUNT >> 8), (17, 0), (0, -1), (-1, 0), (16, 1)]
)
def test_subtree_that_is_not_complete_is_refused(
    full_shelf: TileShelf, level: int, index: int
) -> None:
    with pytest.raises(MerkleError, match="no complete subtree"):
        TileReader(COUNT, full_shelf.fetch)(level, index)


def test_reader_of_a_smaller_size_does_not_see_later_leaves(full_shelf: TileShelf) -> None:
    assert TileReader(512, full_shelf.fetch)(0, 511) == LEAVES[511]
    with pytest.raises(MerkleError, match="no complete subtree"):
        TileReader(512, full_shelf.fetch)(0, 512)


@pytest.mark.parametrize("content", [b"", LEAVES[0], b"".join(LEAVES[:3]), bytes(65)])
def test_tile_of_another_width_is_refused(content: bytes) -> None:
    tile = Tile(level=0, index=0, width=2)
    assert tile_hashes(tile, b"".join(LEAVES[:2])) == LEAVES[:2]
    with pytest.raises(MerkleError, match=r"tile/0/000\.p/2 is 64 bytes"):
        tile_hashes(tile, content)
    with pytest.raises(MerkleError, match="is 64 bytes"):
        TileReader(2, lambda tile: content)(0, 0)
    with pytest.raises(MerkleError, match="is 64 bytes"):
        list(tiles_between(2, LEAVES[2:4], lambda tile: content))


def test_reader_fetches_a_tile_once(full_shelf: TileShelf) -> None:
    fetched: list[Tile] = []

    def fetch(tile: Tile) -> bytes:
        fetched.append(tile)
        return full_shelf.fetch(tile)

    reader = TileReader(COUNT, fetch)
    for index in (5, 6, 200):
        inclusion_proof(reader, index, COUNT)
    assert len(fetched) == len(set(fetched))
    assert len(fetched) <= 6


def test_growth_fetches_only_the_partial_tiles_of_the_right_edge(full_shelf: TileShelf) -> None:
    fetched: list[str] = []
    shelf = TileShelf()
    shelf.grow(0, LEAVES[:700])

    def fetch(tile: Tile) -> bytes:
        fetched.append(tile.path())
        return shelf.fetch(tile)

    list(tiles_between(700, LEAVES[700:768], fetch))
    assert fetched == ["tile/0/002.p/188", "tile/1/000.p/2"]


@pytest.mark.slow
def test_million_leaves_take_seconds() -> None:
    leaves = LEAVES * 15
    started = time.process_time()
    tiles = sum(1 for _ in tiles_between(0, leaves, lambda tile: b""))
    assert time.process_time() - started < 10
    assert tiles == sum(1 for _ in changed_tiles(0, len(leaves)))
