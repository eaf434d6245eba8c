"""Building tries and the proofs that :mod:`chain.mpt` verifies.

Owns the roots of transactions and receipts and the nodes on the path to a key. Leaves deciding
whether a proof holds to the pure half, which shares no code with this module but RLP.

Ethereum Yellow Paper §4.3.2 (the tries of a block), EIP-1186 (the form of a proof).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trie.exceptions import MissingTrieNode
from trie.hexary import HexaryTrie

from chain import rlp
from chain.errors import EngineError
from chain.mpt import EMPTY_TRIE_ROOT

_HASH_BYTES = 32


def list_root(items: Sequence[bytes]) -> bytes:
    """The root of the trie that maps each index, RLP-encoded, to its item."""
    root: bytes = _list_trie(items).root_hash
    return root


def prove_list_item(items: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The nodes that lead from ``list_root(items)`` to the item at `index`."""
    return _path_nodes(_list_trie(items), _index_key(index))


def prove_key(nodes: Mapping[bytes, bytes], root: bytes, key: bytes) -> tuple[bytes, ...]:
    """The nodes that lead from `root` to `key` (already hashed), or to where it would be.

    `nodes` maps a node's hash to its bytes.

    Raises:
        EngineError: a node on the path is not among `nodes`.
    """
    try:
        return _path_nodes(HexaryTrie(nodes, root), key)
    except (MissingTrieNode, KeyError) as error:
        raise EngineError(f"the trie of root {root.hex()} is not complete") from error


def named_nodes(nodes: Sequence[bytes]) -> tuple[bytes, ...]:
    """Only the nodes that a parent names by hash; engines also list those inside their parent.

    The empty trie is proved by no nodes.
    """
    if nodes and nodes[0] == rlp.encode(b""):
        return ()
    return tuple(node for i, node in enumerate(nodes) if i == 0 or len(node) >= _HASH_BYTES)


def _list_trie(items: Sequence[bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for index, item in enumerate(items):
        trie[_index_key(index)] = item
    return trie


def _index_key(index: int) -> bytes:
    return rlp.encode(rlp.encode_scalar(index))


def _path_nodes(trie: HexaryTrie, key: bytes) -> tuple[bytes, ...]:
    if trie.root_hash == EMPTY_TRIE_ROOT:
        return ()
    nodes = trie.get_proof(key)  # type: ignore[no-untyped-call]
    return named_nodes([rlp.encode(node) for node in nodes])
