"""A node's answers over JSON-RPC, turned into bytes that can be proved.

Owns the requests that every engine understands, the raw header and the raw receipts of a block, and
the conversion of web3's errors into ours. Leaves the contract to :mod:`chain.ledger` and every
decision whether a header is sealed to :mod:`chain.qbft`.

Where a node does not offer the debug_ methods, the bytes are rebuilt from its JSON; both ways end
with the same comparison against the roots and the hash, so a wrong byte is found here.

https://ethereum.github.io/execution-apis/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from web3 import Web3
from web3.exceptions import ContractLogicError, Web3Exception
from web3.types import RPCEndpoint

from chain import rlp
from chain.errors import ChainError, ContractError, RpcError
from chain.header import BlockHeader, encode_header, parse_header
from chain.prover import list_root
from chain.qbft import block_hash

_NO_SUCH_METHOD = (-32601, -32604)
# EIP-1474 "method not found"; Besu answers the second when the method's group is not enabled.

_LATER_FIELDS = (
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
)
# Header fields after the base fee, in RLP order. A header ends before the first one it lacks.
_LATER_SCALARS = ("blobGasUsed", "excessBlobGas")


@contextmanager
def node_errors() -> Iterator[None]:
    """web3's errors leave this block as ours.

    Raises:
        ContractError: the contract refused the call; the message is its reason.
        RpcError: the node did not answer, or answered with an error.
    """
    try:
        yield
    except ContractLogicError as error:
        raise ContractError(error.message or "execution reverted") from error
    except ChainError:
        raise
    except (Web3Exception, OSError, ValueError, LookupError) as error:
        raise RpcError(f"the node did not answer as expected: {error}") from error


def respond(web3: Web3, method: str, *params: Any) -> Mapping[str, Any]:
    """The node's response: JSON with `result` or `error`.

    Raises:
        RpcError: there is no response.
    """
    with node_errors():
        return web3.provider.make_request(RPCEndpoint(method), list(params))


def ask(web3: Web3, method: str, *params: Any) -> Any:
    """The node's result, as JSON.

    Raises:
        RpcError: there is no response, or it is an error.
    """
    response = respond(web3, method, *params)
    if response.get("error") is not None:
        raise RpcError(f"{method} failed: {error_message(response)}")
    return response.get("result")


def error_message(response: Mapping[str, Any]) -> str:
    """The message of an error response."""
    error = response["error"]
    return str(error.get("message", error)) if isinstance(error, Mapping) else str(error)


def raw_header(web3: Web3, height: int) -> bytes:
    """The RLP header at this height, commit seals included; it has the hash the node names.

    Raises:
        RpcError: the node has no such block, or its header has another hash.
    """
    block = ask(web3, "eth_getBlockByNumber", hex(height), False)
    if block is None:
        raise RpcError(f"block {height} is expected, the node has none")
    response = respond(web3, "debug_getRawHeader", hex(height))
    if _is_offered(response, "debug_getRawHeader"):
        raw = from_hex(response["result"])
    else:
        raw = encode_header(_header_from_json(block))
    if block_hash(parse_header(raw)) != from_hex(block["hash"]):
        raise RpcError(f"the header of block {height} does not have the hash {block['hash']}")
    return raw


def raw_receipts(web3: Web3, height: int, receipts_root: bytes) -> tuple[bytes, ...]:
    """The receipts of a block in order, as its receipts trie with this root holds them.

    Raises:
        RpcError: the node's receipts do not have this root.
    """
    response = respond(web3, "debug_getRawReceipts", hex(height))
    if _is_offered(response, "debug_getRawReceipts"):
        receipts = tuple(from_hex(receipt) for receipt in response["result"])
    else:
        block = ask(web3, "eth_getBlockByNumber", hex(height), False)
        receipts = tuple(
            _receipt_from_json(ask(web3, "eth_getTransactionReceipt", tx_hash))
            for tx_hash in block["transactions"]
        )
    if list_root(receipts) != receipts_root:
        raise RpcError(f"the receipts of block {height} do not have the root of its header")
    return receipts


def from_hex(value: str) -> bytes:
    """The bytes of JSON-RPC data.

    Raises:
        RpcError: it is no such data.
    """
    try:
        return bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError) as error:
        raise RpcError(f"hexadecimal data is expected of the node, got {value!r}") from error


def from_quantity(value: str) -> int:
    """The number of a JSON-RPC quantity.

    Raises:
        RpcError: it is no such quantity.
    """
    try:
        return int(value, 16)
    except (TypeError, ValueError) as error:
        raise RpcError(f"a quantity is expected of the node, got {value!r}") from error


def _is_offered(response: Mapping[str, Any], method: str) -> bool:
    error = response.get("error")
    if error is None:
        return True
    if isinstance(error, Mapping) and error.get("code") in _NO_SUCH_METHOD:
        return False
    raise RpcError(f"{method} failed: {error_message(response)}")


def _header_from_json(block: Mapping[str, Any]) -> BlockHeader:
    later: list[bytes] = []
    for name in _LATER_FIELDS:
        if block.get(name) is None:
            break
        value = block[name]
        later.append(
            rlp.encode_scalar(from_quantity(value)) if name in _LATER_SCALARS else from_hex(value)
        )
    base_fee = block.get("baseFeePerGas")
    return BlockHeader(
        parent_hash=from_hex(block["parentHash"]),
        ommers_hash=from_hex(block["sha3Uncles"]),
        coinbase=from_hex(block["miner"]),
        state_root=from_hex(block["stateRoot"]),
        transactions_root=from_hex(block["transactionsRoot"]),
        receipts_root=from_hex(block["receiptsRoot"]),
        bloom=from_hex(block["logsBloom"]),
        difficulty=from_quantity(block["difficulty"]),
        number=from_quantity(block["number"]),
        gas_limit=from_quantity(block["gasLimit"]),
        gas_used=from_quantity(block["gasUsed"]),
        timestamp=from_quantity(block["timestamp"]),
        extra_data=from_hex(block["extraData"]),
        mix_hash=from_hex(block["mixHash"]),
        nonce=from_hex(block["nonce"]),
        base_fee=None if base_fee is None else from_quantity(base_fee),
        later_fields=tuple(later),
    )


def _receipt_from_json(receipt: Mapping[str, Any]) -> bytes:
    body = rlp.encode(
        [
            rlp.encode_scalar(from_quantity(receipt["status"])),
            rlp.encode_scalar(from_quantity(receipt["cumulativeGasUsed"])),
            from_hex(receipt["logsBloom"]),
            [
                [
                    from_hex(log["address"]),
                    [from_hex(topic) for topic in log["topics"]],
                    from_hex(log["data"]),
                ]
                for log in receipt["logs"]
            ],
        ]
    )
    tx_type = from_quantity(receipt.get("type", "0x0"))
    return bytes([tx_type]) + body if tx_type else body
