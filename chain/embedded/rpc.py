"""The JSON-RPC methods of the embedded chain.

Owns which methods there are and what their parameters mean; JSON in, JSON out. Leaves the field
names of the answers to :mod:`chain.embedded.wire` and the transport to
:mod:`chain.embedded.provider`. Behaviour follows geth where the specification is silent
(https://ethereum.github.io/execution-apis/, EIP-1186, EIP-1898, Besu's qbft_ methods).
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import rlp
from eth.abc import ComputationAPI
from eth.exceptions import Revert
from eth.rlp.accounts import Account
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import Address
from rlp.sedes import big_endian_int

from chain.embedded.blocks import LogFilter, StoredBlock
from chain.embedded.chain import EmbeddedChain
from chain.embedded.engine import GAS_LIMIT, Call, simulate
from chain.embedded.refusal import INVALID_PARAMS, METHOD_NOT_FOUND, REVERTED, RefusedError
from chain.embedded.state import StateOverlay
from chain.embedded.wire import (
    block_json,
    data_hex,
    log_json,
    read_data,
    read_quantity,
    receipt_json,
    transaction_json,
)
from chain.header import parse_header
from chain.keccak import keccak256
from chain.mpt import verify_trie_proof
from chain.prover import prove_key
from chain.qbft import parse_extra_data

_ERROR_SELECTOR = keccak256(b"Error(string)")[:4]
_NEWEST = ("latest", "pending", "safe", "finalized")
# One validator and immediate finality: all four name the newest block.


class ChainRpc:
    """Answers one request at a time for an open chain."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._store = chain.store
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "zhenglian-embedded/1 (sandbox)",
            "net_version": lambda: str(chain.chain_id),
            "eth_chainId": lambda: hex(chain.chain_id),
            "eth_blockNumber": lambda: hex(chain.store.height()),
            "eth_gasPrice": lambda: "0x0",
            "eth_maxPriorityFeePerGas": lambda: "0x0",
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": self._logs,
            "eth_sendRawTransaction": self._send_raw,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate_gas,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getCode": self._code,
            "eth_getStorageAt": self._storage_at,
            "eth_getProof": self._proof,
            "debug_getRawHeader": self._raw_header,
            "debug_getRawReceipts": self._raw_receipts,
            "qbft_getValidatorsByBlockNumber": self._validators,
        }

    def answer(self, method: str, params: list[Any]) -> Any:
        """The result of the method, as JSON values.

        Raises:
            RefusedError: with the code, the message and the data of a JSON-RPC error.
        """
        handler = self._methods.get(method)
        if handler is None:
            raise RefusedError(f"the method {method} does not exist", code=METHOD_NOT_FOUND)
        try:
            arguments = signature(handler).bind(*params)
        except TypeError as error:
            raise RefusedError(f"{error} in {method}", code=INVALID_PARAMS) from error
        with self._chain.turn():
            return handler(*arguments.args)

    # Blocks

    def _height(self, selector: Any) -> int:
        """The height that a block parameter names (EIP-1898 objects included)."""
        if isinstance(selector, dict):
            if "blockHash" in selector:
                return self._height_of(read_data(selector["blockHash"], 32))
            selector = selector.get("blockNumber")
        if selector in _NEWEST:
            return self._store.height()
        number = 0 if selector == "earliest" else read_quantity(selector)
        if not 0 <= number <= self._store.height():
            raise RefusedError("header not found")
        return number

    def _height_of(self, block_hash: bytes) -> int:
        number = self._store.block_number(block_hash)
        if number is None:
            raise RefusedError("header not found")
        return number

    def _stored(self, number: int) -> StoredBlock:
        block = self._store.block(number)
        if block is None:
            raise RefusedError("header not found")
        return block

    def _block_by_number(self, selector: Any, full: bool = False) -> Any:
        if selector not in (*_NEWEST, "earliest"):
            block = self._store.block(read_quantity(selector))
            return block and block_json(block, self._chain.chain_id, full=full)
        return block_json(self._stored(self._height(selector)), self._chain.chain_id, full=full)

    def _block_by_hash(self, block_hash: Any, full: bool = False) -> Any:
        number = self._store.block_number(read_data(block_hash, 32))
        if number is None:
            return None
        return block_json(self._stored(number), self._chain.chain_id, full=full)

    def _raw_header(self, selector: Any) -> str:
        return data_hex(self._stored(self._height(selector)).header)

    def _raw_receipts(self, selector: Any) -> list[str]:
        return [data_hex(tx.receipt) for tx in self._stored(self._height(selector)).txs]

    def _validators(self, selector: Any) -> list[str]:
        header = parse_header(self._stored(self._height(selector)).header)
        return [data_hex(address) for address in parse_extra_data(header.extra_data).validators]

    def _fee_history(self, count: Any, newest: Any, percentiles: Any = None) -> dict[str, Any]:
        last = self._height(newest)
        wanted = count if isinstance(count, int) else read_quantity(count)
        first = max(0, last - wanted + 1)
        headers = [self._chain.header(number) for number in range(first, last + 1)]
        history: dict[str, Any] = {
            "oldestBlock": hex(first),
            "baseFeePerGas": ["0x0"] * (len(headers) + 1),
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        }
        if percentiles:
            history["reward"] = [["0x0"] * len(percentiles) for _ in headers]
        return history

    # Transactions and logs

    def _send_raw(self, raw: Any) -> str:
        return data_hex(self._chain.mine([read_data(raw)]).txs[0].hash)

    def _transaction(self, tx_hash: Any) -> Any:
        tx = self._store.tx(read_data(tx_hash, 32))
        if tx is None:
            return None
        return transaction_json(tx, self._stored(tx.block_number).hash, self._chain.chain_id)

    def _receipt(self, tx_hash: Any) -> Any:
        tx = self._store.tx(read_data(tx_hash, 32))
        if tx is None:
            return None
        return receipt_json(tx, self._stored(tx.block_number), self._chain.chain_id)

    def _logs(self, wanted: Any) -> list[dict[str, Any]]:
        if "blockHash" in wanted:
            first = last = self._height_of(read_data(wanted["blockHash"], 32))
        else:
            first, last = (
                self._log_bound(wanted.get(name, "latest")) for name in ("fromBlock", "toBlock")
            )
        addresses = _one_or_many(wanted.get("address"), 20)
        topics = tuple(_one_or_many(topic, 32) for topic in wanted.get("topics") or ())
        found = []
        blocks: dict[int, StoredBlock] = {}
        for log in self._store.logs(
            LogFilter(first_block=first, last_block=last, addresses=addresses, topics=topics)
        ):
            block = blocks.setdefault(log.block_number, self._stored(log.block_number))
            found.append(log_json(log, block.txs[log.tx_index].hash, block.hash))
        return found

    def _log_bound(self, selector: Any) -> int:
        """A bound of a log range, which may lie above the newest block."""
        if selector in (*_NEWEST, "earliest"):
            return self._height(selector)
        return read_quantity(selector)

    # Execution

    def _call(self, call: Any, selector: Any = "latest") -> str:
        gas = min(read_quantity(call.get("gas", hex(GAS_LIMIT))), GAS_LIMIT)
        computation, _ = self._simulate(_read_call(call), self._height(selector), gas)
        _raise_if_reverted(computation)
        return data_hex(computation.output)

    def _estimate_gas(self, call: Any, selector: Any = "latest") -> str:
        """The least gas with which the call succeeds.

        A call can need more gas than it uses: an inner call is given 63/64 of what is left, and
        refunds come at the end. So the need is searched between the use and the limit.
        """
        height, message = self._height(selector), _read_call(call)
        computation, used = self._simulate(message, height, GAS_LIMIT)
        _raise_if_reverted(computation)
        too_little, enough = used - 1, GAS_LIMIT
        guess = used
        while too_little + 1 < enough:
            if self._succeeds(message, height, guess):
                enough = guess
            else:
                too_little = guess
            guess = min((too_little + enough) // 2, too_little * 2)
        return hex(enough)

    def _succeeds(self, call: Call, height: int, gas: int) -> bool:
        computation, _ = self._simulate(call, height, gas)
        return bool(computation.is_success)

    def _simulate(self, call: Call, height: int, gas: int) -> tuple[ComputationAPI, int]:
        return simulate(self._chain.state_at(height), call, gas)

    # State

    def _balance(self, address: Any, selector: Any = "latest") -> str:
        state = self._chain.state_at(self._height(selector))
        return hex(state.get_balance(Address(read_data(address, 20))))

    def _transaction_count(self, address: Any, selector: Any = "latest") -> str:
        state = self._chain.state_at(self._height(selector))
        return hex(state.get_nonce(Address(read_data(address, 20))))

    def _code(self, address: Any, selector: Any = "latest") -> str:
        state = self._chain.state_at(self._height(selector))
        return data_hex(state.get_code(Address(read_data(address, 20))))

    def _storage_at(self, address: Any, slot: Any, selector: Any = "latest") -> str:
        state = self._chain.state_at(self._height(selector))
        value: int = state.get_storage(Address(read_data(address, 20)), read_quantity(slot))
        return data_hex(value.to_bytes(32, "big"))

    def _proof(self, address: Any, slots: Any, selector: Any = "latest") -> dict[str, Any]:
        root = self._chain.header(self._height(selector)).state_root
        nodes = StateOverlay(self._store)
        path = keccak256(read_data(address, 20))
        account_nodes = prove_key(nodes, root, path)
        raw = verify_trie_proof(root, path, account_nodes)
        account = Account() if raw is None else rlp.decode(raw, Account)
        return {
            "address": address,
            "accountProof": [data_hex(node) for node in account_nodes],
            "nonce": hex(account.nonce),
            "balance": hex(account.balance),
            "storageHash": data_hex(account.storage_root),
            "codeHash": data_hex(account.code_hash),
            "storageProof": [_storage_proof(nodes, account.storage_root, slot) for slot in slots],
        }


def _storage_proof(nodes: StateOverlay, root: bytes, slot: Any) -> dict[str, Any]:
    path = keccak256(read_quantity(slot).to_bytes(32, "big"))
    proof = prove_key(nodes, root, path)
    value = verify_trie_proof(root, path, proof)
    number = 0 if value is None else rlp.decode(value, big_endian_int)
    return {"key": slot, "value": hex(number), "proof": [data_hex(node) for node in proof]}


def _one_or_many(value: Any, size_bytes: int) -> tuple[bytes, ...]:
    """What a filter accepts: nothing given accepts everything."""
    if value is None:
        return ()
    return tuple(
        read_data(item, size_bytes) for item in (value if isinstance(value, list) else [value])
    )


def _read_call(call: Any) -> Call:
    return Call(
        sender=read_data(call.get("from", data_hex(bytes(20))), 20),
        to=read_data(call.get("to") or "0x"),
        data=read_data(call.get("input") or call.get("data") or "0x"),
        value=read_quantity(call.get("value", "0x0")),
    )


def _raise_if_reverted(computation: ComputationAPI) -> None:
    if computation.is_success:
        return
    if not isinstance(computation.error, Revert):
        raise RefusedError(f"the call failed: {type(computation.error).__name__}")
    output = bytes(computation.output)
    reason = _revert_text(output)
    message = "execution reverted" if reason is None else f"execution reverted: {reason}"
    raise RefusedError(message, code=REVERTED, data=data_hex(output))


def _revert_text(output: bytes) -> str | None:
    """The text of Error(string), or None when the contract gave none."""
    if output[:4] != _ERROR_SELECTOR:
        return None
    try:
        (text,) = decode(["string"], output[4:])
    except DecodingError:
        return None
    return str(text)
