"""Roots and proofs that the pure half accepts, and their neighbours that it does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from chain import rlp
from chain.errors import EngineError, TrieProofError
from chain.mpt import EMPTY_TRIE_ROOT, verify_trie_proof
from chain.prover import list_root, named_nodes, prove_key, prove_list_item

ITEMS = st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=40)


def test_list_of_nothing_has_the_root_of_the_empty_trie() -> None:
    assert list_root([]) == EMPTY_TRIE_ROOT


@settings(max_examples=40, deadline=None)
@given(items=ITEMS, data=st.data())
def test_every_item_of_a_list_is_proved_at_its_index_only(
    items: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(items) - 1))
    root, nodes = list_root(items), prove_list_item(items, index)
    key = rlp.encode(rlp.encode_scalar(index))
    assert verify_trie_proof(root, key, nodes) == items[index]
    with pytest.raises(TrieProofError):
        verify_trie_proof(list_root([*items, b"more"]), key, nodes)


@settings(max_examples=40, deadline=None)
@given(pairs=st.dictionaries(st.binary(min_size=32, max_size=32), st.binary(min_size=1)))
def test_keys_are_proved_present_and_absent(pairs: dict[bytes, bytes]) -> None:
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    for key, value in pairs.items():
        trie[key] = value
    for key in [*pairs, b"\x5a" * 32]:
        proof = prove_key(nodes, trie.root_hash, key)
        assert verify_trie_proof(trie.root_hash, key, proof) == pairs.get(key)


def test_trie_with_a_missing_node_is_refused() -> None:
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    trie[b"\x01" * 32] = b"value"
    root = trie.root_hash
    del nodes[root]
    with pytest.raises(EngineError, match="not complete"):
        prove_key(nodes, root, b"\x01" * 32)


def test_nodes_inside_their_parent_are_left_out() -> None:
    long, short = b"\xc0" * 32, b"\xc0" * 31
    assert named_nodes([short, long, short, long]) == (short, long, long)


def test_empty_trie_is_proved_by_no_nodes() -> None:
    assert named_nodes([b"\x80"]) == ()
    assert named_nodes([]) == ()
