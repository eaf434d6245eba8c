"""The EvidenceLedger contract through web3, on any engine.

Owns signing, sending and finding its transactions, and collecting the proofs that
:mod:`chain.proof` verifies. Leaves node answers to :mod:`chain.jsonrpc`, who may extend which log
to the contract, and when to send what again to the caller.

A transaction is signed before it is sent, so that the caller can store the bytes first; sending
the same bytes again is harmless. Transactions are of the legacy form with gas price zero, which
every engine of a consortium accepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, HexStr
from eth_utils.address import to_checksum_address
from web3 import Web3
from web3.contract import Contract

from chain.contract import EXTENDED_TOPIC, head_slot, parse_extended
from chain.errors import ContractError, RpcError
from chain.header import parse_header
from chain.jsonrpc import (
    ask,
    error_message,
    from_hex,
    from_quantity,
    node_errors,
    raw_header,
    raw_receipts,
    respond,
)
from chain.keccak import keccak256
from chain.proof import AnchorProof, EvmLog, HeadProof
from chain.prover import named_nodes, prove_list_item
from contracts import load_artifact

DEPLOY_GAS = 3_000_000
GRANT_GAS = 150_000
EXTEND_GAS = 150_000
GAS_PER_PROOF_NODE = 5_000
GAS_PER_HEAD = 40_000
# Upper bounds; gas is free, and an extension is signed before the state it will meet exists, so
# its need cannot be estimated. A test compares them with the largest extension there can be.

LOG_WINDOW_BLOCKS = 1_000
# The least range of eth_getLogs that a node allows by default (Besu 22.10.3, --rpc-max-logs-range).

MINED_TIMEOUT_S = 60.0
# A consortium makes a block every one or two seconds; a minute means that it stands still.


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMove:
    """The last entry of a stream before and after an extension."""

    stream: bytes
    """Stream key, 32 bytes."""
    previous_sequence: int
    """0 when the stream has no head yet."""
    previous_leaf: bytes
    """32 bytes; zeros when the stream has no head yet."""
    sequence: int
    leaf: bytes
    """Leaf hash, 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """The latest checkpoint of a log as the contract stores it; size 0 for an unknown log."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTx:
    """A transaction ready to be sent, any number of times."""

    raw: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedTx:
    """Where a transaction stands in the chain, and whether the contract accepted it."""

    block_height: int
    block_hash: bytes
    transaction_index: int
    status: int
    """1 when it took effect, 0 when the contract refused it."""


class EvidenceLedger:
    """One deployed contract. Stateless: every method asks the node.

    Reading and proving may be repeated at will. `submit` is idempotent. Nothing is retried here.
    All methods raise RpcError when the node does not answer, or answers with an error.
    """

    def __init__(self, web3: Web3, address: bytes) -> None:
        self.address = address
        self._web3 = web3
        self._contract = _bind(web3, address)

    @node_errors()
    def state(self, log_id: bytes) -> LedgerState:
        """The latest size and root of this log."""
        size, root = self._contract.functions.log_state(log_id).call()
        return LedgerState(size=size, root=root)

    @node_errors()
    def head(self, log_id: bytes, stream_key: bytes) -> bytes:
        """The 32-byte commitment to the stream's last entry; zeros when it has no head."""
        commitment: bytes = self._contract.functions.head_of(log_id, stream_key).call()
        return commitment

    @node_errors()
    def next_nonce(self, address: bytes) -> int:
        """The nonce of the account's next transaction, counting those that wait."""
        return _next_nonce(self._web3, address)

    @node_errors()
    def grant_sequencer(self, admin: LocalAccount, log_id: bytes, sequencer: bytes) -> None:
        """The account may extend this log; nothing is sent when it already may.

        Raises:
            ContractError: `admin` is not an administrator of the contract.
        """
        if self._contract.functions.is_sequencer(log_id, sequencer).call():
            return
        payload = self._contract.encode_abi("add_sequencer", [log_id, sequencer])
        tx = _sign(
            self._web3,
            admin,
            nonce=self.next_nonce(from_hex(admin.address)),
            to=_checksum(self.address),
            payload=payload,
            gas=GRANT_GAS,
        )
        self.submit(tx.raw)
        _wait_mined(self._web3, tx.hash)
        self._require_accepted(tx.hash)

    @node_errors()
    def sign_extend(
        self,
        account: LocalAccount,
        *,
        nonce: int,
        log_id: bytes,
        previous_size: int,
        size: int,
        root: bytes,
        consistency: Sequence[bytes],
        heads: Sequence[HeadMove],
    ) -> SignedTx:
        """The signed transaction that extends a log from `previous_size` to `size`; not sent.

        `consistency` is the RFC 9162 §2.1.4 proof between the sizes, empty from size 0; at most
        64 nodes and 64 heads.
        """
        moves = [
            (move.stream, move.previous_sequence, move.previous_leaf, move.sequence, move.leaf)
            for move in heads
        ]
        payload = self._contract.encode_abi(
            "extend", [log_id, previous_size, size, root, list(consistency), moves]
        )
        return _sign(
            self._web3,
            account,
            nonce=nonce,
            to=_checksum(self.address),
            payload=payload,
            gas=EXTEND_GAS + GAS_PER_PROOF_NODE * len(consistency) + GAS_PER_HEAD * len(heads),
        )

    @node_errors()
    def submit(self, raw: bytes) -> bytes:
        """The node has this signed transaction, waiting or mined; returns its hash.

        Raises:
            RpcError: the node refused it and does not know it.
        """
        return _submit(self._web3, raw)

    @node_errors()
    def mined(self, tx_hash: bytes) -> MinedTx | None:
        """Where the transaction was mined, or None while it is not."""
        receipt = self._receipt(tx_hash)
        if receipt is None:
            return None
        return MinedTx(
            block_height=from_quantity(receipt["blockNumber"]),
            block_hash=from_hex(receipt["blockHash"]),
            transaction_index=from_quantity(receipt["transactionIndex"]),
            status=from_quantity(receipt["status"]),
        )

    @node_errors()
    def revert_reason(self, tx_hash: bytes) -> ContractError:
        """The error with which the contract refused a mined transaction of status 0.

        It is found by calling again in the state before its block, so another transaction of the
        same block may hide it.
        """
        tx = ask(self._web3, "eth_getTransactionByHash", _hex(tx_hash))
        if tx is None or tx["blockNumber"] is None:
            raise RpcError(f"a mined transaction {_hex(tx_hash)} is expected, the node has none")
        call = {"from": tx["from"], "to": tx["to"], "data": tx["input"], "gas": tx["gas"]}
        response = respond(
            self._web3, "eth_call", call, hex(max(0, from_quantity(tx["blockNumber"]) - 1))
        )
        if "error" not in response:
            return ContractError("the contract refused the transaction; alone it would accept it")
        return ContractError(error_message(response))

    @node_errors()
    def find_extension(self, log_id: bytes, size: int, *, from_block: int = 0) -> bytes | None:
        """The hash of the transaction that extended the log to exactly this size, or None.

        Blocks are searched from the newest back to `from_block`. Sizes only grow, so the search
        ends at the first smaller one: it costs little for a recent extension and for none.
        """
        if self.state(log_id).size < size:
            return None
        newest = from_quantity(ask(self._web3, "eth_blockNumber"))
        for last in range(newest, from_block - 1, -LOG_WINDOW_BLOCKS):
            first = max(from_block, last - LOG_WINDOW_BLOCKS + 1)
            for log in reversed(self._extension_logs(log_id, first, last)):
                found = parse_extended(_evm_log(log), self.address).size
                if found == size:
                    return from_hex(log["transactionHash"])
                if found < size:
                    return None
        return None

    @node_errors()
    def anchor_proof(self, tx_hash: bytes) -> AnchorProof:
        """The proof that a sealed block holds the extension made by this transaction.

        Raises:
            ContractError: the transaction is not a successful extension of this contract.
            RpcError: it is not mined, or the node's material does not fit together.
        """
        receipt = self._receipt(tx_hash)
        if receipt is None:
            raise RpcError(f"transaction {_hex(tx_hash)} is not mined")
        height, index = (
            from_quantity(receipt["blockNumber"]),
            from_quantity(receipt["transactionIndex"]),
        )
        log_index = self._extension_index(receipt)
        header = raw_header(self._web3, height)
        receipts = raw_receipts(self._web3, height, parse_header(header).receipts_root)
        return AnchorProof(
            header=header,
            transaction_index=index,
            receipt_nodes=prove_list_item(receipts, index),
            log_index=log_index,
        )

    @node_errors()
    def head_proof(self, log_id: bytes, stream_key: bytes, block_height: int) -> HeadProof:
        """The proof of the stream's head, or of its absence, as of the block at this height."""
        proof = ask(
            self._web3,
            "eth_getProof",
            _checksum(self.address),
            [_hex(head_slot(log_id, stream_key))],
            hex(block_height),
        )
        return HeadProof(
            header=raw_header(self._web3, block_height),
            account_nodes=named_nodes([from_hex(node) for node in proof["accountProof"]]),
            storage_nodes=named_nodes(
                [from_hex(node) for node in proof["storageProof"][0]["proof"]]
            ),
        )

    def _receipt(self, tx_hash: bytes) -> Any | None:
        return ask(self._web3, "eth_getTransactionReceipt", _hex(tx_hash))

    def _extension_logs(self, log_id: bytes, first: int, last: int) -> Any:
        """The Extended events of this log in these blocks, oldest first."""
        wanted = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": _checksum(self.address),
            "topics": [_hex(EXTENDED_TOPIC), _hex(log_id)],
        }
        return ask(self._web3, "eth_getLogs", wanted)

    def _extension_index(self, receipt: Any) -> int:
        """The place of the Extended event among the receipt's own logs."""
        for index, log in enumerate(receipt["logs"]):
            emitted = _evm_log(log)
            if emitted.address == self.address and emitted.topics[:1] == (EXTENDED_TOPIC,):
                return index
        raise ContractError(f"{receipt['transactionHash']} is not an extension of this ledger")

    def _require_accepted(self, tx_hash: bytes) -> None:
        mined = self.mined(tx_hash)
        if mined is not None and mined.status == 0:
            raise self.revert_reason(tx_hash)


@node_errors()
def deploy_ledger(web3: Web3, account: LocalAccount) -> bytes:
    """A new contract is mined with `account` as its administrator; returns its 20-byte address.

    Raises:
        RpcError: the node refused it, or did not mine it in time.
    """
    tx = _sign(
        web3,
        account,
        nonce=_next_nonce(web3, from_hex(account.address)),
        to=None,
        payload=_hex(load_artifact().bytecode),
        gas=DEPLOY_GAS,
    )
    _submit(web3, tx.raw)
    _wait_mined(web3, tx.hash)
    receipt = ask(web3, "eth_getTransactionReceipt", _hex(tx.hash))
    if from_quantity(receipt["status"]) != 1:
        raise RpcError(f"the ledger was not deployed: {_hex(tx.hash)} has status 0")
    return from_hex(receipt["contractAddress"])


def _bind(web3: Web3, address: bytes) -> Contract:
    return web3.eth.contract(address=_checksum(address), abi=list(load_artifact().abi))


def _sign(
    web3: Web3,
    account: LocalAccount,
    *,
    nonce: int,
    to: ChecksumAddress | None,
    payload: str,
    gas: int,
) -> SignedTx:
    fields: dict[str, Any] = {
        "chainId": from_quantity(ask(web3, "eth_chainId")),
        "nonce": nonce,
        "gasPrice": 0,
        "gas": gas,
        "value": 0,
        "data": payload,
    }
    if to is not None:
        fields["to"] = to
    raw = bytes(account.sign_transaction(fields).raw_transaction)
    return SignedTx(raw=raw, hash=keccak256(raw))


def _submit(web3: Web3, raw: bytes) -> bytes:
    tx_hash = keccak256(raw)
    response = respond(web3, "eth_sendRawTransaction", _hex(raw))
    if response.get("error") is not None:
        # Engines word "already known" and "nonce too low" differently; knowing the hash decides.
        if ask(web3, "eth_getTransactionByHash", _hex(tx_hash)) is None:
            raise RpcError(f"the transaction was refused: {error_message(response)}")
    elif from_hex(response["result"]) != tx_hash:
        raise RpcError(f"hash {_hex(tx_hash)} is expected, the node says {response['result']}")
    return tx_hash


def _next_nonce(web3: Web3, address: bytes) -> int:
    return from_quantity(ask(web3, "eth_getTransactionCount", _checksum(address), "pending"))


def _wait_mined(web3: Web3, tx_hash: bytes) -> None:
    web3.eth.wait_for_transaction_receipt(_hex(tx_hash), timeout=MINED_TIMEOUT_S)


def _evm_log(log: Any) -> EvmLog:
    return EvmLog(
        address=from_hex(log["address"]),
        topics=tuple(from_hex(topic) for topic in log["topics"]),
        data=from_hex(log["data"]),
    )


def _checksum(address: bytes) -> ChecksumAddress:
    return to_checksum_address(address)


def _hex(value: bytes) -> HexStr:
    return HexStr("0x" + value.hex())
