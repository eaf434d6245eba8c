"""Tries for tests, built by the trie package, and proofs taken from them."""

from collections.abc import Mapping

import rlp
from trie import HexaryTrie


def build_trie(values: Mapping[bytes, bytes]) -> HexaryTrie:
    """Return the trie with these keys and values."""
    trie = HexaryTrie({})
    for key, value in values.items():
        trie[key] = value
    return trie


def proof_nodes(trie: HexaryTrie, key: bytes) -> tuple[bytes, ...]:
    """Return the RLP of the nodes on the path to `key` that stand on their own, the root first."""
    encoded = [rlp.encode(node) for node in trie.get_proof(key) if node != b""]
    return tuple(raw for index, raw in enumerate(encoded) if index == 0 or len(raw) >= 32)
