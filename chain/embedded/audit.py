"""Whether the file of an embedded chain holds the chain that its transactions make.

Owns the full re-execution from genesis. It believes nothing in the file but the block times and
the signed transactions, and compares every header, hash, seal, receipt, EVM log and trie node with
what it computed itself. It cannot tell whether whoever owns the validator key rewrote the whole
chain; comparing the head with an earlier, independent note of it can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chain.embedded.blocks import LogFilter, StoredBlock, StoredTx, logs_of
from chain.embedded.engine import (
    Identity,
    execute,
    genesis_header,
    read_transaction,
    unsealed,
)
from chain.embedded.state import StateOverlay
from chain.embedded.store import ChainStore
from chain.errors import ChainError, EngineError
from chain.header import BlockHeader, parse_header
from chain.keccak import keccak256
from chain.qbft import block_hash, verify_commit_seals


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The result of an audit."""

    height: int
    """Number of the newest block in the file."""
    blocks_verified: int
    """Blocks that agree, genesis included, counted from genesis up to the first fault."""
    fault: str | None
    """The first disagreement in one sentence, or None when everything agrees."""

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return self.fault is None


def audit_store(
    store: ChainStore, identity: Identity, progress: Callable[[int, int], None] | None
) -> AuditReport:
    """Every block up to the first fault was executed again and compared.

    `progress` is called after each block with its number and the height of the chain.
    """
    height = verified = txs = logs = 0
    try:
        height = store.height()
        _check_file(store, identity)
        parent: BlockHeader | None = None
        for number in range(height + 1):
            block = store.block(number)
            if block is None:
                raise EngineError(f"block {number} is missing")
            parent = _check_block(store, identity, parent, block)
            verified += 1
            txs += len(block.txs)
            logs += len(logs_of(block))
            if progress is not None:
                progress(number, height)
        _check_counts(store, (verified, txs, logs))
    except ChainError as error:
        return AuditReport(height=height, blocks_verified=verified, fault=str(error))
    return AuditReport(height=height, blocks_verified=verified, fault=None)


def _check_file(store: ChainStore, identity: Identity) -> None:
    fault = store.integrity_fault()
    if fault is not None:
        raise EngineError(f"SQLite finds the file damaged: {fault}")
    if store.identity() != identity:
        raise EngineError("the identity in the file is not the one the chain was opened with")


def _check_block(
    store: ChainStore, identity: Identity, parent: BlockHeader | None, block: StoredBlock
) -> BlockHeader:
    stored = parse_header(block.header)
    receipts: tuple[bytes, ...] = ()
    state: dict[bytes, bytes] = {}
    if parent is None:
        found, expected = stored, genesis_header(identity.validator, stored.timestamp)
    else:
        if stored.timestamp < parent.timestamp:
            raise EngineError(f"the time of block {block.number} is before its parent's")
        verify_commit_seals(stored, [identity.validator])
        overlay = StateOverlay(store)
        executed = execute(
            overlay,
            parent,
            store.hashes_before(block.number),
            [read_transaction(tx.raw, identity.chain_id) for tx in block.txs],
            identity=identity,
            timestamp=stored.timestamp,
        )
        found, expected = unsealed(stored), executed.header
        receipts, state = executed.receipts, overlay.pending
    if found != expected:
        raise EngineError(f"block {block.number} does not follow: {_difference(found, expected)}")
    if block.hash != block_hash(stored):
        raise EngineError(f"block {block.number} is filed under a hash that is not its own")
    # Every node that a later block reads was written by an earlier one, so this covers reads too.
    for key, value in state.items():
        if store.state_value(key) != value:
            raise EngineError(f"state node {key.hex()} of block {block.number} is damaged")
    _check_txs(block, receipts)
    wanted = LogFilter(first_block=block.number, last_block=block.number)
    if tuple(store.logs(wanted)) != logs_of(block):
        raise EngineError(f"the log index of block {block.number} differs from its receipts")
    return stored


def _check_txs(block: StoredBlock, receipts: tuple[bytes, ...]) -> None:
    for index, (tx, receipt) in enumerate(zip(block.txs, receipts, strict=True)):
        expected = StoredTx(
            block_number=block.number,
            index=index,
            hash=keccak256(tx.raw),
            raw=tx.raw,
            receipt=receipt,
        )
        if tx != expected:
            raise EngineError(f"transaction {index} of block {block.number} is filed wrongly")


def _check_counts(store: ChainStore, expected: tuple[int, int, int]) -> None:
    """Nothing stands in the tables beside the chain."""
    for name, found, wanted in zip(
        ("blocks", "transactions", "logs"), store.row_counts(), expected, strict=True
    ):
        if found != wanted:
            raise EngineError(f"{wanted} {name} are expected in the tables, found {found}")


def _difference(found: BlockHeader, expected: BlockHeader) -> str:
    names = [
        name for name in BlockHeader.__slots__ if getattr(found, name) != getattr(expected, name)
    ]
    return f"its {', '.join(names)} is not what its transactions give"
