"""The embedded chain through web3, as any client sees it."""

from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.exceptions import (
    BlockNotFound,
    ContractLogicError,
    TransactionNotFound,
    Web3RPCError,
)

from chain import rlp
from chain.embedded import DEFAULT_CHAIN_ID, EmbeddedChain
from chain.header import parse_header
from chain.keccak import keccak256
from chain.mpt import verify_trie_proof
from chain.prover import list_root
from tests.unit.chain.embedded.sending import (
    COUNTER,
    REFUSER,
    SENDER,
    STRANGER,
    sign,
    sign_creation,
    sign_typed,
)

TOPIC_7 = "0x" + "07" * 32


@pytest.fixture
def web3(chain: EmbeddedChain) -> Web3:
    return chain.web3()


@pytest.fixture
def counter(web3: Web3) -> Any:
    """The address of a counter contract, created in block 1."""
    tx_hash = web3.eth.send_raw_transaction(sign_creation(0, COUNTER))
    return web3.eth.get_transaction_receipt(tx_hash)["contractAddress"]


def request(web3: Web3, method: Any, *params: Any) -> Any:
    """The response of the provider as it is."""
    return web3.provider.make_request(method, list(params))


def test_chain_names_itself_a_sandbox(web3: Web3) -> None:
    assert "sandbox" in web3.client_version
    assert web3.is_connected()
    assert web3.eth.chain_id == DEFAULT_CHAIN_ID
    assert web3.net.version == str(DEFAULT_CHAIN_ID)


def test_each_accepted_transaction_makes_a_block(web3: Web3) -> None:
    assert web3.eth.block_number == 0
    web3.eth.send_raw_transaction(sign(0))
    web3.eth.send_raw_transaction(sign_typed(1))
    assert web3.eth.block_number == 2


def test_block_is_the_same_by_number_and_by_hash(web3: Web3, chain: EmbeddedChain) -> None:
    block = chain.mine([sign(0), sign_typed(1)])
    by_number = web3.eth.get_block(1)
    assert by_number == web3.eth.get_block(by_number["hash"])
    assert bytes(by_number["hash"]) == block.hash
    assert [bytes(tx) for tx in by_number["transactions"]] == [tx.hash for tx in block.txs]
    assert by_number["gasUsed"] == 42_000


def test_unknown_block_is_not_found(web3: Web3) -> None:
    for unknown in (1, b"\x01" * 32):
        with pytest.raises(BlockNotFound):
            web3.eth.get_block(unknown)


@pytest.mark.parametrize("name", ["latest", "pending", "safe", "finalized"])
def test_every_name_of_the_newest_block_means_it(web3: Web3, name: Any) -> None:
    web3.eth.send_raw_transaction(sign(0))
    assert web3.eth.get_block(name)["number"] == 1
    assert web3.eth.get_transaction_count(SENDER.address, name) == 1


def test_earliest_block_is_genesis(web3: Web3) -> None:
    web3.eth.send_raw_transaction(sign(0))
    assert web3.eth.get_block("earliest")["number"] == 0
    assert web3.eth.get_transaction_count(SENDER.address, "earliest") == 0


def test_state_of_an_old_block_is_kept(web3: Web3, counter: Any) -> None:
    for nonce in (1, 2):
        web3.eth.send_raw_transaction(sign(nonce, to=counter))
    counts = [int(web3.eth.get_storage_at(counter, 0, height).hex(), 16) for height in (1, 2, 3)]
    assert counts == [0, 1, 2]


def test_state_above_the_newest_block_is_refused(web3: Web3) -> None:
    with pytest.raises(Web3RPCError, match="header not found"):
        web3.eth.get_balance(SENDER.address, 1)


def test_transaction_is_the_one_that_was_sent(web3: Web3) -> None:
    raws = {0: sign(0, data=b"\x01\x02"), 2: sign_typed(1, data=b"\x01\x02")}
    for tx_type, raw in raws.items():
        found = web3.eth.get_transaction(web3.eth.send_raw_transaction(raw))
        assert found["type"] == tx_type
        assert found["from"] == SENDER.address
        assert bytes(found["input"]) == b"\x01\x02"
        assert found["chainId"] == DEFAULT_CHAIN_ID


def test_legacy_transaction_can_be_rebuilt_from_its_fields(web3: Web3) -> None:
    raw = sign(0)
    found = web3.eth.get_transaction(web3.eth.send_raw_transaction(raw))
    numbers = [found["nonce"], found["gasPrice"], found["gas"], found["value"]]
    nonce, price, gas, value = (rlp.encode_scalar(number) for number in numbers)
    signature = [rlp.encode_scalar(int(found["v"])), bytes(found["r"]), bytes(found["s"])]
    to = bytes.fromhex(found["to"][2:])
    signature = [item.lstrip(b"\x00") for item in signature]
    assert rlp.encode([nonce, price, gas, to, value, b"", *signature]) == raw


def test_unknown_transaction_is_not_found(web3: Web3) -> None:
    with pytest.raises(TransactionNotFound):
        web3.eth.get_transaction(b"\x01" * 32)
    with pytest.raises(TransactionNotFound):
        web3.eth.get_transaction_receipt(b"\x01" * 32)


def test_receipts_count_gas_and_logs_through_the_block(
    web3: Web3, chain: EmbeddedChain, counter: Any
) -> None:
    block = chain.mine([sign(nonce, to=counter) for nonce in (1, 2)])
    first, second = (web3.eth.get_transaction_receipt(tx.hash) for tx in block.txs)
    assert second["cumulativeGasUsed"] == first["gasUsed"] + second["gasUsed"]
    assert [log["logIndex"] for log in (*first["logs"], *second["logs"])] == [0, 1]
    assert (first["status"], second["status"]) == (1, 1)


def test_contract_address_is_where_its_code_is(web3: Web3, counter: Any) -> None:
    assert bytes(web3.eth.get_code(counter)) == COUNTER[12:]
    assert bytes(web3.eth.get_code(STRANGER.address)) == b""


def test_raw_header_and_receipts_are_those_of_the_block(
    web3: Web3, chain: EmbeddedChain, counter: Any
) -> None:
    chain.mine([sign_typed(1, to=counter), sign_creation(2, REFUSER)])
    header = bytes.fromhex(request(web3, "debug_getRawHeader", "0x2")["result"][2:])
    receipts = request(web3, "debug_getRawReceipts", "latest")["result"]
    root = list_root([bytes.fromhex(receipt[2:]) for receipt in receipts])
    assert parse_header(header).receipts_root == root
    assert len(receipts) == 2


def test_call_is_executed_without_being_kept(web3: Web3, counter: Any) -> None:
    for _ in range(2):
        assert int(web3.eth.call({"to": counter}).hex(), 16) == 1
    assert web3.eth.block_number == 1


def test_reverted_call_raises_the_text_of_the_contract(web3: Web3) -> None:
    with pytest.raises(ContractLogicError, match="execution reverted: wrong") as caught:
        web3.eth.call({"data": REFUSER})
    assert str(caught.value.data).startswith("0x08c379a0")


def test_failed_call_that_is_no_revert_is_an_error(web3: Web3) -> None:
    with pytest.raises(Web3RPCError, match="InvalidInstruction"):
        web3.eth.call({"data": b"\xfe"})


def test_estimate_is_the_least_gas_that_suffices(web3: Web3, counter: Any) -> None:
    estimate = web3.eth.estimate_gas({"from": SENDER.address, "to": counter})
    too_little = web3.eth.send_raw_transaction(sign(1, to=counter, gas=estimate - 1))
    enough = web3.eth.send_raw_transaction(sign(2, to=counter, gas=estimate))
    assert web3.eth.get_transaction_receipt(too_little)["status"] == 0
    assert web3.eth.get_transaction_receipt(enough)["status"] == 1


def test_estimate_of_a_plain_transaction_is_its_intrinsic_gas(web3: Web3) -> None:
    assert web3.eth.estimate_gas({"to": STRANGER.address}) == 21_000


def test_estimate_of_a_reverting_call_raises_its_text(web3: Web3) -> None:
    with pytest.raises(ContractLogicError, match="wrong"):
        web3.eth.estimate_gas({"data": REFUSER})


def test_logs_are_found_by_address_topic_and_range(
    web3: Web3, chain: EmbeddedChain, counter: Any
) -> None:
    chain.mine([sign(1, to=counter), sign(2, to=counter, data=b"\x07" * 32)])
    chain.mine([sign(3, to=counter, data=b"\x07" * 32)])

    def places(**wanted: Any) -> list[tuple[int, int]]:
        found = web3.eth.get_logs({"fromBlock": 0, **wanted})
        return [(log["blockNumber"], log["logIndex"]) for log in found]

    assert places() == [(2, 0), (2, 1), (3, 0)]
    assert places(topics=[TOPIC_7]) == [(2, 1), (3, 0)]
    assert places(topics=[[TOPIC_7, "0x" + "00" * 32]]) == [(2, 0), (2, 1), (3, 0)]
    assert places(topics=[None]) == [(2, 0), (2, 1), (3, 0)]
    assert places(topics=[TOPIC_7, TOPIC_7]) == []
    assert places(fromBlock=3) == [(3, 0)]
    assert places(toBlock=2, topics=[TOPIC_7]) == [(2, 1)]
    assert places(fromBlock=9) == []
    assert places(address=counter, topics=[TOPIC_7]) == [(2, 1), (3, 0)]
    assert places(address=[STRANGER.address]) == []


def test_logs_of_one_block_are_found_by_its_hash(
    web3: Web3, chain: EmbeddedChain, counter: Any
) -> None:
    block = chain.mine([sign(1, to=counter)])
    chain.mine([sign(2, to=counter)])
    (log,) = web3.eth.get_logs({"blockHash": block.hash})
    assert bytes(log["transactionHash"]) == block.txs[0].hash


def test_account_and_storage_proofs_lead_to_the_state_root(web3: Web3, counter: Any) -> None:
    web3.eth.send_raw_transaction(sign(1, to=counter))
    proof = web3.eth.get_proof(counter, [0, 1], 2)
    root = bytes(web3.eth.get_block(2)["stateRoot"])
    path = keccak256(bytes.fromhex(counter[2:]))
    assert verify_trie_proof(root, path, [bytes(node) for node in proof["accountProof"]])
    stored, absent = proof["storageProof"]
    storage_root = bytes(proof["storageHash"])
    assert (int(stored["value"].hex(), 16), int(absent["value"].hex(), 16)) == (1, 0)
    for slot, value in ((stored, b"\x01"), (absent, None)):
        key = keccak256(bytes(slot["key"]).rjust(32, b"\x00"))
        nodes = [bytes(node) for node in slot["proof"]]
        assert verify_trie_proof(storage_root, key, nodes) == value


def test_unused_account_is_proved_absent(web3: Web3, counter: Any) -> None:
    proof = web3.eth.get_proof(to_checksum_address("0x" + "99" * 20), [], "latest")
    assert (proof["nonce"], proof["balance"], proof["storageProof"]) == (0, 0, [])


def test_gas_is_free(web3: Web3) -> None:
    for nonce in range(3):
        web3.eth.send_raw_transaction(sign(nonce))
    history = web3.eth.fee_history(2, "latest", [10, 50])
    assert history["oldestBlock"] == 2
    assert history["baseFeePerGas"] == [0, 0, 0]
    assert history["reward"] == [[0, 0], [0, 0]]
    assert (web3.eth.gas_price, web3.eth.max_priority_fee) == (0, 0)


def test_validators_are_those_of_the_header(web3: Web3, chain: EmbeddedChain) -> None:
    found = request(web3, "qbft_getValidatorsByBlockNumber", "latest")["result"]
    assert found == ["0x" + chain.identity.validator.hex()]


def test_duplicate_transaction_is_answered_as_geth_does(web3: Web3) -> None:
    web3.eth.send_raw_transaction(sign(0))
    response = request(web3, "eth_sendRawTransaction", "0x" + sign(0).hex())
    assert response["error"] == {"code": -32000, "message": "already known"}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("eth_unheardOf", [], -32601),
        ("eth_getBalance", [], -32602),
        ("eth_chainId", ["surplus"], -32602),
        ("eth_getBalance", ["0x01", "latest"], -32602),
        ("eth_getBalance", [SENDER.address, "newest"], -32602),
        ("eth_getTransactionByHash", ["01" * 32], -32602),
        ("eth_getTransactionByHash", [None], -32602),
        ("eth_sendRawTransaction", ["0x0"], -32602),
        ("eth_getBlockByHash", ["0x" + "00" * 31], -32602),
    ],
)
def test_malformed_request_is_answered_with_its_code(
    web3: Web3, method: str, params: list[Any], code: int
) -> None:
    assert request(web3, method, *params)["error"]["code"] == code
