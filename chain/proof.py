"""From a sealed header to what it commits to: an EVM log, or a storage value.

Owns the receipt and account forms and the proofs that lead to them. Leaves the seals to `qbft`, the
trie to `mpt` and the meaning of logs and slots to `contract`.

Ethereum Yellow Paper §4.1 (accounts) and §4.3.1 (receipts); EIP-2718 for typed receipts; EIP-1186
for account and storage proofs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chain import rlp
from chain.errors import RlpError, TrieProofError
from chain.header import BLOOM_BYTES, encode_header
from chain.keccak import keccak256
from chain.mpt import verify_trie_proof
from chain.qbft import SealedHeader

_WORD_BYTES = 32
_ADDRESS_BYTES = 20
_TOPICS_MOST = 4
_EMPTY_CODE_HASH = keccak256(b"")
_STATUS_SUCCEEDED = b"\x01"
_RECEIPT_TYPE_MOST = 0x7F
"""EIP-2718: up to here the first byte is the type of the receipt, above it RLP begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorProof:
    """Material that should show one EVM log in one block; nothing in it is verified."""

    header: bytes
    """RLP of the block header, seals included."""
    transaction_index: int
    """Place of the tx in the block, from 0."""
    receipt_nodes: tuple[bytes, ...]
    """RLP of the receipt trie's nodes, the root first."""
    log_index: int
    """Place of the EVM log in its receipt (not in the block), from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadProof:
    """Material that should show one storage slot as of one block; nothing in it is verified."""

    header: bytes
    """RLP of the block header, seals included."""
    account_nodes: tuple[bytes, ...]
    """RLP of the state trie's nodes down to the contract, the root first."""
    storage_nodes: tuple[bytes, ...]
    """RLP of the storage trie's nodes down to the slot, or to where it would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvmLog:
    """An EVM log: what a contract emitted."""

    address: bytes
    """20 bytes: the contract that emitted it."""
    topics: tuple[bytes, ...]
    """Up to four words of 32 bytes."""
    data: bytes


def verify_receipt_log(sealed: SealedHeader, proof: AnchorProof) -> EvmLog:
    """Return the EVM log that a successful tx of the sealed block emitted.

    Raises:
        TrieProofError: the proof is of another block, its nodes do not lead to the receipt, the
            receipt is malformed, its tx failed, or it has no EVM log of that index.
    """
    if proof.header != encode_header(sealed.header):
        raise TrieProofError("the anchor proof is of another header than the sealed one")
    if proof.transaction_index < 0 or proof.log_index < 0:
        raise TrieProofError("an index of the anchor proof is negative")
    key = rlp.encode(rlp.encode_scalar(proof.transaction_index))
    receipt = verify_trie_proof(sealed.header.receipts_root, key, proof.receipt_nodes)
    if receipt is None:
        raise TrieProofError(f"the block has no tx of index {proof.transaction_index}")
    logs = _parse_successful_receipt(receipt)
    if proof.log_index >= len(logs):
        raise TrieProofError(f"expected an EVM log {proof.log_index}, the receipt has {len(logs)}")
    return _parse_log(logs[proof.log_index])


def verify_storage(
    sealed: SealedHeader,
    contract: bytes,
    slot: bytes,
    account_nodes: Sequence[bytes],
    storage_nodes: Sequence[bytes],
) -> bytes:
    """Return the 32-byte value of `slot` in `contract` as of the sealed block; zeros if unset.

    `contract` is a 20-byte address and `slot` a 32-byte storage key, before hashing. Zeros are
    returned only for a slot proved absent.

    Raises:
        TrieProofError: the nodes do not lead from the state root to the slot, or there is no
            contract at that address.
    """
    account = verify_trie_proof(sealed.header.state_root, keccak256(contract), account_nodes)
    if account is None:
        raise TrieProofError(f"there is no account {contract.hex()} in the state of the block")
    storage_root = _parse_contract_storage_root(account)
    value = verify_trie_proof(storage_root, keccak256(slot), storage_nodes)
    if value is None:
        return bytes(_WORD_BYTES)
    try:
        number = rlp.decode_scalar(rlp.decode(value), max_bytes=_WORD_BYTES)
    except RlpError as error:
        raise TrieProofError(f"the storage value cannot be read: {error}") from error
    if number == 0:
        raise TrieProofError("the storage trie holds an explicit zero")
    return number.to_bytes(_WORD_BYTES, "big")


def _parse_successful_receipt(raw: bytes) -> Sequence[rlp.Item]:
    """Return the EVM logs of a receipt, still as RLP items, if its tx succeeded."""
    body = raw[1:] if raw[0] <= _RECEIPT_TYPE_MOST else raw
    match _decode("receipt", body):
        case [bytes() as status, bytes() as gas, bytes() as bloom, list() as logs]:
            if len(bloom) != BLOOM_BYTES or gas[:1] == b"\x00":
                raise TrieProofError("the receipt does not have the fields of one")
            if status != _STATUS_SUCCEEDED:
                raise TrieProofError(f"expected a tx with status 01, found {status.hex() or '00'}")
            return logs
    raise TrieProofError("the receipt does not have the four fields of one")


def _parse_log(item: rlp.Item) -> EvmLog:
    match item:
        case [bytes() as address, list() as topics, bytes() as data] if (
            len(address) == _ADDRESS_BYTES
            and len(topics) <= _TOPICS_MOST
            and all(isinstance(topic, bytes) and len(topic) == _WORD_BYTES for topic in topics)
        ):
            return EvmLog(address=address, topics=tuple(topics), data=data)
    raise TrieProofError("the EVM log in the receipt does not have the fields of one")


def _parse_contract_storage_root(raw: bytes) -> bytes:
    """Return the storage root of an account that has code."""
    match _decode("account", raw):
        case [bytes(), bytes(), bytes() as storage_root, bytes() as code_hash] if (
            len(storage_root) == len(code_hash) == _WORD_BYTES
        ):
            if code_hash == _EMPTY_CODE_HASH:
                raise TrieProofError("the account has no code, so it is not a contract")
            return storage_root
    raise TrieProofError("the account does not have the four fields of one")


def _decode(name: str, raw: bytes) -> rlp.Item:
    try:
        return rlp.decode(raw)
    except RlpError as error:
        raise TrieProofError(f"the {name} cannot be read: {error}") from error
