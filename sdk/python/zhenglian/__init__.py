"""Client of a Zhenglian notary for platforms: deposit evidence, follow it, take the bundle.

`docs/sdk.md` shows how to integrate it. Depends on httpx2 and cryptography alone, and on nothing
else of this project.
"""

from zhenglian.client import Client
from zhenglian.deposit import Deposit, Entry, State, Status
from zhenglian.digests import Exhibit, Progress, digests_of
from zhenglian.errors import (
    AcknowledgementError,
    AnswerError,
    DepositUnknownError,
    DigestMismatchError,
    ExhibitTooLargeError,
    FileChangedError,
    IdempotencyConflictError,
    InvalidFieldError,
    NotAnchoredYetError,
    OriginalDiffersError,
    ProblemError,
    TransportError,
    TrustRootError,
    WaitTimeoutError,
    ZhenglianError,
)
from zhenglian.transport import Retry

__all__ = [
    "AcknowledgementError",
    "AnswerError",
    "Client",
    "Deposit",
    "DepositUnknownError",
    "DigestMismatchError",
    "Entry",
    "Exhibit",
    "ExhibitTooLargeError",
    "FileChangedError",
    "IdempotencyConflictError",
    "InvalidFieldError",
    "NotAnchoredYetError",
    "OriginalDiffersError",
    "ProblemError",
    "Progress",
    "Retry",
    "State",
    "Status",
    "TransportError",
    "TrustRootError",
    "WaitTimeoutError",
    "ZhenglianError",
    "digests_of",
]
