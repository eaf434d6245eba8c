"""The errors of the SDK, one tree.

    ZhenglianError
    ├── ProblemError                  the notary refused the request and said why (RFC 9457)
    │   ├── InvalidFieldError         a field of the request breaks a rule
    │   ├── ExhibitTooLargeError      the exhibit is larger than this notary takes
    │   ├── IdempotencyConflictError  the key was used before, for another request
    │   ├── OriginalDiffersError      the original is not the file whose digests were deposited
    │   ├── DepositUnknownError       the notary has no such deposit
    │   └── NotAnchoredYetError       the deposit is safe, its bundle not yet complete
    ├── TransportError                no answer was received: unreachable, cut, or too slow
    ├── AnswerError                   an answer was received that this version cannot read
    ├── FileChangedError              the file changed while it was being sent
    ├── DigestMismatchError           the notary recorded other bytes than were sent
    ├── AcknowledgementError          the acknowledgement is not signed by a key of the trust root
    ├── TrustRootError                the trust root cannot be read
    └── WaitTimeoutError              the deposit was not anchored in the time given

Wrong arguments, such as a time without a time zone, raise ValueError.
"""

from collections.abc import Mapping
from typing import Any


class ZhenglianError(Exception):
    """Anything that kept a call from giving what it promises."""


class ProblemError(ZhenglianError):
    """The notary refused the request and said why."""

    def __init__(
        self,
        *,
        code: str,
        status: int,
        title: str,
        detail: str,
        fields: Mapping[str, Any],
        retry_after_s: float | None,
    ) -> None:
        super().__init__(detail or title)
        self.code = code
        """Stable name of the problem, such as `exhibit-empty`; `http-<status>` where none came."""
        self.status = status
        """HTTP status of the answer."""
        self.title = title
        """The kind of problem in a few words."""
        self.detail = detail
        """This problem in one sentence; may be empty."""
        self.fields = fields
        """Further members of the problem, such as `expected` and `found`."""
        self.retry_after_s = retry_after_s
        """When to ask again, if the notary said so."""


class InvalidFieldError(ProblemError):
    """A field of the request breaks a rule; `fields` says which."""


class ExhibitTooLargeError(ProblemError):
    """The exhibit is larger than this notary takes."""


class IdempotencyConflictError(ProblemError):
    """The idempotency key was used before, for another request."""


class OriginalDiffersError(ProblemError):
    """The original is not the file whose digests were deposited."""


class DepositUnknownError(ProblemError):
    """The notary has no deposit under this stream id."""


class NotAnchoredYetError(ProblemError):
    """The deposit is safe, its bundle not yet complete; wait and ask again."""


class TransportError(ZhenglianError):
    """No answer was received: the notary is unreachable, too slow, or the connection was cut."""


class AnswerError(ZhenglianError):
    """An answer was received that this version of the SDK cannot read."""


class FileChangedError(ZhenglianError):
    """The file changed while it was being sent."""


class DigestMismatchError(ZhenglianError):
    """The notary recorded other bytes than were sent."""


class AcknowledgementError(ZhenglianError):
    """The acknowledgement is not signed by a key of the trust root, or is for another deposit."""


class TrustRootError(ZhenglianError):
    """The trust root cannot be read."""


class WaitTimeoutError(ZhenglianError):
    """The deposit was not anchored in the time given; it stays deposited all the same."""


PROBLEMS: Mapping[str, type[ProblemError]] = {
    "deposit-unknown": DepositUnknownError,
    "exhibit-too-large": ExhibitTooLargeError,
    "idempotency-conflict": IdempotencyConflictError,
    "invalid-field": InvalidFieldError,
    "not-anchored-yet": NotAnchoredYetError,
    "original-differs": OriginalDiffersError,
}
"""The class for each problem code that a caller may want to treat by itself."""
