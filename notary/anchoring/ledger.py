"""The ledger as anchoring and bundles see it: one log on one contract, extended by one account.

Owns the contract that every engine's adapter keeps. Leaves the adapter of the embedded chain to
`notary.anchoring.embedded`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from notary.anchoring.model import Extension, TreeState

if TYPE_CHECKING:
    from chain.ledger import MinedTx, SignedTx
    from chain.proof import AnchorProof, HeadProof


class Ledger(Protocol):
    """One log on the ledger. Any thread may call it; nothing is retried here.

    Reading and proving may be repeated at will. Every method raises ChainError when the node
    refuses or does not answer; the caller tries again later, from `state`.
    """

    @property
    def chain_id(self) -> int: ...

    @property
    def contract(self) -> bytes:
        """The address of the contract, 20 bytes."""
        ...

    @property
    def validators(self) -> tuple[bytes, ...]:
        """The addresses of the validators, 20 bytes each."""
        ...

    def state(self) -> TreeState:
        """Return the latest size and root the contract accepted; `NOTHING` before the first."""
        ...

    def sign_extension(self, extension: Extension) -> SignedTx:
        """Return the tx that asks for `extension`, not sent; the caller stores it first."""
        ...

    def submit(self, raw_tx: bytes) -> None:
        """The node has the tx, waiting or mined. Idempotent: the same tx is mined at most once."""
        ...

    def mined(self, tx_hash: bytes) -> MinedTx | None:
        """Return where the tx was mined and with what status; None while it is not."""
        ...

    def find_extension(self, size: int) -> bytes | None:
        """Return the hash of the tx that extended the log to exactly this size, if any did."""
        ...

    def anchor_proof(self, tx_hash: bytes) -> AnchorProof:
        """Return the proof, unverified, that a sealed block holds the extension of this tx."""
        ...

    def head_proof(self, stream: str, block_height: int) -> HeadProof:
        """Return the proof, unverified, of the stream's head or its absence as of that block."""
        ...

    def close(self) -> None:
        """The node is free for others; only close() may be called from then on."""
        ...
