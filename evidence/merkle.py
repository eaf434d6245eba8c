"""The Merkle tree of the log: hashes, proofs and their verification.

Owns RFC 6962 §2.1 and RFC 9162 §2.1 (https://www.rfc-editor.org/rfc/rfc9162#section-2.1) with
SHA-256. Leaves the storage of hashes to whoever supplies a `HashReader` (see `evidence.tiles`),
and what a leaf commits to to `evidence.entries`. All hashes are 32 bytes.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TypeAlias

from evidence.errors import MerkleError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

HashReader: TypeAlias = Callable[[int, int], bytes]
# reader(level, index) is the hash of the complete subtree of 2^level leaves that starts at leaf
# index * 2^level.


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes; EMPTY_ROOT for none."""
    level = list(leaf_hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        parents = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        # A last hash without a sibling rises unchanged, which is the split of RFC 9162 §2.1.1.
        level = parents if len(level) % 2 == 0 else [*parents, level[-1]]
    return level[0]


class Frontier:
    """The right edge of a growing tree: its size and the hashes of its complete subtrees.

    `hashes` go from the largest subtree (left) to the smallest, one for each set bit of `size`.
    Everything needed to append and to know the root, in at most 64 hashes.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        _check_size("tree size", size)
        if len(hashes) != size.bit_count():
            raise MerkleError(
                f"frontier of {size} leaves has {size.bit_count()} hashes, found {len(hashes)}"
            )
        for subtree in hashes:
            _check_hash("frontier hash", subtree)
        self.size = size
        self.hashes = list(hashes)

    @classmethod
    def from_reader(cls, reader: HashReader, size: int) -> "Frontier":
        """Return the frontier of the first `size` leaves of a stored tree."""
        _check_size("tree size", size)
        return cls(size, _subtrees(reader, 0, size))

    def append(self, leaf_hash: bytes) -> None:
        """Extend the tree by one leaf."""
        _check_hash("leaf hash", leaf_hash)
        subtree, complete = leaf_hash, self.size
        while complete & 1:
            subtree = node_hash(self.hashes.pop(), subtree)
            complete >>= 1
        self.hashes.append(subtree)
        self.size += 1

    def root(self) -> bytes:
        """Return the root at the present size."""
        return _join(self.hashes) if self.size else EMPTY_ROOT


def root_from_reader(reader: HashReader, size: int) -> bytes:
    """Return the root of the first `size` leaves of a stored tree."""
    return Frontier.from_reader(reader, size).root()


def inclusion_proof(reader: HashReader, index: int, size: int) -> list[bytes]:
    """Return the siblings from leaf `index` up to the root at `size` (RFC 9162 §2.1.3.1).

    Raises MerkleError when the tree of `size` leaves has no leaf `index`.
    """
    _check_index(index, size)
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(reader, middle, end))
            end = middle
        else:
            path.append(_range_root(reader, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(reader: HashReader, old_size: int, new_size: int) -> list[bytes]:
    """Return the proof that the tree of `old_size` leaves is a prefix of that of `new_size`.

    RFC 9162 §2.1.4.1; empty when the sizes are equal or the old tree is empty.
    Raises MerkleError when the old tree is the larger.
    """
    _check_sizes(old_size, new_size)
    if old_size in (0, new_size):
        return []
    path, start, end, old_tree_ends_here = [], 0, new_size, True
    while old_size < end:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range_root(reader, middle, end))
            end = middle
        else:
            path.append(_range_root(reader, start, middle))
            start, old_tree_ends_here = middle, False
    if not old_tree_ends_here:
        path.append(_range_root(reader, start, end))
    return path[::-1]


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Return only when `leaf_hash` is leaf `index` of the tree of `size` leaves under `root`.

    RFC 9162 §2.1.3.2. Raises MerkleError otherwise, also for a proof too short or too long.
    """
    _check_index(index, size)
    _check_hash("leaf hash", leaf_hash)
    _check_hash("root", root)
    node, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        _check_hash("inclusion proof node", sibling)
        if last == 0:
            raise MerkleError(f"inclusion proof of leaf {index} of {size} has too many nodes")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise MerkleError(f"inclusion proof of leaf {index} of {size} has too few nodes")
    if found != root:
        raise MerkleError(
            f"inclusion proof of leaf {index} of {size} leads to root {found.hex()}, "
            f"expected {root.hex()}"
        )


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Return only when the old tree is a prefix of the new one.

    RFC 9162 §2.1.4.2, and for the sizes it leaves out: equal sizes need equal roots, the empty
    tree is a prefix of every tree, both with an empty proof. Raises MerkleError otherwise, also
    for a proof too short or too long.
    """
    _check_sizes(old_size, new_size)
    _check_hash("old root", old_root)
    _check_hash("new root", new_root)
    for node in proof:
        _check_hash("consistency proof node", node)
    sizes = f"from {old_size} to {new_size}"
    for size, root in ((old_size, old_root), (new_size, new_root)):
        if size == 0 and root != EMPTY_ROOT:
            raise MerkleError(f"root of the empty tree is {EMPTY_ROOT.hex()}, found {root.hex()}")
    if old_size in (0, new_size):
        if proof:
            raise MerkleError(f"consistency proof {sizes} is empty, found {len(proof)} nodes")
        if old_size == new_size and old_root != new_root:
            raise MerkleError(f"two roots are given for the one tree of {old_size} leaves")
        return
    _verify_prefix(old_size, old_root, new_size, new_root, proof, sizes)


def list_reader(leaf_hashes: Sequence[bytes]) -> HashReader:
    """Return a reader over leaf hashes held in memory."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) > 1:
        pairs = zip(levels[-1][::2], levels[-1][1::2], strict=False)
        levels.append([node_hash(left, right) for left, right in pairs])
    return lambda level, index: levels[level][index]


def _verify_prefix(
    old_size: int,
    old_root: bytes,
    new_size: int,
    new_root: bytes,
    proof: Sequence[bytes],
    sizes: str,
) -> None:
    """Verify 0 < old_size < new_size by the steps of RFC 9162 §2.1.4.2."""
    # Step 2: the proof leaves out the old root where that is itself a node of the new tree.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    if not path:
        raise MerkleError(f"consistency proof {sizes} has too few nodes")
    node, last = old_size - 1, new_size - 1
    while node & 1:  # Step 4.
        node, last = node >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:  # Step 6.
        if last == 0:
            raise MerkleError(f"consistency proof {sizes} has too many nodes")
        if node & 1 or node == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise MerkleError(f"consistency proof {sizes} has too few nodes")
    for name, found, expected in (("old", old_found, old_root), ("new", new_found, new_root)):
        if found != expected:
            raise MerkleError(
                f"consistency proof {sizes} leads to {name} root {found.hex()}, "
                f"expected {expected.hex()}"
            )


def _split(leaves: int) -> int:
    """Return the largest power of two below `leaves`, at least 2 (RFC 9162 §2.1.1)."""
    return 1 << ((leaves - 1).bit_length() - 1)


def _subtrees(reader: HashReader, start: int, end: int) -> list[bytes]:
    """Return the hashes of the complete subtrees that tile the leaves from start to end."""
    hashes = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(reader(level, start >> level))
        start += 1 << level
    return hashes


def _range_root(reader: HashReader, start: int, end: int) -> bytes:
    """Return the root over the leaves from start to end, a range that is itself a subtree."""
    return _join(_subtrees(reader, start, end))


def _join(hashes: Sequence[bytes]) -> bytes:
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _check_hash(name: str, value: bytes) -> None:
    if len(value) != HASH_BYTES:
        raise MerkleError(f"{name} is {HASH_BYTES} bytes, found {len(value)}")


def _check_size(name: str, size: int) -> None:
    if size < 0:
        raise MerkleError(f"{name} is not negative, found {size}")


def _check_sizes(old_size: int, new_size: int) -> None:
    _check_size("old tree size", old_size)
    if old_size > new_size:
        raise MerkleError(f"old tree size {old_size} is above the new tree size {new_size}")


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise MerkleError(f"leaf index {index} is outside the tree of {size} leaves")
