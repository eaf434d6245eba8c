"""The JSON of the Ethereum JSON-RPC, written from the embedded chain's blocks.

Owns the field names and the two hexadecimal forms: quantities without leading zeros, data in
whole bytes (https://ethereum.org/en/developers/docs/apis/json-rpc/#conventions). Leaves the
methods to :mod:`chain.embedded.rpc`.
"""

from __future__ import annotations

from typing import Any

from eth.abc import SignedTransactionAPI

from chain import rlp
from chain.embedded.blocks import StoredBlock, StoredLog, StoredTx, logs_of
from chain.embedded.engine import read_transaction
from chain.embedded.receipts import parse_receipt
from chain.embedded.refusal import INVALID_PARAMS, RefusedError
from chain.header import parse_header
from chain.keccak import keccak256


def data_hex(value: bytes) -> str:
    """Bytes as JSON-RPC data."""
    return "0x" + value.hex()


def read_data(value: Any, size_bytes: int | None = None) -> bytes:
    """The bytes in JSON-RPC data; `size_bytes` is their exact number if it is fixed.

    Raises:
        RefusedError: it is no such data.
    """
    try:
        if not value.startswith("0x"):
            raise ValueError("no 0x")
        found = bytes.fromhex(value[2:])
    except (AttributeError, ValueError) as error:
        raise RefusedError(
            f"hexadecimal data is expected, got {value!r}", code=INVALID_PARAMS
        ) from error
    if size_bytes is not None and len(found) != size_bytes:
        raise RefusedError(
            f"{size_bytes} bytes are expected, got {len(found)}", code=INVALID_PARAMS
        )
    return found


def read_quantity(value: Any) -> int:
    """The number in a JSON-RPC quantity.

    Raises:
        RefusedError: it is no such quantity.
    """
    try:
        return int(value, 16)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"a quantity is expected, got {value!r}", code=INVALID_PARAMS) from error


def block_json(block: StoredBlock, chain_id: int, *, full: bool) -> dict[str, Any]:
    """The block as eth_getBlockByNumber gives it; `full` lists transactions, not their hashes."""
    header = parse_header(block.header)
    return {
        "number": hex(header.number),
        "hash": data_hex(block.hash),
        "parentHash": data_hex(header.parent_hash),
        "nonce": data_hex(header.nonce),
        "sha3Uncles": data_hex(header.ommers_hash),
        "logsBloom": data_hex(header.bloom),
        "transactionsRoot": data_hex(header.transactions_root),
        "stateRoot": data_hex(header.state_root),
        "receiptsRoot": data_hex(header.receipts_root),
        "miner": data_hex(header.coinbase),
        "difficulty": hex(header.difficulty),
        "totalDifficulty": hex(header.difficulty * (header.number + 1)),
        "extraData": data_hex(header.extra_data),
        "mixHash": data_hex(header.mix_hash),
        "size": hex(len(block.header) + sum(len(tx.raw) for tx in block.txs)),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "baseFeePerGas": hex(header.base_fee or 0),
        "timestamp": hex(header.timestamp),
        "uncles": [],
        "transactions": [
            transaction_json(tx, block.hash, chain_id) if full else data_hex(tx.hash)
            for tx in block.txs
        ],
    }


def transaction_json(tx: StoredTx, block_hash: bytes, chain_id: int) -> dict[str, Any]:
    """The transaction as eth_getTransactionByHash gives it."""
    signed = read_transaction(tx.raw, chain_id)
    tx_type = signed.type_id or 0
    fields: dict[str, Any] = {
        "blockHash": data_hex(block_hash),
        "blockNumber": hex(tx.block_number),
        "transactionIndex": hex(tx.index),
        "hash": data_hex(tx.hash),
        "type": hex(tx_type),
        "chainId": hex(chain_id),
        "nonce": hex(signed.nonce),
        "from": data_hex(signed.sender),
        "to": data_hex(signed.to) if signed.to else None,
        "value": hex(signed.value),
        "gas": hex(signed.gas),
        "gasPrice": hex(signed.max_priority_fee_per_gas),
        "input": data_hex(signed.data),
        # EIP-155 packs the chain id into the v of a legacy transaction.
        "v": hex(signed.y_parity if tx_type else 35 + 2 * chain_id + signed.y_parity),
        "r": hex(signed.r),
        "s": hex(signed.s),
    }
    if tx_type:
        fields["accessList"] = [
            {
                "address": data_hex(account),
                "storageKeys": [data_hex(slot.to_bytes(32, "big")) for slot in slots],
            }
            for account, slots in signed.access_list
        ]
    if tx_type == 2:
        fields["maxFeePerGas"] = hex(signed.max_fee_per_gas)
        fields["maxPriorityFeePerGas"] = hex(signed.max_priority_fee_per_gas)
    return fields


def receipt_json(tx: StoredTx, block: StoredBlock, chain_id: int) -> dict[str, Any]:
    """The receipt as eth_getTransactionReceipt gives it; `block` is the one that holds `tx`."""
    signed = read_transaction(tx.raw, chain_id)
    receipt = parse_receipt(tx.receipt)
    gas_before = parse_receipt(block.txs[tx.index - 1].receipt).cumulative_gas if tx.index else 0
    return {
        "transactionHash": data_hex(tx.hash),
        "transactionIndex": hex(tx.index),
        "blockHash": data_hex(block.hash),
        "blockNumber": hex(block.number),
        "from": data_hex(signed.sender),
        "to": data_hex(signed.to) if signed.to else None,
        "contractAddress": None if signed.to else data_hex(_created_address(signed)),
        "cumulativeGasUsed": hex(receipt.cumulative_gas),
        "gasUsed": hex(receipt.cumulative_gas - gas_before),
        "effectiveGasPrice": hex(signed.max_priority_fee_per_gas),
        "logsBloom": data_hex(receipt.bloom),
        "status": hex(receipt.status),
        "type": hex(receipt.tx_type),
        "logs": [
            log_json(log, tx.hash, block.hash) for log in logs_of(block) if log.tx_index == tx.index
        ],
    }


def log_json(log: StoredLog, tx_hash: bytes, block_hash: bytes) -> dict[str, Any]:
    """The EVM log as eth_getLogs gives it."""
    return {
        "address": data_hex(log.address),
        "topics": [data_hex(topic) for topic in log.topics],
        "data": data_hex(log.data),
        "blockNumber": hex(log.block_number),
        "blockHash": data_hex(block_hash),
        "transactionHash": data_hex(tx_hash),
        "transactionIndex": hex(log.tx_index),
        "logIndex": hex(log.log_index),
        "removed": False,
    }


def _created_address(creation: SignedTransactionAPI) -> bytes:
    """The address of the contract that a transaction without recipient creates."""
    return keccak256(rlp.encode([creation.sender, rlp.encode_scalar(creation.nonce)]))[-20:]
