"""Taking in deposits: what is acknowledged is durable.

Owns the order of the writes: 1. the content, durable in the blob store; 2. the entry with its
acknowledgement, in one SQL transaction; only then the answer. A crash in between leaves content
without an entry, which nobody was promised. Leaves reading the upload to `notary.deposits.upload`
and everything after the acknowledgement to `notary.anchoring`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from evidence.acknowledgement import Acknowledgement, sign_acknowledgement
from evidence.custody import require_allowed
from evidence.digests import Measurement
from evidence.entry import (
    Blob,
    Deposited,
    Entry,
    Exhibit,
    Mode,
    OriginalAdded,
    Payload,
    encode_entry,
    encode_particulars,
    parse_entry,
    particulars_digest,
)
from evidence.envelope import ENTRY_TYP, encode_envelope, parse_envelope, sign_envelope
from evidence.errors import CustodyError
from evidence.fields import encode_time
from evidence.keys import Signer
from evidence.merkle import leaf_hash
from notary.clock import Clock, read_clock
from notary.db import Database
from notary.deposits import store
from notary.deposits.model import (
    Statement,
    request_fingerprint,
    require_content,
    require_expected,
    require_original,
    require_original_awaited,
)
from notary.errors import DepositUnknownError, EventNotAllowedError, IdempotencyConflictError
from notary.log import store as log_store
from notary.log.identity import LogIdentity
from notary.log.store import EntryRow
from notary.storage.blobs import BlobWriter

_STREAM_BYTES = 16
_NONCE_BYTES = 32
_SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedExhibit:
    """Content that was received whole and waits in the blob store to be made durable."""

    writer: BlobWriter
    measurement: Measurement

    @property
    def exhibit(self) -> Exhibit:
        """What identifies the content."""
        return Exhibit(size_bytes=self.measurement.size_bytes, digests=self.measurement.digests)

    def commit(self) -> Blob:
        """Return where the content is, durably."""
        return Blob(cid=self.writer.commit(self.measurement).cid)


class DepositService:
    """The use cases of depositing, for any thread. Each returns the stream of the deposit.

    randomness: gives that many bytes nobody can guess.
    on_recorded: called when an entry waits for its place in the log.

    A `key` makes a call harmless to repeat: the same request under the same key leads to the same
    stream and records nothing more. IdempotencyConflictError when the key was used for another.
    """

    def __init__(
        self,
        *,
        database: Database,
        identity: LogIdentity,
        signer: Signer,
        clock: Clock,
        randomness: Callable[[int], bytes],
        on_recorded: Callable[[], None],
    ) -> None:
        self._database = database
        self._identity = identity
        self._signer = signer
        self._clock = clock
        self._randomness = randomness
        self._on_recorded = on_recorded

    def deposit_file(
        self,
        received: ReceivedExhibit,
        statement: Statement,
        *,
        expected: Sequence[str] = (),
        key: str | None = None,
    ) -> str:
        """The content is stored and its deposit recorded.

        `expected` are digest texts that the content must have.

        Raises:
            ExhibitEmptyError, DigestMismatchError, IdempotencyConflictError: nothing was recorded.
        """
        require_content(received.measurement.size_bytes)
        require_expected(expected, received.measurement.digests)
        request = _Request(key, request_fingerprint("file", received.exhibit, statement))
        if (stream := self._done_before(request)) is not None:
            return stream
        payload = Deposited(mode=Mode.FILE, exhibit=received.exhibit, blob=received.commit())
        return self._open_stream(payload, statement, request)

    def deposit_digests(
        self, exhibit: Exhibit, statement: Statement, *, key: str | None = None
    ) -> str:
        """The deposit of digests, whose content the notary never saw, is recorded.

        Raises:
            IdempotencyConflictError: nothing was recorded.
        """
        request = _Request(key, request_fingerprint("digests", exhibit, statement))
        payload = Deposited(mode=Mode.DIGESTS, exhibit=exhibit, blob=None)
        return self._open_stream(payload, statement, request)

    def expect_original(self, stream: str, *, key: str | None = None) -> None:
        """Return only when an original may come; saves a long upload that would be refused.

        Raises:
            DepositUnknownError, EventNotAllowedError.
        """
        with self._database.read() as connection:
            history = _require_stream(connection, stream)
            if key is None or store.read_key(connection, key) is None:
                require_original_awaited(history)

    def add_original(
        self,
        stream: str,
        received: ReceivedExhibit,
        statement: Statement,
        *,
        expected: Sequence[str] = (),
        key: str | None = None,
    ) -> str:
        """The content of a deposit of digests is stored and its arrival recorded.

        Raises:
            DepositUnknownError, EventNotAllowedError, OriginalDiffersError, DigestMismatchError,
            ExhibitEmptyError, IdempotencyConflictError: nothing was recorded.
        """
        require_content(received.measurement.size_bytes)
        require_expected(expected, received.measurement.digests)
        act = f"original of {stream}"
        request = _Request(key, request_fingerprint(act, received.exhibit, statement))
        with self._database.read() as connection:
            history = _require_stream(connection, stream)
            if _done_before(connection, request) is not None:
                return stream
        require_original_awaited(history)
        require_original(history[0].payload.exhibit, received.exhibit)
        payload = OriginalAdded(exhibit=received.exhibit, blob=received.commit())
        with self._database.write() as connection:
            if _done_before(connection, request) is not None:
                return stream
            # Read again: another request may have come first, and the entry links to the last.
            rows = log_store.stream_entries(connection, stream)
            row = self._record(stream, rows, payload, statement)
            log_store.insert_entry(connection, row)
            store.record_cid(connection, stream, payload.blob.cid)
            _keep(connection, request, stream)
        self._on_recorded()
        return stream

    def _open_stream(self, payload: Deposited, statement: Statement, request: "_Request") -> str:
        stream = f"exhibit:{self._randomness(_STREAM_BYTES).hex()}"
        # Signed before the SQL transaction: writers wait for each other only to write.
        row = self._record(stream, [], payload, statement)
        with self._database.write() as connection:
            if (earlier := _done_before(connection, request)) is not None:
                return earlier
            log_store.insert_entry(connection, row)
            store.insert_deposit(connection, _deposit_row(stream, payload))
            _keep(connection, request, stream)
        self._on_recorded()
        return stream

    def _record(
        self, stream: str, history: Sequence[EntryRow], payload: Payload, statement: Statement
    ) -> EntryRow:
        """Return the signed and acknowledged entry of an act that may follow `history`.

        Raises:
            EventNotAllowedError: it may not.
        """
        particulars = statement.particulars(self._randomness(_SALT_BYTES))
        not_before = read_entry(history[-1]).recorded_at if history else self._identity.created_at
        entry = Entry(
            log=self._identity.origin,
            stream=stream,
            sequence=len(history),
            previous=history[-1].leaf_hash if history else None,
            actor=statement.actor(),
            claimed_at=statement.claimed_at,
            # A clock set back must not make the custody chain run backwards.
            recorded_at=max(read_clock(self._clock), not_before),
            payload=payload,
            particulars=None if particulars is None else particulars_digest(particulars),
            confidentiality=statement.confidentiality,
            nonce=self._randomness(_NONCE_BYTES),
        )
        try:
            require_allowed([read_entry(row) for row in history], entry)
        except CustodyError as error:
            raise EventNotAllowedError(f"{error}.") from error
        envelope = encode_envelope(sign_envelope(encode_entry(entry), [self._signer], ENTRY_TYP))
        leaf = leaf_hash(envelope)
        return EntryRow(
            leaf_hash=leaf,
            stream=stream,
            sequence=entry.sequence,
            event=entry.event,
            envelope=envelope,
            particulars=None if particulars is None else encode_particulars(particulars),
            acknowledgement=self._acknowledge(entry, leaf),
            recorded_at=encode_time(entry.recorded_at),
            log_index=None,
        )

    def _acknowledge(self, entry: Entry, leaf: bytes) -> bytes:
        acknowledgement = Acknowledgement(
            log=entry.log,
            stream=entry.stream,
            sequence=entry.sequence,
            leaf_hash=leaf,
            recorded_at=entry.recorded_at,
            exhibit=entry.payload.exhibit,
        )
        return encode_envelope(sign_acknowledgement(acknowledgement, self._signer))

    def _done_before(self, request: "_Request") -> str | None:
        with self._database.read() as connection:
            return _done_before(connection, request)


def read_entry(row: EntryRow) -> Entry:
    """Return the entry in the stored envelope bytes."""
    return parse_entry(parse_envelope(row.envelope, ENTRY_TYP).payload)


@dataclass(frozen=True, slots=True)
class _Request:
    """What tells a repeated request from another: its key, if it has one, and its content."""

    key: str | None
    fingerprint: bytes


def _done_before(connection: Connection, request: _Request) -> str | None:
    """Return the stream that the same request led to earlier, or None if it is new.

    Raises:
        IdempotencyConflictError: the key was used for another request.
    """
    if request.key is None:
        return None
    found = store.read_key(connection, request.key)
    if found is None:
        return None
    if found.fingerprint != request.fingerprint:
        raise IdempotencyConflictError(
            "The Idempotency-Key was used for a request with other content or parameters."
        )
    return found.stream


def _keep(connection: Connection, request: _Request, stream: str) -> None:
    if request.key is not None:
        store.insert_key(connection, request.key, request.fingerprint, stream)


def _require_stream(connection: Connection, stream: str) -> list[Entry]:
    rows = log_store.stream_entries(connection, stream)
    if not rows:
        raise DepositUnknownError("There is no deposit of that name.")
    return [read_entry(row) for row in rows]


def _deposit_row(stream: str, payload: Deposited) -> store.DepositRow:
    return store.DepositRow(
        stream=stream,
        mode=payload.mode,
        sha256=payload.exhibit.digests.sha256,
        sm3=payload.exhibit.digests.sm3,
        size_bytes=payload.exhibit.size_bytes,
        cid=None if payload.blob is None else payload.blob.cid,
    )
