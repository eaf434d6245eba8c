"""The contract of a blob store.

Owns what every engine promises (durability, idempotence, checked reads) and the errors:

    NotaryError
    └── BlobError                 the store cannot do what was asked
        ├── BlobNotFoundError     the store has no blob of this CID
        ├── BlobCorruptedError    stored bytes are not the content their CID names
        └── BlobStoreFullError    no space is left; nothing was stored

Leaves the CID and the measuring of content to `evidence`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from evidence.digests import Measurement
from notary.errors import NotaryError


class BlobError(NotaryError):
    """The store cannot do what was asked."""


class BlobNotFoundError(BlobError):
    """The store has no blob of this CID."""


class BlobCorruptedError(BlobError):
    """Stored bytes are not the content their CID names."""


class BlobStoreFullError(BlobError):
    """No space is left; nothing was stored, and the caller may try again after making room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlob:
    """A blob that is durably in the store: its CID in text form, and its size in bytes."""

    cid: str
    size_bytes: int


class BlobWriter(Protocol):
    """One blob on its way into the store; used by one thread at a time.

    The order is write()…, finish(), commit(). The caller persists its intent between finish() and
    commit(): before commit() nothing is visible in the store, after it everything is durable.
    As a context manager it aborts on leaving unless commit() has returned.
    """

    def write(self, chunk: bytes) -> None:
        """Take in the next piece of content. Blocks on the disk or network.

        Raises BlobStoreFullError; the caller then aborts.
        """

    def finish(self) -> Measurement:
        """Return the measurement of everything written; no more can be written.

        Raises BlobStoreFullError; the caller then aborts.
        """

    def commit(self, measurement: Measurement) -> StoredBlob:
        """Make the blob durable under its CID and return only then.

        `measurement` is what the caller recorded of this blob; BlobError if it is of another.
        Idempotent across writers: the same content committed twice, even at once, is one blob.
        Raises BlobStoreFullError; the caller then aborts, and may write the blob again.
        """

    def abort(self) -> None:
        """Forget everything written; does nothing after commit() or a second time."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class BlobStore(Protocol):
    """Blobs under their CIDs, in profile unixfs-v1-2025; safe for use by many threads."""

    def begin(self) -> BlobWriter:
        """Return a writer for one new blob. Memory is constant whatever the blob's size."""

    def open(self, cid: str) -> Iterator[bytes]:
        """Return the content in order; each block is checked against the CID before it is yielded.

        Raises BlobNotFoundError, at once; BlobCorruptedError, from the iterator, naming the CID:
        what was yielded before is right, the rest is lost in this store.
        """

    def verify(self, cid: str) -> StoredBlob:
        """Read back the whole blob and return only when every stored byte is right.

        Raises BlobNotFoundError or BlobCorruptedError naming the CID.
        """

    def sweep_incoming(self) -> int:
        """Remove what a crash left half written and return how many there were.

        Called at start-up, before the first begin(): it cannot tell a leftover from a writer.
        """
