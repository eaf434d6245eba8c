"""The identity of content: SHA-256 and SM3 together, and the measuring of a stream in one pass.

Owns the digest pair (FIPS 180-4 and GB/T 32905), its text form "sha256:…", "sm3:…", and the
measurement (size, digests, CID) of content of any size in constant memory. Leaves the CID's own
rules to `evidence.unixfs` and reading of files to its callers.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from cryptography.hazmat.primitives import hashes

from evidence.canonical import Json
from evidence.errors import DigestError, FieldError
from evidence.fields import encode_hex, parse_hex
from evidence.unixfs import CHUNK_BYTES, BlockSink, Chunker, UnixfsBuilder, encode_cid

DIGEST_BYTES = 32

MAX_BLOCKS_IN_FLIGHT = 8
# Blocks handed to the hashing threads and not yet hashed by both: enough that neither thread
# waits for the other's slow moments, few enough (8 MiB) that memory stays constant.


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The identity of content: both digests, 32 bytes each."""

    sha256: bytes
    sm3: bytes

    def __post_init__(self) -> None:
        for name, digest in (("SHA-256", self.sha256), ("SM3", self.sm3)):
            if len(digest) != DIGEST_BYTES:
                raise DigestError(f"{name} digest is {DIGEST_BYTES} bytes, found {len(digest)}")

    def texts(self) -> list[str]:
        """Return ["sha256:<hex>", "sm3:<hex>"], always in this order."""
        return ["sha256:" + encode_hex(self.sha256), "sm3:" + encode_hex(self.sm3)]


def parse_digests(texts: Sequence[Json], where: str = "digests") -> Digests:
    """Return the pair spelt by `texts`; accepts exactly what `Digests.texts` writes."""
    if isinstance(texts, str) or len(texts) != 2:
        raise DigestError(f"{where} is a SHA-256 and an SM3 digest, found {len(texts)} items")
    return Digests(
        sha256=_parse_digest(texts[0], "sha256:", where), sm3=_parse_digest(texts[1], "sm3:", where)
    )


def digests_of(content: bytes) -> Digests:
    """Return the digests of content held in memory."""
    sm3 = _new_sm3()
    sm3.update(content)
    return Digests(sha256=hashlib.sha256(content).digest(), sm3=sm3.digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one pass over content finds: its size, its digests, and its CID in text form."""

    size_bytes: int
    digests: Digests
    cid: str


def measure_chunks(chunks: Iterable[bytes]) -> Measurement:
    """Return the measurement of the content that `chunks` of any length make up."""
    with Measurer() as measurer:
        for chunk in chunks:
            measurer.update(chunk)
        return measurer.finish()


class Measurer:
    """Measures a stream: update() for each piece, then finish() once.

    SM3 is four times slower than SHA-256 and cannot be split, so it runs in a thread of its own
    beside SHA-256 and the CID; content below 1 MiB starts no thread. `sink`, if given, receives
    (cid, block) of every IPFS block, children before parents, never two at once, though not
    always in the caller's thread; what it raises comes out of a later update() or of finish().
    Use as a context manager, so that the threads end when the stream breaks off.
    """

    def __init__(self, sink: BlockSink | None = None) -> None:
        self._chunker = Chunker(CHUNK_BYTES)
        self._size_bytes = 0
        self._sm3 = _new_sm3()
        self._sha256 = hashlib.sha256()
        self._cid = UnixfsBuilder(sink)
        self._lanes: tuple[ThreadPoolExecutor, ThreadPoolExecutor] | None = None
        self._in_flight: deque[tuple[Future[None], Future[None]]] = deque()
        self._closed = False

    def update(self, chunk: bytes) -> None:
        """Take in the next piece of the stream, of any length."""
        self._check_open()
        self._size_bytes += len(chunk)
        for block in self._chunker.cut(chunk):
            self._hand_out(block)

    def finish(self) -> Measurement:
        """Return the measurement of everything taken in, and close."""
        self._check_open()
        try:
            self._wait(0)
            if rest := self._chunker.rest():
                self._sm3.update(rest)
                self._add(rest)
            cid = encode_cid(self._cid.finish())
        finally:
            self.close()
        digests = Digests(sha256=self._sha256.digest(), sm3=self._sm3.digest())
        return Measurement(size_bytes=self._size_bytes, digests=digests, cid=cid)

    def close(self) -> None:
        """End the threads; a measurer closed before finish() has no measurement."""
        self._closed = True
        for lane in self._lanes or ():
            lane.shutdown(wait=True, cancel_futures=True)
        self._lanes = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _hand_out(self, block: bytes) -> None:
        # One worker a lane keeps the blocks in order, hence the result the same on every run.
        if self._lanes is None:
            self._lanes = (ThreadPoolExecutor(1, "sm3"), ThreadPoolExecutor(1, "sha256"))
        sm3_lane, sha256_lane = self._lanes
        futures = (sm3_lane.submit(self._sm3.update, block), sha256_lane.submit(self._add, block))
        self._in_flight.append(futures)
        try:
            self._wait(MAX_BLOCKS_IN_FLIGHT)
        except BaseException:
            # A block is lost to the sink, so nothing that follows may be measured.
            self.close()
            raise

    def _wait(self, allowed: int) -> None:
        while len(self._in_flight) > allowed:
            for future in self._in_flight.popleft():
                future.result()

    def _add(self, block: bytes) -> None:
        self._sha256.update(block)
        self._cid.add_leaf(block)

    def _check_open(self) -> None:
        if self._closed:
            raise DigestError("a measurer is used once, found a second use after it was closed")


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _CryptographySm3:
    """SM3 of the `cryptography` package, in the shape of hashlib."""

    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return self._hash.copy().finalize()


def _new_sm3() -> _Hash:
    """Return an SM3 hash: hashlib's, which lets other threads run, where its OpenSSL has one."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3")
    return _CryptographySm3()


def _parse_digest(text: Json, prefix: str, where: str) -> bytes:
    if not isinstance(text, str) or not text.startswith(prefix):
        raise DigestError(f"{where} holds {prefix}<64 hexadecimal digits>, found otherwise")
    try:
        return parse_hex(text.removeprefix(prefix), DIGEST_BYTES, where)
    except FieldError as error:
        raise DigestError(str(error)) from error
