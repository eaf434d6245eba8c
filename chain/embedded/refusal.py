"""What the embedded chain answers when it cannot do what it was asked.

Owns the error that becomes a JSON-RPC error object; codes follow EIP-1474 and geth.
"""

from __future__ import annotations

from chain.errors import EngineError

INVALID_PARAMS = -32602
METHOD_NOT_FOUND = -32601
REFUSED = -32000
# The general server error of EIP-1474: unknown block, refused transaction, used nonce.
REVERTED = 3
# geth's code for a reverted call; web3 turns its data into the contract's error.


class RefusedError(EngineError):
    """A request was understood, or not even that, and declined."""

    def __init__(self, message: str, *, code: int = REFUSED, data: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data
