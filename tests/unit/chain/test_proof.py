"""From a sealed header to an EVM log and to a storage value, with a real contract behind both."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import rlp as other_rlp
from eth.rlp.logs import Log
from eth.rlp.receipts import Receipt
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from chain import rlp
from chain.contract import (
    NO_HEAD,
    head_commitment,
    head_slot,
    parse_extended,
    parse_head_moved,
)
from chain.errors import ChainError, TrieProofError
from chain.header import encode_header
from chain.keccak import keccak256
from chain.mpt import EMPTY_TRIE_ROOT
from chain.proof import AnchorProof, EvmLog, HeadProof, verify_receipt_log, verify_storage
from chain.qbft import SealedHeader, verify_commit_seals
from tests.unit.chain.sealing import address_of, seal, unsealed_header, validator_keys
from tests.unit.chain.tries import build_trie, proof_nodes
from tests.unit.contracts.ledger import Ledger, account
from tests.unit.contracts.ledger import address_of as account_of

LOG, STREAM, OTHER_STREAM, ROOT, LEAF = (bytes([n]) * 32 for n in (1, 2, 3, 4, 5))
KEYS = validator_keys(4)
PLACE = 77
"""Index of the extension among the txs of its block."""


def sealed_header(**fields: Any) -> SealedHeader:
    header = seal(unsealed_header(KEYS, **fields), KEYS[:3])
    return verify_commit_seals(header, [address_of(key) for key in KEYS])


def encoded_receipt(logs: tuple[EvmLog, ...], *, status: bytes = b"\x01") -> bytes:
    entries = [
        Log(log.address, [int.from_bytes(topic, "big") for topic in log.topics], log.data)
        for log in logs
    ]
    encoded: bytes = other_rlp.encode(Receipt(status, 50_000, entries))
    return encoded


def block_of(receipts: Mapping[int, bytes]) -> tuple[SealedHeader, HexaryTrie]:
    trie = build_trie({other_rlp.encode(index): raw for index, raw in receipts.items()})
    return sealed_header(receipts_root=trie.root_hash), trie


def anchor_proof(
    sealed: SealedHeader, trie: HexaryTrie, index: int, *, log_index: int = 0
) -> AnchorProof:
    return AnchorProof(
        header=encode_header(sealed.header),
        transaction_index=index,
        receipt_nodes=proof_nodes(trie, other_rlp.encode(index)),
        log_index=log_index,
    )


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    deployed = Ledger(account(1))
    deployed.call(account(1), "add_sequencer", LOG, account_of(account(2)))
    return deployed


@pytest.fixture(scope="module")
def logs(ledger: Ledger) -> tuple[EvmLog, ...]:
    head = (STREAM, 0, bytes(32), 1, LEAF)
    return ledger.call(account(2), "extend", LOG, 0, 9, ROOT, [], [head]).logs


@pytest.fixture(scope="module")
def block(logs: tuple[EvmLog, ...]) -> tuple[SealedHeader, HexaryTrie]:
    other = EvmLog(address=b"\x99" * 20, topics=(), data=b"other")
    receipts = {index: encoded_receipt((other,) * (index % 3)) for index in range(150)}
    receipts[PLACE] = encoded_receipt(logs)
    receipts[PLACE + 1] = b"\x02" + encoded_receipt(logs)
    receipts[PLACE + 2] = encoded_receipt(logs, status=b"")
    return block_of(receipts)


@pytest.fixture(scope="module")
def state(ledger: Ledger, logs: tuple[EvmLog, ...]) -> SealedHeader:
    return sealed_header(state_root=ledger.state_trie().root_hash)


# Receipts


@pytest.mark.parametrize("index", [PLACE, PLACE + 1], ids=["legacy", "typed"])
def test_evm_logs_of_a_tx_are_proved(
    block: tuple[SealedHeader, HexaryTrie], ledger: Ledger, logs: tuple[EvmLog, ...], index: int
) -> None:
    sealed, trie = block
    extended = verify_receipt_log(sealed, anchor_proof(sealed, trie, index))
    moved = verify_receipt_log(sealed, anchor_proof(sealed, trie, index, log_index=1))
    assert (extended, moved) == logs
    assert parse_extended(extended, ledger.address).root == ROOT
    assert parse_head_moved(moved, ledger.address).leaf == LEAF


def test_only_tx_of_a_block_is_proved(logs: tuple[EvmLog, ...]) -> None:
    sealed, trie = block_of({0: encoded_receipt(logs)})
    assert verify_receipt_log(sealed, anchor_proof(sealed, trie, 0)) == logs[0]


def test_evm_log_of_a_failed_tx_is_rejected(block: tuple[SealedHeader, HexaryTrie]) -> None:
    sealed, trie = block
    with pytest.raises(TrieProofError, match="status 01, found 00"):
        verify_receipt_log(sealed, anchor_proof(sealed, trie, PLACE + 2))


def test_evm_log_the_receipt_does_not_have_is_rejected(
    block: tuple[SealedHeader, HexaryTrie],
) -> None:
    sealed, trie = block
    with pytest.raises(TrieProofError, match="EVM log 2, the receipt has 2"):
        verify_receipt_log(sealed, anchor_proof(sealed, trie, PLACE, log_index=2))


def test_tx_the_block_does_not_have_is_rejected(block: tuple[SealedHeader, HexaryTrie]) -> None:
    sealed, trie = block
    with pytest.raises(TrieProofError, match="no tx of index 150"):
        verify_receipt_log(sealed, anchor_proof(sealed, trie, 150))


@pytest.mark.parametrize("field", ["transaction_index", "log_index"])
def test_negative_index_is_rejected(block: tuple[SealedHeader, HexaryTrie], field: str) -> None:
    proof = replace(anchor_proof(*block, PLACE), **{field: -1})
    with pytest.raises(TrieProofError, match="negative"):
        verify_receipt_log(block[0], proof)


def test_nodes_of_another_tx_are_rejected(block: tuple[SealedHeader, HexaryTrie]) -> None:
    proof = replace(anchor_proof(*block, PLACE), transaction_index=PLACE + 1)
    with pytest.raises(TrieProofError):
        verify_receipt_log(block[0], proof)


def test_proof_of_another_block_is_rejected(block: tuple[SealedHeader, HexaryTrie]) -> None:
    sealed, trie = block
    other = sealed_header(receipts_root=trie.root_hash, number=8)
    with pytest.raises(TrieProofError, match="another header"):
        verify_receipt_log(other, anchor_proof(sealed, trie, PLACE))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_receipt_node_with_a_flipped_bit_is_rejected(data: st.DataObject) -> None:
    sealed, trie = block_of({n: encoded_receipt(()) for n in range(20)})
    proof = anchor_proof(sealed, trie, 3)
    nodes = list(proof.receipt_nodes)
    at = data.draw(st.integers(0, len(nodes) - 1))
    bit = data.draw(st.integers(0, len(nodes[at]) * 8 - 1))
    flipped = bytearray(nodes[at])
    flipped[bit // 8] ^= 1 << bit % 8
    nodes[at] = bytes(flipped)
    with pytest.raises(ChainError):
        verify_receipt_log(sealed, replace(proof, receipt_nodes=tuple(nodes)))


BLOOM = bytes(256)
GOOD_LOG: list[rlp.Item] = [b"\xc0" * 20, [ROOT] * 4, b"data"]


def receipt(**fields: rlp.Item) -> bytes:
    parts = {"status": b"\x01", "gas": b"\x05", "bloom": BLOOM, "logs": [GOOD_LOG], **fields}
    return rlp.encode(list(parts.values()))


@pytest.mark.parametrize("kind", [b"", b"\x00", b"\x7f"])
def test_receipt_written_by_hand_is_read(kind: bytes) -> None:
    sealed, trie = block_of({0: kind + receipt()})
    assert verify_receipt_log(sealed, anchor_proof(sealed, trie, 0)) == EvmLog(
        address=b"\xc0" * 20, topics=(ROOT,) * 4, data=b"data"
    )


@pytest.mark.parametrize(
    "raw",
    [
        receipt(status=ROOT),
        receipt(status=b"\x02"),
        receipt(status=[]),
        receipt(gas=b"\x00\x01"),
        receipt(gas=[]),
        receipt(bloom=BLOOM[1:]),
        receipt(logs=b"logs"),
        receipt(more=b""),
        rlp.encode([b"\x01", b"\x05", BLOOM]),
        rlp.encode(b"bytes in place of a receipt, longer than a node"),
        b"\x80" + receipt(),
        b"\x02\x02" + receipt(),
        receipt() + b"\x00",
        receipt()[:-1],
        receipt(logs=[b"log"]),
        receipt(logs=[GOOD_LOG[:2]]),
        receipt(logs=[[*GOOD_LOG, b""]]),
        receipt(logs=[[b"\xc0" * 19, [], b""]]),
        receipt(logs=[[[], [], b""]]),
        receipt(logs=[[b"\xc0" * 20, [ROOT] * 5, b""]]),
        receipt(logs=[[b"\xc0" * 20, [ROOT[1:]], b""]]),
        receipt(logs=[[b"\xc0" * 20, [[]], b""]]),
        receipt(logs=[[b"\xc0" * 20, [[b""] * 32], b""]]),
        receipt(logs=[[b"\xc0" * 20, b"topics", b""]]),
        receipt(logs=[[b"\xc0" * 20, [], []]]),
    ],
)
def test_malformed_receipt_is_rejected_even_under_a_sealed_root(raw: bytes) -> None:
    sealed, trie = block_of({0: raw})
    with pytest.raises(TrieProofError):
        verify_receipt_log(sealed, anchor_proof(sealed, trie, 0))


# Storage


def head_proof(ledger: Ledger, sealed: SealedHeader, address: bytes, slot: bytes) -> HeadProof:
    return HeadProof(
        header=encode_header(sealed.header),
        account_nodes=proof_nodes(ledger.state_trie(), keccak256(address)),
        storage_nodes=proof_nodes(ledger.storage_trie(), keccak256(slot)),
    )


def stored(ledger: Ledger, sealed: SealedHeader, address: bytes, slot: bytes) -> bytes:
    proof = head_proof(ledger, sealed, address, slot)
    return verify_storage(sealed, address, slot, proof.account_nodes, proof.storage_nodes)


def test_head_of_a_stream_is_proved(ledger: Ledger, state: SealedHeader) -> None:
    slot = head_slot(LOG, STREAM)
    assert stored(ledger, state, ledger.address, slot) == head_commitment(1, LEAF)


def test_stream_without_a_head_is_proved_to_have_none(ledger: Ledger, state: SealedHeader) -> None:
    slot = head_slot(LOG, OTHER_STREAM)
    assert stored(ledger, state, ledger.address, slot) == NO_HEAD


def test_small_number_is_proved_as_a_word(ledger: Ledger, state: SealedHeader) -> None:
    administrator_count = (1).to_bytes(32, "big")
    assert stored(ledger, state, ledger.address, administrator_count) == (1).to_bytes(32, "big")


def test_presence_is_no_proof_of_absence_elsewhere(ledger: Ledger, state: SealedHeader) -> None:
    present = head_proof(ledger, state, ledger.address, head_slot(LOG, STREAM))
    with pytest.raises(TrieProofError):
        verify_storage(
            state,
            ledger.address,
            head_slot(LOG, OTHER_STREAM),
            present.account_nodes,
            present.storage_nodes,
        )


def test_no_storage_nodes_prove_nothing(ledger: Ledger, state: SealedHeader) -> None:
    slot = head_slot(LOG, OTHER_STREAM)
    proof = head_proof(ledger, state, ledger.address, slot)
    with pytest.raises(TrieProofError, match="ends after 0 nodes"):
        verify_storage(state, ledger.address, slot, proof.account_nodes, ())


def test_storage_of_no_account_is_rejected(ledger: Ledger, state: SealedHeader) -> None:
    with pytest.raises(TrieProofError, match="no account"):
        stored(ledger, state, b"\x99" * 20, head_slot(LOG, STREAM))


def test_storage_of_an_account_without_code_is_rejected(
    ledger: Ledger, state: SealedHeader
) -> None:
    nodes = proof_nodes(ledger.state_trie(), keccak256(account_of(account(2))))
    with pytest.raises(TrieProofError, match="no code"):
        verify_storage(state, account_of(account(2)), head_slot(LOG, STREAM), nodes, ())


def test_storage_under_another_state_is_rejected(ledger: Ledger, state: SealedHeader) -> None:
    with pytest.raises(TrieProofError, match="does not hash to"):
        stored(ledger, sealed_header(state_root=ROOT), ledger.address, head_slot(LOG, STREAM))


CONTRACT = b"\xc0" * 20
CODE_HASH = keccak256(b"code")


@pytest.mark.parametrize(
    "raw",
    [
        rlp.encode(b""),
        rlp.encode([b"", b"", EMPTY_TRIE_ROOT]),
        rlp.encode([b"", b"", EMPTY_TRIE_ROOT, CODE_HASH, b""]),
        rlp.encode([b"", b"", EMPTY_TRIE_ROOT, CODE_HASH[1:]]),
        rlp.encode([b"", b"", EMPTY_TRIE_ROOT[1:], CODE_HASH]),
        rlp.encode([[], b"", EMPTY_TRIE_ROOT, CODE_HASH]),
        rlp.encode([b"", b"", EMPTY_TRIE_ROOT, CODE_HASH]) + b"\x00",
    ],
)
def test_malformed_account_is_rejected_even_under_a_sealed_root(raw: bytes) -> None:
    trie = build_trie({keccak256(CONTRACT): raw})
    with pytest.raises(TrieProofError):
        verify_storage(
            sealed_header(state_root=trie.root_hash),
            CONTRACT,
            ROOT,
            proof_nodes(trie, keccak256(CONTRACT)),
            (),
        )


def test_contract_with_empty_storage_holds_zeros() -> None:
    raw = rlp.encode([b"\x01", b"", EMPTY_TRIE_ROOT, CODE_HASH])
    trie = build_trie({keccak256(CONTRACT): raw})
    sealed = sealed_header(state_root=trie.root_hash)
    nodes = proof_nodes(trie, keccak256(CONTRACT))
    assert verify_storage(sealed, CONTRACT, ROOT, nodes, ()) == bytes(32)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (rlp.encode(b""), "explicit zero"),
        (rlp.encode(b"\x00"), "cannot be read"),
        (rlp.encode(b"\x00\x01"), "cannot be read"),
        (rlp.encode(b"\x01" * 33), "cannot be read"),
        (rlp.encode([b"\x01"]), "cannot be read"),
        (b"\x82\x01", "cannot be read"),
    ],
)
def test_malformed_storage_value_is_rejected_even_under_a_sealed_root(raw: bytes, why: str) -> None:
    storage = build_trie({keccak256(ROOT): raw})
    account_raw = rlp.encode([b"\x01", b"", storage.root_hash, CODE_HASH])
    trie = build_trie({keccak256(CONTRACT): account_raw})
    with pytest.raises(TrieProofError, match=why):
        verify_storage(
            sealed_header(state_root=trie.root_hash),
            CONTRACT,
            ROOT,
            proof_nodes(trie, keccak256(CONTRACT)),
            proof_nodes(storage, keccak256(ROOT)),
        )
