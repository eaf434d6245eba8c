"""Proofs against a recursive reference written from RFC 9162, exhaustively for small trees."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import MerkleError
from evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    list_reader,
    node_hash,
    root_from_reader,
    root_of,
    verify_consistency,
    verify_inclusion,
)

SMALL = 64
DATA = [bytes([n]) * 3 for n in range(SMALL)]
LEAVES = [leaf_hash(data) for data in DATA]
READER = list_reader(LEAVES)
OTHER = b"\xff" * 32


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, over leaf hashes."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162 §2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], complete: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 §2.1.4.1."""
    n = len(leaves)
    if m == n:
        return [] if complete else [mth(leaves)]
    k = split(n)
    if m <= k:
        return [*subproof(m, leaves[:k], complete), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


ROOTS = [mth(LEAVES[:size]) for size in range(SMALL + 1)]


def changed(proof: list[bytes]) -> list[list[bytes]]:
    """Every proof that differs by one node: altered, dropped, doubled, swapped or added."""
    variants = [[*proof, OTHER], [OTHER, *proof]]
    for at, node in enumerate(proof):
        variants.append([*proof[:at], bytes([node[0] ^ 1]) + node[1:], *proof[at + 1 :]])
        variants.append(proof[:at] + proof[at + 1 :])
        variants.append(proof[: at + 1] + proof[at:])
        if at:
            variants.append([*proof[: at - 1], node, proof[at - 1], *proof[at + 1 :]])
    return variants


def test_hashes_are_those_of_the_rfc() -> None:
    # The test data of RFC 6962 implementations: the empty leaf, and the empty tree.
    assert leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert node_hash(LEAVES[0], LEAVES[1]) == sha256(b"\x01" + LEAVES[0] + LEAVES[1]).digest()


def test_roots_are_those_of_the_reference() -> None:
    frontier = Frontier()
    for size in range(SMALL + 1):
        assert root_of(LEAVES[:size]) == ROOTS[size]
        assert root_from_reader(READER, size) == ROOTS[size]
        assert frontier.root() == ROOTS[size]
        assert frontier.size == size
        stored = Frontier.from_reader(READER, size)
        assert stored.hashes == frontier.hashes
        assert Frontier(size, frontier.hashes).root() == ROOTS[size]
        if size < SMALL:
            frontier.append(LEAVES[size])


def test_frontier_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(MerkleError, match="of 6 leaves has 2 hashes, found 1"):
        Frontier(6, [OTHER])
    with pytest.raises(MerkleError, match="frontier hash is 32 bytes, found 31"):
        Frontier(1, [OTHER[1:]])
    with pytest.raises(MerkleError, match="not negative"):
        Frontier(-1)
    with pytest.raises(MerkleError, match="leaf hash is 32 bytes"):
        Frontier().append(b"x")


def test_frontier_does_not_share_its_hashes_with_the_caller() -> None:
    hashes = [OTHER]
    frontier = Frontier(1, hashes)
    frontier.append(OTHER)
    assert hashes == [OTHER]


def test_every_small_inclusion_proof_is_that_of_the_reference_and_verifies() -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            proof = inclusion_proof(READER, index, size)
            assert proof == path(index, LEAVES[:size])
            verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@pytest.mark.parametrize("sizes", [range(1, 17), range(31, 35), range(63, 65)], ids=str)
def test_changed_inclusion_proof_is_rejected(sizes: range) -> None:
    for size in sizes:
        for index in range(size):
            for proof in changed(inclusion_proof(READER, index, size)):
                with pytest.raises(MerkleError):
                    verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_inclusion_proof_of_another_leaf_index_size_or_root_is_rejected() -> None:
    for size in range(1, 20):
        for index in range(size):
            proof = inclusion_proof(READER, index, size)
            for other in range(20):
                if other < size and other != index:
                    with pytest.raises(MerkleError):
                        verify_inclusion(LEAVES[other], index, size, proof, ROOTS[size])
                    with pytest.raises(MerkleError):
                        verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size])
                if other != size:
                    with pytest.raises(MerkleError):
                        verify_inclusion(LEAVES[index], index, size, proof, ROOTS[other])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 4), (0, -1)])
def test_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(MerkleError, match="outside the tree"):
        inclusion_proof(READER, index, size)
    with pytest.raises(MerkleError, match="outside the tree"):
        verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def test_inclusion_with_a_hash_of_another_length_is_rejected() -> None:
    root = node_hash(LEAVES[0], LEAVES[1])
    verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1]], root)
    for leaf, proof, at in ((LEAVES[0][1:], [LEAVES[1]], root), (LEAVES[0], [b""], root)):
        with pytest.raises(MerkleError, match="is 32 bytes"):
            verify_inclusion(leaf, 0, 2, proof, at)
    with pytest.raises(MerkleError, match="root is 32 bytes"):
        verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1]], root + b"\x00")


def test_every_small_consistency_proof_is_that_of_the_reference_and_verifies() -> None:
    for new in range(SMALL + 1):
        for old in range(new + 1):
            proof = consistency_proof(READER, old, new)
            assert proof == (subproof(old, LEAVES[:new], True) if old else [])
            verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@pytest.mark.parametrize("sizes", [range(17), range(31, 34), range(64, 65)], ids=str)
def test_changed_consistency_proof_is_rejected(sizes: range) -> None:
    for new in sizes:
        for old in range(new + 1):
            for proof in changed(consistency_proof(READER, old, new)):
                with pytest.raises(MerkleError):
                    verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


def test_every_rewritten_history_is_rejected() -> None:
    for new in range(1, 20):
        for old in range(1, new + 1):
            for altered in range(old):
                leaves = [*LEAVES[:altered], OTHER, *LEAVES[altered + 1 : new]]
                proof = consistency_proof(list_reader(leaves), old, new)
                with pytest.raises(MerkleError):
                    verify_consistency(old, ROOTS[old], new, mth(leaves), proof)


def test_consistency_proof_for_other_sizes_or_roots_is_rejected() -> None:
    for new in range(2, 20):
        for old in range(1, new):
            proof = consistency_proof(READER, old, new)
            with pytest.raises(MerkleError):
                verify_consistency(old, OTHER, new, ROOTS[new], proof)
            with pytest.raises(MerkleError):
                verify_consistency(old, ROOTS[old], new, OTHER, proof)
            with pytest.raises(MerkleError):
                verify_consistency(old, ROOTS[old + 1], new, ROOTS[new], proof)


def test_proof_for_a_tree_of_another_height_is_rejected_though_the_root_is_right() -> None:
    inclusion, consistency = inclusion_proof(READER, 1, 4), consistency_proof(READER, 2, 4)
    verify_inclusion(LEAVES[1], 1, 4, inclusion, ROOTS[4])
    verify_consistency(2, ROOTS[2], 4, ROOTS[4], consistency)
    with pytest.raises(MerkleError, match="too few nodes"):
        verify_inclusion(LEAVES[1], 1, 8, inclusion, ROOTS[4])
    with pytest.raises(MerkleError, match="too many nodes"):
        verify_inclusion(LEAVES[1], 1, 2, inclusion, ROOTS[4])
    with pytest.raises(MerkleError, match="too few nodes"):
        verify_consistency(2, ROOTS[2], 8, ROOTS[4], consistency)
    with pytest.raises(MerkleError, match="too many nodes"):
        verify_consistency(2, ROOTS[2], 3, ROOTS[4], [*consistency, *consistency])


def test_consistency_of_the_empty_tree_takes_an_empty_proof() -> None:
    verify_consistency(0, EMPTY_ROOT, 5, ROOTS[5], [])
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    with pytest.raises(MerkleError, match="is empty, found 1 nodes"):
        verify_consistency(0, EMPTY_ROOT, 5, ROOTS[5], [OTHER])
    with pytest.raises(MerkleError, match="root of the empty tree"):
        verify_consistency(0, OTHER, 5, ROOTS[5], [])
    with pytest.raises(MerkleError, match="root of the empty tree"):
        verify_consistency(0, OTHER, 0, OTHER, [])


def test_two_roots_of_one_size_are_rejected() -> None:
    verify_consistency(5, ROOTS[5], 5, ROOTS[5], [])
    with pytest.raises(MerkleError, match="two roots"):
        verify_consistency(5, ROOTS[5], 5, OTHER, [])
    with pytest.raises(MerkleError, match="is empty"):
        verify_consistency(5, ROOTS[5], 5, ROOTS[5], [OTHER])


def test_shrinking_tree_is_rejected() -> None:
    with pytest.raises(MerkleError, match="old tree size 3 is above the new tree size 2"):
        verify_consistency(3, ROOTS[3], 2, ROOTS[2], [])
    with pytest.raises(MerkleError, match="above"):
        consistency_proof(READER, 3, 2)
    with pytest.raises(MerkleError, match="not negative"):
        verify_consistency(-1, ROOTS[3], 2, ROOTS[2], [])


def test_consistency_with_a_hash_of_another_length_is_rejected() -> None:
    proof = consistency_proof(READER, 3, 7)
    for changed_proof in ([*proof[:-1], proof[-1][:-1]], [b"", *proof]):
        with pytest.raises(MerkleError, match="is 32 bytes"):
            verify_consistency(3, ROOTS[3], 7, ROOTS[7], changed_proof)
    with pytest.raises(MerkleError, match="old root is 32 bytes"):
        verify_consistency(3, b"", 7, ROOTS[7], proof)
    with pytest.raises(MerkleError, match="new root is 32 bytes"):
        verify_consistency(3, ROOTS[3], 7, b"", proof)


BIG = [sha256(n.to_bytes(4, "big")).digest() for n in range(3000)]
BIG_READER = list_reader(BIG)


@given(st.integers(SMALL + 1, len(BIG)), st.data())
@settings(max_examples=60, deadline=None)
def test_larger_trees_prove_and_verify(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    root, old_root = root_of(BIG[:size]), root_of(BIG[:old])
    assert root == root_from_reader(BIG_READER, size)
    inclusion = inclusion_proof(BIG_READER, index, size)
    assert inclusion == path(index, BIG[:size])
    verify_inclusion(BIG[index], index, size, inclusion, root)
    verify_consistency(old, old_root, size, root, consistency_proof(BIG_READER, old, size))
    with pytest.raises(MerkleError):
        verify_inclusion(OTHER, index, size, inclusion, root)
    with pytest.raises(MerkleError):
        verify_inclusion(BIG[index], (index + 1) % size, size, inclusion, root)


@given(st.integers(0, 2**70), st.integers(0, 2**70), st.lists(st.binary(min_size=32, max_size=32)))
@settings(max_examples=200, deadline=None)
def test_any_proof_verifies_or_is_rejected_by_one_error(
    one: int, other: int, proof: list[bytes]
) -> None:
    with pytest.raises(MerkleError):
        verify_inclusion(OTHER, one, other, proof, bytes(32))
    with pytest.raises(MerkleError):
        verify_consistency(one, bytes(32), other, OTHER, proof)
