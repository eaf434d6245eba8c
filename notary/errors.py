"""The errors of the notary: one tree, so that a caller can catch as much or as little as it means.

    NotaryError
    ├── StartError                  the notary cannot start; the message says what to do
    │   ├── DataDirectoryLockedError  another notary has the data directory open
    │   ├── KeyFileError              a key file cannot be used as it is
    │   └── WrongLogError             the data directory holds another log than the one configured
    ├── RequestError                what a caller asked cannot be done
    │   ├── InvalidFieldError         a field of the request is not in its form
    │   ├── ExhibitEmptyError         an exhibit has no bytes
    │   ├── ExhibitTooLargeError      an exhibit is above the limit of this notary
    │   ├── UploadTruncatedError      the upload ended early
    │   ├── DigestMismatchError       the content is not what the caller said it is
    │   ├── OriginalDiffersError      the original is not the content deposited as digests
    │   ├── EventNotAllowedError      the act has no place where the stream stands
    │   ├── IdempotencyConflictError  the key was used for another request
    │   ├── DepositUnknownError       there is no such deposit
    │   ├── TileUnknownError          the log has no such tile, or no checkpoint yet
    │   ├── NotAnchoredYetError       the last act of the stream is not anchored yet
    │   ├── StorageFullError          nothing was stored for want of space
    │   ├── BundleRefusedError        the notary's own check refused a bundle it had assembled
    │   └── NotReadyError             a part the notary needs cannot be used
    ├── AnchoringError              one round of anchoring failed and may be tried again
    └── LogForkError                log, tiles and ledger contradict each other; nothing may go on

Owns the classes and the code by which a caller tells them apart. Leaves HTTP to `notary.problems`.
"""

from typing import ClassVar

Member = str | int | list[str] | None

NO_SPACE = "The notary has no space left; nothing was recorded."


class NotaryError(Exception):
    """The notary cannot do what it was asked."""


class StartError(NotaryError):
    """The notary cannot start; the message says what to do."""


class DataDirectoryLockedError(StartError):
    """Another notary has the data directory open."""


class KeyFileError(StartError):
    """A key file cannot be used as it is."""


class WrongLogError(StartError):
    """The data directory holds another log than the one configured."""


class RequestError(NotaryError):
    """What a caller asked cannot be done.

    `code` names the kind for programs; `members` are further facts for them. Neither they nor the
    message hold anything the caller did not send or may not know.
    """

    code: ClassVar[str]

    def __init__(self, message: str, **members: Member) -> None:
        super().__init__(message)
        self.members = members


class InvalidFieldError(RequestError):
    """A field of the request is not in its form."""

    code = "invalid-field"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class ExhibitEmptyError(RequestError):
    """An exhibit has no bytes."""

    code = "exhibit-empty"


class ExhibitTooLargeError(RequestError):
    """An exhibit is above the limit of this notary."""

    code = "exhibit-too-large"


class UploadTruncatedError(RequestError):
    """The upload ended early."""

    code = "upload-truncated"


class DigestMismatchError(RequestError):
    """The content is not what the caller said it is."""

    code = "digest-mismatch"


class OriginalDiffersError(RequestError):
    """The original is not the content deposited as digests."""

    code = "original-differs"


class EventNotAllowedError(RequestError):
    """The act has no place where the stream stands."""

    code = "event-not-allowed"


class IdempotencyConflictError(RequestError):
    """The key was used for another request."""

    code = "idempotency-conflict"


class DepositUnknownError(RequestError):
    """There is no such deposit."""

    code = "deposit-unknown"


class TileUnknownError(RequestError):
    """The log has no such tile, or no checkpoint yet."""

    code = "not-found"


class NotAnchoredYetError(RequestError):
    """The last act of the stream is not anchored yet."""

    code = "not-anchored-yet"


class StorageFullError(RequestError):
    """Nothing was stored for want of space."""

    code = "storage-full"


class BundleRefusedError(RequestError):
    """The notary's own check refused a bundle it had assembled."""

    code = "bundle-refused"


class NotReadyError(RequestError):
    """A part the notary needs cannot be used."""

    code = "not-ready"


class AnchoringError(NotaryError):
    """One round of anchoring failed and may be tried again."""


class LogForkError(NotaryError):
    """Log, tiles and ledger contradict each other; nothing may go on until a person has looked."""
