"""The client of a notary: deposit files or digests, follow them, take the bundle.

Owns the calls of the notary's HTTP interface and the comparison of its answers with what was sent.
Leaves deciding what a bundle shows to the offline verifier, which needs no notary.
"""

import mimetypes
import os
import re
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from zhenglian.acknowledgement import Signer, read_signers, verify_acknowledgement
from zhenglian.deposit import Deposit, Status, read_deposit, read_status
from zhenglian.digests import DigestMeter, Exhibit, Progress
from zhenglian.errors import DigestMismatchError, WaitTimeoutError
from zhenglian.transport import Retry, Transport, read_object
from zhenglian.upload import Upload, open_upload

_STREAM = re.compile(r"exhibit:([0-9a-f]{32})")
_FIRST_POLL_S = 0.2
_POLL_FACTOR = 1.5
_LONGEST_POLL_S = 5.0

Content = str | os.PathLike[str] | BinaryIO


class Client:
    """A notary at one address. May be used from several threads; close it, or use it in `with`.

    With a `trust_root`, obtained apart from the notary, every acknowledgement must be signed by one
    of its signers. Reads are repeated after a failure, and so are deposits: each carries an
    idempotency key, by which the notary answers a repetition with the deposit it already made.

    Every call raises TransportError when the notary cannot be reached, ProblemError when it
    refuses and AnswerError when its answer cannot be read.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 60.0,
        retry: Retry | None = None,
        trust_root: bytes | None = None,
    ) -> None:
        self._signers: Mapping[str, Signer] | None = None
        if trust_root is not None:
            self._signers = read_signers(trust_root)
        self._transport = Transport(
            base_url,
            timeout_s=timeout_s,
            retry=retry or Retry(),
            headers={"User-Agent": "zhenglian-python/0.1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """The connections are closed."""
        self._transport.close()

    def deposit_file(
        self,
        content: Content,
        /,
        *,
        file_name: str | None = None,
        media_type: str | None = None,
        note: str | None = None,
        source: str | None = None,
        claimed_at: datetime | None = None,
        confidentiality: str | None = None,
        role: str | None = None,
        expect_digests: bool = True,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> Deposit:
        """The file is on the notary's durable storage, and the notary has signed for it.

        `content` is a path or an open binary file; a pipe, which cannot be read again, is sent once
        only. `file_name` and `media_type` are taken from a path unless given. `source` says where
        the file comes from, `claimed_at` when the act happened. With `expect_digests` the bytes are
        hashed while they are sent and compared with what the notary recorded. `progress` starts
        over when the upload does.

        Raises DigestMismatchError, FileChangedError, and OSError when the file cannot be read.
        """
        if isinstance(content, str | os.PathLike):
            file_name = Path(content).name if file_name is None else file_name
        if media_type is None and file_name is not None:
            media_type = mimetypes.guess_type(file_name)[0]
        particulars = {
            "file_name": file_name,
            "media_type": media_type,
            "note": note,
            "source": source,
            "claimed_at": _time_text(claimed_at),
            "confidentiality": confidentiality,
            "role": role,
        }
        with open_upload(content) as upload:
            return self._send(
                "/v1/deposits",
                upload,
                particulars,
                idempotency_key or uuid.uuid4().hex,
                expect_digests,
                progress,
            )

    def deposit_digests(
        self,
        digests: Sequence[str],
        size_bytes: int,
        *,
        file_name: str | None = None,
        media_type: str | None = None,
        note: str | None = None,
        source: str | None = None,
        claimed_at: datetime | None = None,
        confidentiality: str | None = None,
        role: str | None = None,
        idempotency_key: str | None = None,
    ) -> Deposit:
        """The digests are on the notary's durable storage; the content never left this machine.

        `digests` are the SHA-256 and the SM3 in this order, as `digests_of` gives them. Nothing of
        the file is sent but what is given here. Raises DigestMismatchError when the notary recorded
        other digests.
        """
        sha256, sm3 = digests
        expected = Exhibit(sha256=sha256, sm3=sm3, size_bytes=size_bytes)
        request = {
            "digests": [sha256, sm3],
            "size_bytes": size_bytes,
            "file_name": file_name,
            "media_type": media_type,
            "note": note,
            "source": source,
            "claimed_at": _time_text(claimed_at),
            "confidentiality": confidentiality,
            "role": role,
        }
        raw = self._transport.request(
            "POST",
            "/v1/deposits/digests",
            json={name: value for name, value in request.items() if value is not None},
            headers={"Idempotency-Key": idempotency_key or uuid.uuid4().hex},
            repeatable=True,
        )
        return self._read_deposit(raw, expected)

    def add_original(
        self, stream: str, content: Content, /, *, progress: Progress | None = None
    ) -> Deposit:
        """The notary also holds the content of a deposit that was made by its digests.

        Raises OriginalDiffersError when it is another content, and what `deposit_file` raises.
        """
        with open_upload(content) as upload:
            return self._send(
                f"{_path_of(stream)}/original", upload, {}, uuid.uuid4().hex, True, progress
            )

    def get(self, stream: str) -> Deposit:
        """The deposit as it stands now. Raises DepositUnknownError."""
        return self._read_deposit(self._get(_path_of(stream)), None)

    def wait_until_anchored(
        self,
        stream: str,
        *,
        timeout_s: float = 120.0,
        on_answer: Callable[[Deposit], None] | None = None,
    ) -> Deposit:
        """The deposit is anchored and its bundle is ready.

        Asks again and again, ever more slowly; `on_answer` is called with each answer. Raises
        WaitTimeoutError when that takes longer than `timeout_s`; the deposit is safe all the same.
        """
        deadline = time.monotonic() + timeout_s
        wait_s = _FIRST_POLL_S
        while True:
            deposit = self.get(stream)
            if on_answer is not None:
                on_answer(deposit)
            if deposit.anchored:
                return deposit
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise WaitTimeoutError(
                    f"{stream} is {deposit.state.value} but not anchored after {timeout_s:g} s"
                )
            time.sleep(min(wait_s, left_s))
            wait_s = min(wait_s * _POLL_FACTOR, _LONGEST_POLL_S)

    def bundle(self, stream: str) -> bytes:
        """The bundle: all that an offline verifier needs beside the file and a trust root.

        Raises NotAnchoredYetError and DepositUnknownError.
        """
        return self._get(f"{_path_of(stream)}/bundle")

    def save_bundle(self, stream: str, path: str | os.PathLike[str] = ".") -> Path:
        """The bundle is at the path returned, whole or not at all.

        A directory is given the file `<hexadecimal digits of the stream>.evidence.json`.
        """
        target = Path(path)
        if target.is_dir():
            target /= f"{_digits_of(stream)}.evidence.json"
        raw = self.bundle(stream)
        unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            unfinished.write_bytes(raw)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return target

    def trust_root(self) -> bytes:
        """The trust root this notary publishes.

        Whoever relies on a bundle obtains it in another way too, and compares.
        """
        return self._get("/v1/trust-root")

    def status(self) -> Status:
        """What the notary says about itself."""
        return read_status(read_object(self._get("/v1/status")))

    def _get(self, path: str) -> bytes:
        return self._transport.request("GET", path, repeatable=True)

    def _send(
        self,
        path: str,
        upload: Upload,
        params: Mapping[str, str | None],
        idempotency_key: str,
        expect_digests: bool,
        progress: Progress | None,
    ) -> Deposit:
        sent: Exhibit | None = None

        def body() -> Generator[bytes, None, None]:
            nonlocal sent
            sent = None
            done = 0
            with DigestMeter() as meter:
                for chunk in upload.chunks():
                    if expect_digests:
                        meter.update(chunk)
                    yield chunk
                    done += len(chunk)
                    if progress is not None:
                        progress(done, upload.size_bytes)
                sent = meter.finish()

        headers = {
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": idempotency_key,
        }
        if upload.size_bytes is not None:
            headers["Content-Length"] = str(upload.size_bytes)
        raw = self._transport.request(
            "POST", path, params=params, headers=headers, body=body, repeatable=upload.repeatable
        )
        if not expect_digests:
            return self._read_deposit(raw, None)
        if sent is None:
            raise DigestMismatchError("the notary answered before it was sent the whole file")
        return self._read_deposit(raw, sent)

    def _read_deposit(self, raw: bytes, expected: Exhibit | None) -> Deposit:
        deposit = read_deposit(read_object(raw))
        if expected is not None and deposit.exhibit != expected:
            raise DigestMismatchError(
                f"sent {_exhibit_text(expected)}, the notary recorded "
                f"{_exhibit_text(deposit.exhibit)}"
            )
        if self._signers is not None:
            verify_acknowledgement(deposit, self._signers)
        return deposit


def _path_of(stream: str) -> str:
    _digits_of(stream)
    return f"/v1/deposits/{stream}"


def _digits_of(stream: str) -> str:
    match = _STREAM.fullmatch(stream)
    if match is None:
        raise ValueError(
            f"expected a stream id, exhibit: and 32 hexadecimal digits, found {stream!r}"
        )
    return match[1]


def _time_text(time_: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, as the format wants it."""
    if time_ is None:
        return None
    if time_.tzinfo is None:
        raise ValueError("claimed_at must carry its time zone, found a naive datetime")
    text = time_.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _exhibit_text(exhibit: Exhibit) -> str:
    return f"{exhibit.size_bytes} bytes with {exhibit.sha256} and {exhibit.sm3}"
