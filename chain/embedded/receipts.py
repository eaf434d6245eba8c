"""EVM receipts as the embedded chain stores and serves them.

Owns the reading of a receipt's consensus encoding (Ethereum yellow paper §4.3.1, EIP-2718,
EIP-658). Leaves proofs about receipts to :mod:`chain.proof`, which trusts nobody; here the bytes
are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import rlp


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One EVM log."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The outcome of one transaction."""

    tx_type: int
    """0 for a legacy transaction, else the EIP-2718 type."""
    status: int
    """1 for success, 0 for a reverted transaction."""
    cumulative_gas: int
    """Gas used in the block up to and including this transaction."""
    bloom: bytes
    logs: tuple[Log, ...]


def parse_receipt(raw: bytes) -> Receipt:
    """The receipt behind these bytes, which this chain wrote itself."""
    # An RLP list starts at 0xc0; anything below is the type byte of EIP-2718.
    tx_type, body = (0, raw) if raw[0] >= 0xC0 else (raw[0], raw[1:])
    status, cumulative_gas, bloom, logs = rlp.decode(body)
    return Receipt(
        tx_type=tx_type,
        status=int.from_bytes(status, "big"),
        cumulative_gas=int.from_bytes(cumulative_gas, "big"),
        bloom=bloom,
        logs=tuple(
            Log(address=address, topics=tuple(topics), data=data) for address, topics, data in logs
        ),
    )
