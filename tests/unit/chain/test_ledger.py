"""The ledger contract end to end: written through web3, proved to the pure half."""

from dataclasses import replace

import pytest

from chain.contract import NO_HEAD, head_commitment, head_slot, parse_extended
from chain.embedded import EmbeddedChain
from chain.errors import ContractError, RpcError, TrieProofError
from chain.header import parse_header
from chain.ledger import (
    EvidenceLedger,
    HeadMove,
    LedgerState,
    deploy_ledger,
)
from chain.proof import HeadProof, verify_receipt_log, verify_storage
from chain.qbft import SealedHeader, verify_commit_seals
from tests.unit.chain.embedded.sending import SENDER, STRANGER, address_of
from tests.unit.chain.growing import (
    LEAVES,
    LOG_ID,
    OTHER_LOG,
    OTHER_STREAM,
    STREAM,
    TREE,
    first_head,
    sign_growth,
)


def sealed(chain: EmbeddedChain, header: bytes) -> SealedHeader:
    """The header as the offline verifier accepts it."""
    return verify_commit_seals(parse_header(header), [chain.identity.validator])


def stored_head(
    chain: EmbeddedChain, ledger: EvidenceLedger, proof: HeadProof, log_id: bytes, stream: bytes
) -> bytes:
    """What the proof shows in the slot of this stream."""
    return verify_storage(
        sealed(chain, proof.header),
        ledger.address,
        head_slot(log_id, stream),
        proof.account_nodes,
        proof.storage_nodes,
    )


def grow(ledger: EvidenceLedger, nonce: int, old: int, new: int, *heads: HeadMove) -> bytes:
    """The log has grown; returns the transaction's hash."""
    tx_hash = ledger.submit(sign_growth(ledger, nonce, old, new, heads).raw)
    mined = ledger.mined(tx_hash)
    assert mined is not None
    assert mined.status == 1
    return tx_hash


def test_new_log_is_empty(ledger: EvidenceLedger) -> None:
    assert ledger.state(LOG_ID) == LedgerState(size=0, root=bytes(32))


def test_extended_log_has_the_new_size_and_root(ledger: EvidenceLedger) -> None:
    grow(ledger, 0, 0, 3)
    grow(ledger, 1, 3, 10)
    assert ledger.state(LOG_ID) == LedgerState(size=10, root=TREE.root(10))
    assert ledger.state(OTHER_LOG).size == 0


def test_head_is_the_commitment_to_the_last_entry(ledger: EvidenceLedger) -> None:
    grow(ledger, 0, 0, 3, first_head(STREAM, LEAVES[2]))
    assert ledger.head(LOG_ID, STREAM) == head_commitment(1, LEAVES[2])
    assert ledger.head(LOG_ID, OTHER_STREAM) == NO_HEAD
    assert ledger.head(OTHER_LOG, STREAM) == NO_HEAD


def test_signed_extension_names_its_hash_before_it_is_sent(ledger: EvidenceLedger) -> None:
    tx = sign_growth(ledger, 0, 0, 1)
    assert ledger.mined(tx.hash) is None
    assert ledger.submit(tx.raw) == tx.hash
    assert ledger.mined(tx.hash) is not None


def test_submitting_a_mined_transaction_again_changes_nothing(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    tx = sign_growth(ledger, 0, 0, 1)
    ledger.submit(tx.raw)
    height = chain.head.number
    assert ledger.submit(tx.raw) == tx.hash
    assert chain.head.number == height


def test_transaction_with_a_used_nonce_is_refused(ledger: EvidenceLedger) -> None:
    grow(ledger, 0, 0, 1)
    with pytest.raises(RpcError, match="nonce too low"):
        ledger.submit(sign_growth(ledger, 0, 1, 2).raw)


def test_next_nonce_counts_mined_transactions(ledger: EvidenceLedger) -> None:
    assert ledger.next_nonce(address_of(STRANGER)) == 0
    grow(ledger, 0, 0, 1)
    assert ledger.next_nonce(address_of(STRANGER)) == 1


def test_mined_transaction_is_placed_in_its_block(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    first = sign_growth(ledger, 0, 0, 1)
    second = sign_growth(ledger, 1, 1, 2)
    block = chain.mine([first.raw, second.raw])
    mined = ledger.mined(second.hash)
    assert mined is not None
    assert (mined.block_height, mined.block_hash) == (block.number, block.hash)
    assert (mined.transaction_index, mined.status) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new", "reason"), [(1, 2, "stale"), (0, 0, "nothing new"), (2, 3, "stale")]
)
def test_refused_extension_has_status_0_and_a_reason(
    ledger: EvidenceLedger, old: int, new: int, reason: str
) -> None:
    tx = sign_growth(ledger, 0, old, new)
    mined = ledger.mined(ledger.submit(tx.raw))
    assert mined is not None
    assert mined.status == 0
    error = ledger.revert_reason(tx.hash)
    assert isinstance(error, ContractError)
    assert reason in str(error)


def test_rewritten_history_is_refused(ledger: EvidenceLedger) -> None:
    grow(ledger, 0, 0, 3)
    forged = ledger.sign_extend(
        STRANGER,
        nonce=1,
        log_id=LOG_ID,
        previous_size=3,
        size=5,
        root=b"\x99" * 32,
        consistency=TREE.consistency_proof(3, 5),
        heads=[],
    )
    ledger.submit(forged.raw)
    assert "inconsistent" in str(ledger.revert_reason(forged.hash))
    assert ledger.state(LOG_ID).size == 3


def test_head_that_skips_the_stored_one_is_refused(ledger: EvidenceLedger) -> None:
    grow(ledger, 0, 0, 3, first_head(STREAM, LEAVES[2]))
    tx = sign_growth(ledger, 1, 3, 4, [first_head(STREAM, LEAVES[3])])
    ledger.submit(tx.raw)
    assert "head mismatch" in str(ledger.revert_reason(tx.hash))


def test_reason_of_an_accepted_transaction_is_said_to_be_none(ledger: EvidenceLedger) -> None:
    tx_hash = grow(ledger, 0, 0, 1)
    assert "alone it would accept it" in str(ledger.revert_reason(tx_hash))


def test_reason_of_an_unknown_transaction_is_an_error(ledger: EvidenceLedger) -> None:
    with pytest.raises(RpcError, match="the node has none"):
        ledger.revert_reason(bytes(32))


def test_account_that_is_no_sequencer_is_refused(ledger: EvidenceLedger) -> None:
    nonce = ledger.next_nonce(address_of(SENDER))
    tx = sign_growth(ledger, nonce, 0, 1, account=SENDER)
    ledger.submit(tx.raw)
    assert "not a sequencer" in str(ledger.revert_reason(tx.hash))


def test_granting_twice_sends_nothing(ledger: EvidenceLedger, chain: EmbeddedChain) -> None:
    height = chain.head.number
    ledger.grant_sequencer(SENDER, LOG_ID, address_of(STRANGER))
    assert chain.head.number == height
    ledger.grant_sequencer(SENDER, OTHER_LOG, address_of(STRANGER))
    assert chain.head.number == height + 1


def test_stranger_cannot_grant(ledger: EvidenceLedger) -> None:
    with pytest.raises(ContractError, match="not an administrator"):
        ledger.grant_sequencer(STRANGER, OTHER_LOG, address_of(STRANGER))


def test_extension_is_found_by_log_and_size(ledger: EvidenceLedger) -> None:
    first, second = grow(ledger, 0, 0, 3), grow(ledger, 1, 3, 10)
    assert ledger.find_extension(LOG_ID, 3) == first
    assert ledger.find_extension(LOG_ID, 10) == second
    assert ledger.find_extension(LOG_ID, 4) is None
    assert ledger.find_extension(OTHER_LOG, 3) is None


def test_extension_is_found_in_every_window_of_blocks(
    ledger: EvidenceLedger, chain: EmbeddedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain.ledger.LOG_WINDOW_BLOCKS", 3)
    found = {}
    for nonce, (old, new) in enumerate([(0, 2), (2, 3), (3, 5), (5, 6), (6, 9)]):
        found[new] = grow(ledger, nonce, old, new)
        for _ in range(nonce):
            chain.mine([])
    assert {size: ledger.find_extension(LOG_ID, size) for size in range(11)} == {
        size: found.get(size) for size in range(11)
    }


def test_extension_before_the_first_block_asked_for_is_not_found(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    tx_hash = grow(ledger, 0, 0, 3)
    height = chain.head.number
    assert ledger.find_extension(LOG_ID, 3, from_block=height) == tx_hash
    assert ledger.find_extension(LOG_ID, 3, from_block=height + 1) is None


def test_anchor_proof_shows_the_extension_to_the_offline_verifier(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    first = sign_growth(ledger, 0, 0, 3)
    second = sign_growth(ledger, 1, 3, 10, [first_head(STREAM, LEAVES[9])])
    block = chain.mine([first.raw, second.raw])
    proof = ledger.anchor_proof(second.hash)
    header = sealed(chain, proof.header)
    extension = parse_extended(verify_receipt_log(header, proof), ledger.address)
    assert header.block_hash == block.hash
    assert (extension.log_id, extension.previous_size, extension.size) == (LOG_ID, 3, 10)
    assert (extension.root, extension.sequencer) == (TREE.root(10), address_of(STRANGER))


def test_anchor_proof_of_a_neighbour_shows_another_extension(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    first, second = sign_growth(ledger, 0, 0, 3), sign_growth(ledger, 1, 3, 10)
    chain.mine([first.raw, second.raw])
    proof = ledger.anchor_proof(first.hash)
    header = sealed(chain, proof.header)
    assert parse_extended(verify_receipt_log(header, proof), ledger.address).size == 3
    with pytest.raises(TrieProofError):
        verify_receipt_log(header, replace(proof, transaction_index=1))


def test_anchor_proof_does_not_verify_in_another_block(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    first, second = grow(ledger, 0, 0, 3), grow(ledger, 1, 3, 10)
    proof, other = ledger.anchor_proof(first), ledger.anchor_proof(second)
    with pytest.raises(TrieProofError):
        verify_receipt_log(sealed(chain, other.header), proof)
    with pytest.raises(TrieProofError):
        verify_receipt_log(sealed(chain, other.header), replace(proof, header=other.header))


def test_transaction_that_extends_nothing_has_no_anchor_proof(ledger: EvidenceLedger) -> None:
    refused = sign_growth(ledger, 0, 1, 2)
    with pytest.raises(RpcError, match="not mined"):
        ledger.anchor_proof(refused.hash)
    ledger.submit(refused.raw)
    with pytest.raises(ContractError, match="not an extension"):
        ledger.anchor_proof(refused.hash)


def test_extension_of_another_contract_has_no_anchor_proof(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    tx_hash = grow(ledger, 0, 0, 3)
    web3 = chain.web3()
    other = EvidenceLedger(web3, deploy_ledger(web3, SENDER))
    with pytest.raises(ContractError, match="not an extension"):
        other.anchor_proof(tx_hash)


def test_head_proof_shows_the_head_to_the_offline_verifier(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    grow(ledger, 0, 0, 3, first_head(STREAM, LEAVES[2]), first_head(OTHER_STREAM, LEAVES[1]))
    proof = ledger.head_proof(LOG_ID, STREAM, chain.head.number)
    assert stored_head(chain, ledger, proof, LOG_ID, STREAM) == head_commitment(1, LEAVES[2])


def test_head_proof_does_not_verify_for_a_neighbour(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    grow(ledger, 0, 0, 3, first_head(STREAM, LEAVES[2]), first_head(OTHER_STREAM, LEAVES[1]))
    proof = ledger.head_proof(LOG_ID, STREAM, chain.head.number)
    for log_id, stream in ((LOG_ID, OTHER_STREAM), (OTHER_LOG, STREAM)):
        try:
            shown = stored_head(chain, ledger, proof, log_id, stream)
        except TrieProofError:
            continue
        # The path may part before the leaf; then the same nodes show absence, never this head.
        assert shown == NO_HEAD
        assert ledger.head(log_id, stream) == NO_HEAD


def test_stream_without_a_head_is_proved_absent(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    grow(ledger, 0, 0, 3, first_head(STREAM, LEAVES[2]))
    proof = ledger.head_proof(LOG_ID, OTHER_STREAM, chain.head.number)
    assert stored_head(chain, ledger, proof, LOG_ID, OTHER_STREAM) == NO_HEAD


def test_head_proof_of_an_old_block_shows_the_old_head(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    before = chain.head.number
    grow(ledger, 0, 0, 3, first_head(STREAM, LEAVES[2]))
    moved = HeadMove(
        stream=STREAM,
        previous_sequence=1,
        previous_leaf=LEAVES[2],
        sequence=4,
        leaf=LEAVES[5],
    )
    grow(ledger, 1, 3, 6, moved)
    shown = [
        stored_head(chain, ledger, ledger.head_proof(LOG_ID, STREAM, height), LOG_ID, STREAM)
        for height in range(before, before + 3)
    ]
    assert shown == [NO_HEAD, head_commitment(1, LEAVES[2]), head_commitment(4, LEAVES[5])]


def test_head_proof_above_the_chain_is_an_error(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    with pytest.raises(RpcError, match="header not found"):
        ledger.head_proof(LOG_ID, STREAM, chain.head.number + 1)


def test_address_without_a_contract_is_an_error(chain: EmbeddedChain) -> None:
    with pytest.raises(RpcError):
        EvidenceLedger(chain.web3(), b"\x01" * 20).state(LOG_ID)


def test_largest_extension_keeps_within_the_gas_it_is_signed_with(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    grow(ledger, 0, 0, 85)
    heads = [first_head(bytes([number]) * 32, LEAVES[number]) for number in range(1, 65)]
    tx = sign_growth(ledger, 1, 85, 400, heads)
    ledger.submit(tx.raw)
    receipt = chain.web3().eth.get_transaction_receipt(tx.hash)
    assert receipt["status"] == 1
    gas = chain.web3().eth.get_transaction(tx.hash)["gas"]
    # A quarter of the bound is to spare even here, where all heads are new.
    assert receipt["gasUsed"] < gas * 3 // 4, (receipt["gasUsed"], gas)


def test_long_consistency_proof_keeps_within_the_gas_of_its_nodes(
    ledger: EvidenceLedger, chain: EmbeddedChain
) -> None:
    grow(ledger, 0, 0, 1)
    eth = chain.web3().eth
    short, long = sign_growth(ledger, 1, 1, 2), sign_growth(ledger, 2, 2, 400)
    used = []
    for tx in (short, long):
        ledger.submit(tx.raw)
        used.append(eth.get_transaction_receipt(tx.hash)["gasUsed"])
    nodes = len(TREE.consistency_proof(2, 400)) - len(TREE.consistency_proof(1, 2))
    assert nodes == 7
    assert (used[1] - used[0]) / nodes < 5_000
