"""Blocks, transactions and logs as the embedded chain keeps them.

Owns the types that pass between the store and its readers. Leaves reading the bytes in them to
:mod:`chain.header` and :mod:`chain.embedded.receipts`.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.embedded.receipts import parse_receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTx:
    """One mined transaction."""

    block_number: int
    index: int
    hash: bytes
    raw: bytes
    """The signed transaction as it was sent."""
    receipt: bytes
    """The EVM receipt exactly as the receipts trie holds it (type byte included)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlock:
    """One block; the header keeps its commit seals."""

    number: int
    hash: bytes
    header: bytes
    txs: tuple[StoredTx, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLog:
    """One EVM log and where it was emitted."""

    block_number: int
    log_index: int
    """Position among all logs of the block."""
    tx_index: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What eth_getLogs asks for; an empty position in `topics` matches everything."""

    first_block: int
    last_block: int
    addresses: tuple[bytes, ...] = ()
    topics: tuple[tuple[bytes, ...], ...] = ()


def logs_of(block: StoredBlock) -> tuple[StoredLog, ...]:
    """The EVM logs that the receipts of this block hold, numbered through the block."""
    found: list[StoredLog] = []
    for tx in block.txs:
        for log in parse_receipt(tx.receipt).logs:
            found.append(
                StoredLog(
                    block_number=block.number,
                    log_index=len(found),
                    tx_index=tx.index,
                    address=log.address,
                    topics=log.topics,
                    data=log.data,
                )
            )
    return tuple(found)
