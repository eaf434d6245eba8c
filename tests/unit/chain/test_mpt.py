"""Trie proofs: present and absent keys of real tries, and everything else refused."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import rlp
from chain.errors import TrieProofError
from chain.keccak import keccak256
from chain.mpt import EMPTY_TRIE_ROOT, verify_trie_proof
from tests.unit.chain.tries import build_trie, proof_nodes

RANDOM_TRIES = 200

INDEXED = {rlp.encode(rlp.encode_scalar(n)): b"receipt %d" % n * 5 for n in range(150)}
"""Like a receipt trie: keys of one to two bytes, of which none is a prefix of another."""

HASHED = {keccak256(key): value for key, value in INDEXED.items()}
"""Like a state or storage trie."""

PREFIXED = {
    b"do": b"verb", b"dog": b"puppy", b"doge": b"coin", b"horse": b"stallion",
    b"dogs": b"a longer value that does not fit inside its parent", b"d": b"letter",
}  # fmt: skip
"""Short values, so that nodes stand inside their parents, and keys that end at branches."""

MAPPINGS = {"indexed": INDEXED, "hashed": HASHED, "prefixed": PREFIXED}


@pytest.mark.parametrize("values", MAPPINGS.values(), ids=MAPPINGS.keys())
def test_every_key_is_proved_with_its_value(values: Mapping[bytes, bytes]) -> None:
    trie = build_trie(values)
    for key, value in values.items():
        assert verify_trie_proof(trie.root_hash, key, proof_nodes(trie, key)) == value


@pytest.mark.parametrize("values", MAPPINGS.values(), ids=MAPPINGS.keys())
def test_missing_key_is_proved_absent(values: Mapping[bytes, bytes]) -> None:
    trie = build_trie(values)
    missing = [rlp.encode(rlp.encode_scalar(200)), keccak256(b"none"), b"", b"do\x00", b"dogg"]
    for key in missing:
        assert verify_trie_proof(trie.root_hash, key, proof_nodes(trie, key)) is None


def test_empty_trie_is_proved_by_no_nodes() -> None:
    assert build_trie({}).root_hash == EMPTY_TRIE_ROOT
    assert verify_trie_proof(EMPTY_TRIE_ROOT, b"key", ()) is None
    with pytest.raises(TrieProofError, match="1 nodes more"):
        verify_trie_proof(EMPTY_TRIE_ROOT, b"key", (b"\x80",))


def test_no_nodes_prove_nothing_about_another_trie() -> None:
    with pytest.raises(TrieProofError, match="ends after 0 nodes"):
        verify_trie_proof(build_trie(PREFIXED).root_hash, b"dog", ())


def test_one_leaf_trie_is_proved_by_its_root_however_short() -> None:
    trie = build_trie({b"k": b"v"})
    nodes = proof_nodes(trie, b"k")
    assert len(nodes[0]) < 32
    assert verify_trie_proof(trie.root_hash, b"k", nodes) == b"v"
    assert verify_trie_proof(trie.root_hash, b"l", nodes) is None


def test_proof_under_another_root_is_rejected() -> None:
    trie = build_trie(HASHED)
    key = next(iter(HASHED))
    with pytest.raises(TrieProofError, match="does not hash to"):
        verify_trie_proof(keccak256(b"other"), key, proof_nodes(trie, key))


def test_proof_of_another_key_is_rejected() -> None:
    trie = build_trie(HASHED)
    first, *others = HASHED
    refused = 0
    for key in others:
        if proof_nodes(trie, key) != proof_nodes(trie, first):
            refused += 1
            with pytest.raises(TrieProofError):
                verify_trie_proof(trie.root_hash, key, proof_nodes(trie, first))
    assert refused == len(others)


def test_proof_with_a_node_missing_surplus_repeated_or_out_of_order_is_rejected() -> None:
    trie = build_trie(HASHED)
    key = next(iter(HASHED))
    nodes = proof_nodes(trie, key)
    assert len(nodes) > 2
    changed = [nodes[:at] + nodes[at + 1 :] for at in range(len(nodes))]
    changed += [nodes[:at] + nodes[at : at + 1] + nodes[at:] for at in range(len(nodes))]
    changed += [(*nodes, b""), (*nodes, b"\x80"), (b"", *nodes), nodes[::-1]]
    for bad_nodes in changed:
        with pytest.raises(TrieProofError):
            verify_trie_proof(trie.root_hash, key, bad_nodes)


def test_random_tries_agree_with_the_trie_package() -> None:
    random = Random(1)
    for _ in range(RANDOM_TRIES):
        length = random.choice([1, 2, 3, 32])
        values = {
            random.randbytes(length): random.randbytes(random.choice([1, 2, 20, 40, 100]))
            for _ in range(random.randrange(1, 40))
        }
        trie = build_trie(values)
        for key in [*list(values)[:5], *(random.randbytes(length) for _ in range(5))]:
            nodes = proof_nodes(trie, key)
            assert verify_trie_proof(trie.root_hash, key, nodes) == values.get(key)
            with pytest.raises(TrieProofError):
                verify_trie_proof(trie.root_hash, key, (*nodes, nodes[-1]))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), values=st.sampled_from(list(MAPPINGS.values())))
def test_proof_with_a_flipped_bit_is_rejected(
    data: st.DataObject, values: Mapping[bytes, bytes]
) -> None:
    trie = build_trie(values)
    key = data.draw(st.sampled_from(list(values)))
    nodes = list(proof_nodes(trie, key))
    at = data.draw(st.integers(0, len(nodes) - 1))
    bit = data.draw(st.integers(0, len(nodes[at]) * 8 - 1))
    flipped = bytearray(nodes[at])
    flipped[bit // 8] ^= 1 << bit % 8
    nodes[at] = bytes(flipped)
    with pytest.raises(TrieProofError, match="does not hash to"):
        verify_trie_proof(trie.root_hash, key, nodes)


# Nodes no trie has, under a root made to fit them. Whoever writes the state could publish such a
# root, and every verifier must decide it alike.

LONG = b"\x11" * 40


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (LONG, "found a byte string"),
        ([], "2 or 17 items, found 0"),
        ([b"\x20", b"v", b"w"], "2 or 17 items, found 3"),
        ([b"", b"v"], "path of a trie node"),
        ([[], b"v"], "path of a trie node"),
        ([[b" "], b"v"], "path of a trie node"),
        ([b"\x40ab", b"v"], "no known prefix"),
        ([b"\x21ab", b"v"], "no known prefix"),
        ([b"\x01ab", b"v"], "no known prefix"),
        ([b"\x00", bytes(32)], "no nibbles"),
        ([b"\x20k", b""], "leaf of the trie is empty"),
        ([b"\x20k", [b"v"]], "found a list"),
        ([b"\x00k", b""], "hash of a trie node, found 0 bytes"),
        ([b"\x00k", b"h" * 31], "hash of a trie node, found 31 bytes"),
        ([b"\x00k", bytes(32)], "ends after 1 nodes"),
        ([b"\x00k", [b"\x20", LONG]], "stands inside its parent"),
        ([b"\x00k", [b"\x20", b"v" * 29]], "stands inside its parent"),
        ([*[b""] * 6, b"\x01", *[b""] * 10], "hash of a trie node, found 1 bytes"),
        ([b"\x00k", [*[b""] * 16, [b"v"]]], "found a list"),
    ],
)
def test_malformed_node_is_rejected_even_under_its_own_root(node: rlp.Item, why: str) -> None:
    raw = rlp.encode(node)
    with pytest.raises(TrieProofError, match=why):
        verify_trie_proof(keccak256(raw), b"k", (raw,))


def test_node_that_is_not_rlp_is_rejected_even_under_its_own_root() -> None:
    with pytest.raises(TrieProofError, match="cannot be read"):
        verify_trie_proof(keccak256(b"\xc1"), b"k", (b"\xc1",))


def test_short_node_named_by_hash_is_rejected() -> None:
    leaf = rlp.encode([b"\x20", b"v"])
    extension = rlp.encode([b"\x00k", keccak256(leaf)])
    with pytest.raises(TrieProofError, match="shorter than 32 bytes"):
        verify_trie_proof(keccak256(extension), b"k", (extension, leaf))
    longest = b"v" * 28
    inlined = rlp.encode([b"\x00k", [b"\x20", longest]])
    assert verify_trie_proof(keccak256(inlined), b"k", (inlined,)) == longest
