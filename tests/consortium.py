"""A consortium of validators that seal blocks, without an EVM.

Owns real QBFT headers over real receipts and state tries, for any number of validators, so that
proofs by four validators, and by forged ones, can be made in a millisecond. Not a chain to run
contracts on: the events and storage of the ledger contract are written as the contract would write
them (`contracts/EvidenceLedger.vy`). Leaves logs and streams to `tests.world`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from coincurve import PrivateKey
from trie.hexary import HexaryTrie

from chain import rlp
from chain.contract import EXTENDED_TOPIC, HEAD_MOVED_TOPIC
from chain.header import BLOOM_BYTES, BlockHeader, encode_header, parse_header
from chain.keccak import keccak256
from chain.mpt import EMPTY_TRIE_ROOT
from chain.proof import AnchorProof, HeadProof
from chain.prover import list_root, prove_key, prove_list_item
from chain.qbft import (
    DIFFICULTY,
    EMPTY_OMMERS_HASH,
    MIX_HASH,
    VANITY_BYTES,
    ExtraData,
    block_hash,
    encode_extra_data,
    parse_extra_data,
    quorum,
    seal_hash,
)

CONTRACT = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
SEQUENCER = bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266")

_GAS_LIMIT = 30_000_000
_CODE_HASH = keccak256(b"the ledger contract")
_BUSY_SLOTS = {bytes(31) + bytes([n]): n + 1 for n in range(8)}
# Other storage of the contract, so that proofs lead through branches as they do in life.


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """What a tx makes the contract say: the words of `Extended`, and the heads that move."""

    log_id: bytes
    previous_size: int
    size: int
    root: bytes
    heads: Mapping[bytes, tuple[int, bytes]]
    """Sequence and leaf hash of the new last entry, by stream key."""
    commitments: Mapping[bytes, bytes]
    """What the contract then stores, by slot."""
    status: int = 1
    emitter: bytes = CONTRACT


class Consortium:
    """Validators with fixed keys, and the blocks that they have sealed so far.

    The same seed and calls always give the same bytes.
    """

    def __init__(self, *, validators: int, seed: str) -> None:
        keys = (
            PrivateKey(sha256(f"{seed} validator {n}".encode()).digest()) for n in range(validators)
        )
        self.keys = sorted(keys, key=address_of)
        self.addresses = tuple(address_of(key) for key in self.keys)
        self._nodes: dict[bytes, bytes] = {}
        self._storage = HexaryTrie(self._nodes)
        self._state = HexaryTrie(self._nodes)
        self._storage_roots: dict[bytes, bytes] = {}
        for slot, value in _BUSY_SLOTS.items():
            self._store(slot, value.to_bytes(32, "big"))
        for n in range(20):
            account = [b"\x01", b"\x0a", EMPTY_TRIE_ROOT, keccak256(b"")]
            self._state[keccak256(bytes([n]) * 20)] = rlp.encode(account)
        self._write_contract_account()
        self._headers: list[BlockHeader] = []

    @property
    def height(self) -> int:
        """The height of the newest block; 0 before the first."""
        return len(self._headers)

    def mine(self, time: datetime) -> int:
        """Seal a block without txs and return its height."""
        self._seal_block(time, receipts=[])
        return self.height

    def extend(self, extension: Extension, time: datetime) -> AnchorProof:
        """Seal a block with a tx that extends a log, and return the proof of its event."""
        for slot, commitment in extension.commitments.items():
            self._store(slot, commitment)
        self._write_contract_account()
        # A tx of somebody else comes first, so that the index of ours is not 0.
        other = _receipt(status=1, logs=[])
        receipts = [other, _receipt(status=extension.status, logs=_logs(extension))]
        header = self._seal_block(time, receipts)
        return AnchorProof(
            header=encode_header(header),
            transaction_index=1,
            receipt_nodes=prove_list_item(receipts, 1),
            log_index=0,
        )

    def head_proof(self, slot: bytes, height: int | None = None) -> HeadProof:
        """Return the proof of what `slot` held as of a block, the newest if None."""
        header = self._headers[(height or self.height) - 1]
        account_nodes = prove_key(self._nodes, header.state_root, keccak256(CONTRACT))
        storage_root = self._storage_roots[header.state_root]
        return HeadProof(
            header=encode_header(header),
            account_nodes=account_nodes,
            storage_nodes=prove_key(self._nodes, storage_root, keccak256(slot)),
        )

    def _store(self, slot: bytes, word: bytes) -> None:
        self._storage[keccak256(slot)] = rlp.encode(rlp.encode_scalar(int.from_bytes(word, "big")))

    def _write_contract_account(self) -> None:
        account = [b"\x01", b"", self._storage.root_hash, _CODE_HASH]
        self._state[keccak256(CONTRACT)] = rlp.encode(account)
        self._storage_roots[self._state.root_hash] = self._storage.root_hash

    def _seal_block(self, time: datetime, receipts: Sequence[bytes]) -> BlockHeader:
        parent = block_hash(self._headers[-1]) if self._headers else keccak256(b"genesis")
        unsealed = BlockHeader(
            parent_hash=parent,
            ommers_hash=EMPTY_OMMERS_HASH,
            coinbase=self.addresses[self.height % len(self.addresses)],
            state_root=self._state.root_hash,
            transactions_root=EMPTY_TRIE_ROOT,
            receipts_root=list_root(receipts) if receipts else EMPTY_TRIE_ROOT,
            bloom=bytes(BLOOM_BYTES),
            difficulty=DIFFICULTY,
            number=self.height + 1,
            gas_limit=_GAS_LIMIT,
            gas_used=21_000 * len(receipts),
            timestamp=int(time.timestamp()),
            extra_data=encode_extra_data(
                ExtraData(vanity=bytes(VANITY_BYTES), validators=self.addresses)
            ),
            mix_hash=MIX_HASH,
            nonce=bytes(8),
            base_fee=0,
        )
        header = sealed(unsealed, self.keys[: quorum(len(self.keys))])
        self._headers.append(header)
        return header


def address_of(key: PrivateKey) -> bytes:
    """Return the 20-byte address of the account of `key`."""
    return keccak256(key.public_key.format(compressed=False)[1:])[-20:]


def sealed(header: BlockHeader, keys: Sequence[PrivateKey]) -> BlockHeader:
    """Return `header` with the commit seals of `keys` and no others."""
    extra = parse_extra_data(header.extra_data)
    seals = tuple(key.sign_recoverable(seal_hash(header), hasher=None) for key in keys)
    return replace(header, extra_data=encode_extra_data(replace(extra, seals=seals)))


def resealed(raw_header: bytes, keys: Sequence[PrivateKey], **changes: Any) -> bytes:
    """Return the RLP of a header with some fields changed, sealed by `keys` alone."""
    header = replace(parse_header(raw_header), **changes)
    return encode_header(sealed(header, keys))


def _logs(extension: Extension) -> list[rlp.Item]:
    words = (
        extension.previous_size.to_bytes(32, "big"),
        extension.size.to_bytes(32, "big"),
        extension.root,
        SEQUENCER.rjust(32, b"\x00"),
    )
    extended: rlp.Item = [extension.emitter, [EXTENDED_TOPIC, extension.log_id], b"".join(words)]
    moved: list[rlp.Item] = [
        [
            extension.emitter,
            [HEAD_MOVED_TOPIC, extension.log_id, stream],
            sequence.to_bytes(32, "big") + leaf,
        ]
        for stream, (sequence, leaf) in extension.heads.items()
    ]
    return [extended, *moved]


def _receipt(*, status: int, logs: Sequence[rlp.Item]) -> bytes:
    gas_used = rlp.encode_scalar(21_000)
    # The bloom filter is no part of what a proof shows, so it stays empty here.
    return rlp.encode([rlp.encode_scalar(status), gas_used, bytes(BLOOM_BYTES), logs])
