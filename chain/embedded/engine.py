"""From a parent block and transactions to the next sealed block.

Owns genesis, the checks on a transaction, its execution by py-evm at London rules, and the seal of
the single validator. Leaves storage to :mod:`chain.embedded.store` and the rules of a QBFT header
to :mod:`chain.qbft`. Gas is free: the base fee is zero and senders need no balance.

Ethereum Yellow Paper §4.3 and §6; EIP-155, EIP-1559, EIP-2718.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from coincurve import PrivateKey
from eth.abc import ComputationAPI, SignedTransactionAPI
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.exceptions import PyEVMError
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.state import LondonState
from eth.vm.forks.london.transactions import LondonTransactionBuilder, UnsignedDynamicFeeTransaction
from eth.vm.spoof import SpoofTransaction
from eth_keys.exceptions import BadSignature
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from chain.embedded.receipts import parse_receipt
from chain.embedded.refusal import RefusedError
from chain.header import BlockHeader
from chain.keccak import keccak256
from chain.mpt import EMPTY_TRIE_ROOT
from chain.prover import list_root
from chain.qbft import (
    DIFFICULTY,
    EMPTY_OMMERS_HASH,
    MIX_HASH,
    VANITY_BYTES,
    ExtraData,
    block_hash,
    encode_extra_data,
    parse_extra_data,
    seal_hash,
)

GAS_LIMIT = 100_000_000
# Per block. The dearest extension of the ledger takes about 2.5 million; several hundred usual
# ones fit, and one runaway call cannot occupy the process for minutes.

VANITY = b"zhenglian embedded sandbox".ljust(VANITY_BYTES, b"\x00")

_BLOOM_BYTES = 256
_MALFORMED = (PyEVMError, ValidationError, BadSignature, RLPException, ValueError, TypeError)
# What py-evm raises on transaction bytes that no well-formed transaction has.


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which chain it is and who seals it."""

    chain_id: int
    validator: bytes
    """Address of the only validator, 20 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedBlock:
    """A block before its seal, and what executing it left behind."""

    header: BlockHeader
    receipts: tuple[bytes, ...]
    """As the receipts trie holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A message to execute without mining it."""

    sender: bytes
    to: bytes
    """20 bytes, or none at all to create a contract."""
    data: bytes
    value: int


def validator_address(key: PrivateKey) -> bytes:
    """The 20-byte address of the validator with this key."""
    return keccak256(key.public_key.format(compressed=False)[1:])[-20:]


def genesis_header(validator: bytes, timestamp: int) -> BlockHeader:
    """The header of block 0: an empty state and one validator."""
    return BlockHeader(
        parent_hash=bytes(32),
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=bytes(20),
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        bloom=bytes(_BLOOM_BYTES),
        difficulty=DIFFICULTY,
        number=0,
        gas_limit=GAS_LIMIT,
        gas_used=0,
        timestamp=timestamp,
        extra_data=encode_extra_data(ExtraData(vanity=VANITY, validators=(validator,))),
        mix_hash=MIX_HASH,
        nonce=bytes(8),
        base_fee=0,
    )


def seal(header: BlockHeader, key: PrivateKey) -> BlockHeader:
    """The header with the commit seal of the single validator in round 0."""
    extra = parse_extra_data(header.extra_data)
    signature = key.sign_recoverable(seal_hash(header), hasher=None)
    return replace(header, extra_data=encode_extra_data(replace(extra, seals=(signature,))))


def unsealed(header: BlockHeader) -> BlockHeader:
    """The header without its commit seals."""
    extra = parse_extra_data(header.extra_data)
    return replace(header, extra_data=encode_extra_data(replace(extra, seals=())))


def read_transaction(raw: bytes, chain_id: int) -> SignedTransactionAPI:
    """The signed transaction behind these bytes, bound to this chain.

    Raises:
        RefusedError: the bytes are not one canonical transaction, it is bound to no chain or to
            another one, or its signature names no sender.
    """
    try:
        transaction = LondonTransactionBuilder.decode(raw)
        canonical = transaction.encode() == raw
        transaction.check_signature_validity()
    except _MALFORMED as error:
        raise RefusedError(f"the transaction cannot be read: {error}") from error
    if not canonical:
        raise RefusedError("the transaction is not in canonical form")
    if transaction.chain_id != chain_id:
        raise RefusedError(
            f"a transaction for chain {chain_id} is expected, got {transaction.chain_id}"
        )
    return transaction


def execute(
    state_db: BaseDB,
    parent: BlockHeader,
    ancestor_hashes: Iterable[bytes],
    transactions: Sequence[SignedTransactionAPI],
    *,
    identity: Identity,
    timestamp: int,
) -> ExecutedBlock:
    """The block that these transactions make on top of `parent`; its state is in `state_db`.

    `ancestor_hashes` starts with the parent's and goes back. A reverted transaction is part of the
    block, with status 0.

    Raises:
        RefusedError: a transaction cannot be part of this block; the message says which.
    """
    context = _context(parent.number + 1, timestamp, ancestor_hashes, identity)
    state = LondonState(AtomicDB(state_db), context, Hash32(parent.state_root))
    receipts: list[bytes] = []
    bloom = gas_used = 0
    for transaction in transactions:
        _check_applicable(state, transaction, gas_left=GAS_LIMIT - gas_used)
        state.lock_changes()
        computation = _apply(state, transaction)
        gas_used += LondonVM.finalize_gas_used(transaction, computation)
        raw = _receipt(transaction, computation, gas_used)
        bloom |= int.from_bytes(parse_receipt(raw).bloom, "big")
        receipts.append(raw)
    state.persist()
    extra = ExtraData(vanity=VANITY, validators=(identity.validator,))
    header = BlockHeader(
        parent_hash=block_hash(parent),
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=identity.validator,
        state_root=state.state_root,
        transactions_root=list_root([transaction.encode() for transaction in transactions]),
        receipts_root=list_root(receipts),
        bloom=bloom.to_bytes(_BLOOM_BYTES, "big"),
        difficulty=DIFFICULTY,
        number=parent.number + 1,
        gas_limit=GAS_LIMIT,
        gas_used=gas_used,
        timestamp=timestamp,
        extra_data=encode_extra_data(extra),
        mix_hash=MIX_HASH,
        nonce=bytes(8),
        base_fee=0,
    )
    return ExecutedBlock(header=header, receipts=tuple(receipts))


def open_state(
    state_db: BaseDB,
    block: BlockHeader,
    ancestor_hashes: Iterable[bytes],
    identity: Identity,
) -> LondonState:
    """The state after `block`, as a call at that block sees it."""
    context = _context(block.number, block.timestamp, ancestor_hashes, identity)
    return LondonState(AtomicDB(state_db), context, Hash32(block.state_root))


def simulate(state: LondonState, call: Call, gas: int) -> tuple[ComputationAPI, int]:
    """The outcome of a call with this much gas, and the gas it used; `state` is spent by it.

    Raises:
        RefusedError: the call cannot start: too little gas, or the sender lacks the value.
    """
    spoofed = SpoofTransaction(
        UnsignedDynamicFeeTransaction(
            chain_id=state.execution_context.chain_id,
            nonce=state.get_nonce(Address(call.sender)),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=gas,
            to=call.to,
            value=call.value,
            data=call.data,
            access_list=(),
        ),
        from_=call.sender,
    )
    transaction = cast(SignedTransactionAPI, spoofed)  # it answers as one, by forwarding
    _check_applicable(state, transaction, gas_left=GAS_LIMIT)
    computation = _apply(state, transaction)
    return computation, LondonVM.finalize_gas_used(transaction, computation)


def _context(
    number: int, timestamp: int, ancestor_hashes: Iterable[bytes], identity: Identity
) -> ExecutionContext:
    return ExecutionContext(
        coinbase=Address(identity.validator),
        timestamp=timestamp,
        block_number=BlockNumber(number),
        difficulty=DIFFICULTY,
        mix_hash=Hash32(MIX_HASH),
        gas_limit=GAS_LIMIT,
        prev_hashes=(Hash32(ancestor) for ancestor in ancestor_hashes),
        chain_id=identity.chain_id,
        base_fee_per_gas=0,
    )


def _check_applicable(
    state: LondonState, transaction: SignedTransactionAPI, *, gas_left: int
) -> None:
    expected = state.get_nonce(transaction.sender)
    if transaction.nonce != expected:
        relation = "low" if transaction.nonce < expected else "high"
        raise RefusedError(
            f"nonce too {relation}: address 0x{transaction.sender.hex()}, "
            f"tx: {transaction.nonce} state: {expected}"
        )
    if transaction.gas < transaction.intrinsic_gas:
        raise RefusedError(
            f"intrinsic gas too low: have {transaction.gas}, want {transaction.intrinsic_gas}"
        )
    if transaction.gas > gas_left:
        raise RefusedError(f"exceeds block gas limit: have {transaction.gas}, left {gas_left}")
    if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
        raise RefusedError("max priority fee per gas higher than max fee per gas")


def _apply(state: LondonState, transaction: SignedTransactionAPI) -> ComputationAPI:
    try:
        return state.apply_transaction(transaction)
    except ValidationError as error:
        raise RefusedError(f"the transaction cannot be executed: {error}") from error


def _receipt(
    transaction: SignedTransactionAPI, computation: ComputationAPI, cumulative_gas: int
) -> bytes:
    status = b"" if computation.is_error else b"\x01"
    receipt = transaction.make_receipt(status, cumulative_gas, computation.get_log_entries())
    encoded: bytes = receipt.encode()
    return encoded
