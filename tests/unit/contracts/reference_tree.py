"""RFC 6962 §2.1 word for word: the recursive definitions of tree hash and consistency proof.

Kept apart from every implementation under test, so that a common mistake cannot hide. Leaves are
given as leaf hashes; equal sub-lists are hashed once per `ReferenceTree`.
"""

from functools import cache
from hashlib import sha256


class ReferenceTree:
    """The Merkle tree over a fixed list of leaf hashes."""

    def __init__(self, leaf_hashes: list[bytes]) -> None:
        self._leaves = leaf_hashes
        self._hash = cache(self._hash_uncached)

    def root(self, size: int) -> bytes:
        """Return MTH(D[0:size])."""
        return self._hash(0, size) if size else sha256(b"").digest()

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """Return PROOF(first, D[second]) of RFC 6962 §2.1.2, for 0 < first < second."""
        return self._subproof(first, 0, second, complete=True)

    def _hash_uncached(self, start: int, end: int) -> bytes:
        if end - start == 1:
            return self._leaves[start]
        middle = start + _split(end - start)
        return sha256(b"\x01" + self._hash(start, middle) + self._hash(middle, end)).digest()

    def _subproof(self, first: int, start: int, end: int, *, complete: bool) -> list[bytes]:
        size = end - start
        if first == size:
            return [] if complete else [self._hash(start, end)]
        k = _split(size)
        if first <= k:
            left = self._subproof(first, start, start + k, complete=complete)
            return [*left, self._hash(start + k, end)]
        right = self._subproof(first - k, start + k, end, complete=False)
        return [*right, self._hash(start, start + k)]


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)
