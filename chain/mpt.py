"""Proofs in Ethereum's Merkle Patricia trie.

Owns the walk from a root hash to the value of a key, or to the place where it would be. Leaves what
keys and values mean (receipts, accounts, storage) to `proof`, and building tries to the engines.

Ethereum Yellow Paper, Appendix C (hex-prefix encoding) and Appendix D (the trie); the form of a
proof is that of EIP-1186: RLP of the nodes on the path, the root first.
"""

from collections.abc import Sequence

from chain import rlp
from chain.errors import RlpError, TrieProofError
from chain.keccak import keccak256

EMPTY_TRIE_ROOT = keccak256(rlp.encode(b""))

_HASH_BYTES = 32
_BRANCH_ITEMS = 17
_PAIR_ITEMS = 2


def verify_trie_proof(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """Return the value of `key` in the trie with the 32-byte `root`, or None: proved absent.

    `nodes` are the nodes on the path that the parent names by hash, the root first; nodes shorter
    than 32 bytes stand inside their parent. The empty trie is proved by no nodes. `key` is the key
    of the trie itself (already hashed where the trie is a secure one).

    Raises:
        TrieProofError: a node is malformed, is not the one its parent names, is missing or is not
            needed.
    """
    if root == EMPTY_TRIE_ROOT:
        value, unused = None, list(nodes)
    else:
        value, unused = _walk(root, _nibbles(key), list(nodes))
    if unused:
        raise TrieProofError(f"the trie proof has {len(unused)} nodes more than its path needs")
    return value


def _walk(root: bytes, path: bytes, nodes: list[bytes]) -> tuple[bytes | None, list[bytes]]:
    """Return the value at the end of `path`, one nibble a byte, and the nodes it did not need."""
    child: rlp.Item = root
    used = 0
    while True:
        # 1. The child is a node named by its hash, a node written in place, or nothing.
        if isinstance(child, bytes):
            if len(child) != _HASH_BYTES:
                raise TrieProofError(f"expected the hash of a trie node, found {len(child)} bytes")
            if used == len(nodes):
                raise TrieProofError(f"the trie proof ends after {used} nodes, before its path")
            node = _open_node(child, nodes[used], is_root=used == 0)
            used += 1
        else:
            node = child
            if len(rlp.encode(node)) >= _HASH_BYTES:
                raise TrieProofError("a trie node of 32 bytes or more stands inside its parent")
        # 2. A branch takes one nibble of the path, or holds the value at its end.
        if len(node) == _BRANCH_ITEMS:
            if not path:
                return _value(node[16]) or None, nodes[used:]
            child, path = node[path[0]], path[1:]
            if child == b"":
                return None, nodes[used:]
            continue
        # 3. A leaf or extension takes its own nibbles; where they differ the key is absent.
        if len(node) != _PAIR_ITEMS:
            raise TrieProofError(f"expected a trie node of 2 or 17 items, found {len(node)}")
        nibbles, is_leaf = _hex_prefix(node[0])
        if is_leaf:
            return (_leaf_value(node[1]) if nibbles == path else None), nodes[used:]
        if not nibbles:
            raise TrieProofError("an extension node of the trie has no nibbles")
        if not path.startswith(nibbles):
            return None, nodes[used:]
        child, path = node[1], path[len(nibbles) :]


def _open_node(expected_hash: bytes, raw: bytes, *, is_root: bool) -> Sequence[rlp.Item]:
    """Return the items of the node `raw`, whose hash its parent (or the caller) names."""
    if keccak256(raw) != expected_hash:
        raise TrieProofError(
            f"a trie node does not hash to {expected_hash.hex()}, as its parent says"
        )
    if len(raw) < _HASH_BYTES and not is_root:
        raise TrieProofError("a trie node shorter than 32 bytes is named by hash")
    try:
        node = rlp.decode(raw)
    except RlpError as error:
        raise TrieProofError(f"a trie node cannot be read: {error}") from error
    if isinstance(node, bytes):
        raise TrieProofError("expected a trie node, found a byte string")
    return node


def _value(item: rlp.Item) -> bytes:
    if not isinstance(item, bytes):
        raise TrieProofError("expected bytes as a value of the trie, found a list")
    return item


def _leaf_value(item: rlp.Item) -> bytes:
    value = _value(item)
    if not value:
        raise TrieProofError("a leaf of the trie is empty")
    return value


def _nibbles(key: bytes) -> bytes:
    """Return the half-bytes of `key`, high half first, one in each byte."""
    return bytes(nibble for byte in key for nibble in (byte >> 4, byte & 0x0F))


def _hex_prefix(item: rlp.Item) -> tuple[bytes, bool]:
    """Return the nibbles of a leaf or extension node, and whether it is a leaf."""
    if not isinstance(item, bytes) or not item:
        raise TrieProofError("expected the path of a trie node, found none")
    nibbles = _nibbles(item)
    flag = nibbles[0]
    is_leaf, is_odd = bool(flag & 2), bool(flag & 1)
    if flag > 3 or (not is_odd and nibbles[1] != 0):
        raise TrieProofError(
            f"the path of a trie node starts with {item[:1].hex()}, no known prefix"
        )
    return nibbles[1 if is_odd else 2 :], is_leaf
