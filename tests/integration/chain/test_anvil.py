"""The embedded chain and anvil give the same results for the same signed transactions.

anvil is an Ethereum node on revm, which shares no code with py-evm. Block hashes differ by design,
for the embedded chain seals its blocks; what transactions do must not differ.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import Web3

from chain.contract import head_slot
from chain.embedded import EmbeddedChain, open_embedded_chain
from chain.errors import RpcError
from chain.ledger import EvidenceLedger, HeadMove, deploy_ledger
from contracts import load_artifact
from tests.integration.chain import anvil_process
from tests.unit.chain.embedded.sending import (
    COUNTER,
    REFUSER,
    SENDER,
    STRANGER,
    address_of,
    sign,
    sign_creation,
    sign_typed,
)
from tests.unit.chain.growing import (
    LEAVES,
    LOG_ID,
    OTHER_STREAM,
    STREAM,
    first_head,
    sign_growth,
)

pytestmark = pytest.mark.slow

COMPARED = ("transactionsRoot", "receiptsRoot", "logsBloom", "gasUsed")
# The state root is compared apart: anvil leaves accounts in the state that were touched and stayed
# empty (the coinbase, a precompiled contract), which EIP-161 removes.


@pytest.fixture(scope="module")
def anvil() -> str:
    try:
        return anvil_process.install()
    except anvil_process.NotInstalledError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture
def node(anvil: str, tmp_path: Path) -> Iterator[Web3]:
    with anvil_process.running(anvil, tmp_path / "anvil.log") as node:
        yield node


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[EmbeddedChain]:
    with open_embedded_chain(tmp_path / "chain") as chain:
        yield chain


def ledger_transactions(ledger: EvidenceLedger) -> list[bytes]:
    """Everything the product sends after the deployment, and extensions the contract refuses."""
    contract = Web3().eth.contract(abi=list(load_artifact().abi))
    sequencer = to_checksum_address(STRANGER.address)
    to = to_checksum_address(ledger.address)
    grant = contract.encode_abi("add_sequencer", [LOG_ID, sequencer])
    moved = HeadMove(
        stream=STREAM, previous_sequence=1, previous_leaf=LEAVES[6], sequence=3, leaf=LEAVES[30]
    )
    many = [first_head(bytes([number]) * 32, LEAVES[number]) for number in range(64, 128)]
    growths = [
        sign_growth(ledger, 0, 0, 1),
        sign_growth(ledger, 1, 1, 7, [first_head(STREAM, LEAVES[6])]),
        sign_growth(ledger, 2, 3, 9),  # stale
        sign_growth(ledger, 3, 7, 31, [moved, first_head(OTHER_STREAM, LEAVES[29])]),
        sign_growth(ledger, 4, 31, 40, [moved]),  # head mismatch
        sign_growth(ledger, 5, 31, 400, many),
    ]
    return [
        sign(1, to=to, data=grant),
        sign(2, to=to, data=grant),  # already a sequencer
        *(growth.raw for growth in growths),
        sign_growth(ledger, 3, 400, 400, account=SENDER).raw,  # not a sequencer
    ]


def assert_same_block(chain: EmbeddedChain, node: Web3) -> None:
    """The newest blocks of both agree in everything that transactions decide."""
    ours, theirs = chain.web3().eth.get_block("latest"), node.eth.get_block("latest")
    assert {name: ours[name] for name in COMPARED} == {name: theirs[name] for name in COMPARED}
    assert len(theirs["transactions"]) > 0


def mine_together(chain: EmbeddedChain, node: Web3, raws: Sequence[bytes]) -> None:
    """One block of each holds all these transactions."""
    request(node, "evm_setAutomine", False)
    for raw in raws:
        node.eth.send_raw_transaction(raw)
    request(node, "evm_mine")
    chain.mine(raws)


def request(node: Web3, method: Any, *params: Any) -> Any:
    response = node.provider.make_request(method, list(params))
    assert "error" not in response, response
    return response["result"]


def test_ledger_in_single_transaction_blocks(chain: EmbeddedChain, node: Web3) -> None:
    ours = EvidenceLedger(chain.web3(), deploy_ledger(chain.web3(), SENDER))
    theirs = EvidenceLedger(node, deploy_ledger(node, SENDER))
    assert ours.address == theirs.address
    assert_same_block(chain, node)
    statuses = []
    for raw in ledger_transactions(ours):
        tx_hash = ours.submit(raw)
        assert theirs.submit(raw) == tx_hash
        node.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.02)
        assert_same_block(chain, node)
        found = ours.mined(tx_hash), theirs.mined(tx_hash)
        assert found[0] is not None
        assert found[1] is not None
        assert found[0].status == found[1].status
        statuses.append(found[0].status)
    assert statuses == [1, 0, 1, 1, 0, 1, 0, 1, 0]
    assert_same_ledger(ours, theirs)
    assert_same_storage(chain.web3(), node, ours.address)


def test_ledger_in_one_block(chain: EmbeddedChain, node: Web3) -> None:
    ours = EvidenceLedger(chain.web3(), deploy_ledger(chain.web3(), SENDER))
    deploy_ledger(node, SENDER)
    mine_together(chain, node, ledger_transactions(ours))
    assert_same_block(chain, node)
    assert_same_storage(chain.web3(), node, ours.address)


def test_typed_and_plain_transactions_in_one_block(chain: EmbeddedChain, node: Web3) -> None:
    raws = [
        sign(0),
        sign_creation(1, COUNTER),
        sign_creation(2, REFUSER),
        sign_typed(3, to=None, data=COUNTER),
        sign_typed(0, account=STRANGER, data=b"\x00\x01"),
    ]
    mine_together(chain, node, raws)
    assert_same_block(chain, node)


def test_state_root_where_no_account_stays_empty(chain: EmbeddedChain, node: Web3) -> None:
    request(node, "anvil_setCoinbase", SENDER.address)
    created = node.eth.send_raw_transaction(sign_creation(0, COUNTER))
    chain.mine([sign_creation(0, COUNTER)])
    to = node.eth.wait_for_transaction_receipt(created)["contractAddress"]
    mine_together(chain, node, [sign(1, to=to), sign_typed(2, to=to)])
    assert_same_block(chain, node)
    roots = [eth.get_block("latest")["stateRoot"] for eth in (chain.web3().eth, node.eth)]
    assert roots[0] == roots[1]


def test_binding_reads_the_same_from_both(chain: EmbeddedChain, node: Web3) -> None:
    ours = EvidenceLedger(chain.web3(), deploy_ledger(chain.web3(), SENDER))
    theirs = EvidenceLedger(node, deploy_ledger(node, SENDER))
    for ledger in (ours, theirs):
        ledger.grant_sequencer(SENDER, LOG_ID, address_of(STRANGER))
    refused = sign_growth(ours, 0, 5, 6)
    grown = sign_growth(ours, 1, 0, 7, [first_head(STREAM, LEAVES[6])])
    for ledger, web3 in ((ours, chain.web3()), (theirs, node)):
        ledger.submit(refused.raw)
        ledger.submit(grown.raw)
        ledger.submit(grown.raw)
        web3.eth.wait_for_transaction_receipt(grown.hash, poll_latency=0.02)
        assert "stale" in str(ledger.revert_reason(refused.hash))
        assert ledger.find_extension(LOG_ID, 7) == grown.hash
        assert ledger.find_extension(LOG_ID, 6) is None
        assert ledger.next_nonce(address_of(STRANGER)) == 2
    assert_same_ledger(ours, theirs)


def test_unreachable_node_is_an_error(anvil: str, tmp_path: Path) -> None:
    with anvil_process.running(anvil, tmp_path / "anvil.log") as node:
        ledger = EvidenceLedger(node, deploy_ledger(node, SENDER))
    with pytest.raises(RpcError):
        ledger.state(LOG_ID)


def assert_same_ledger(ours: EvidenceLedger, theirs: EvidenceLedger) -> None:
    assert ours.state(LOG_ID) == theirs.state(LOG_ID)
    for stream in (STREAM, OTHER_STREAM, b"\x40" * 32, b"\x99" * 32):
        assert ours.head(LOG_ID, stream) == theirs.head(LOG_ID, stream)


def assert_same_storage(ours: Web3, theirs: Web3, address: bytes) -> None:
    """Both prove the same slots of the contract by the same nodes."""
    slots = [int.from_bytes(head_slot(LOG_ID, key), "big") for key in (STREAM, b"\x99" * 32)]
    found = [node.eth.get_proof(to_checksum_address(address), slots) for node in (ours, theirs)]
    for name in ("storageHash", "codeHash", "nonce"):
        assert found[0][name] == found[1][name]
    for our_slot, their_slot in zip(
        found[0]["storageProof"], found[1]["storageProof"], strict=True
    ):
        assert our_slot["proof"] == their_slot["proof"]
