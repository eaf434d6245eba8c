"""The digest pair of a content: SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016).

Owns hashing while the bytes stream by. Leaves reading from the network and comparing to others.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from cryptography.hazmat.primitives import hashes

CHUNK_BYTES = 1 << 20
"""Large enough that hashing, which releases the interpreter lock, outweighs the hand-over."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes done and the bytes in all, the latter None when not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What identifies a content: its size and both digests in text form."""

    sha256: str
    """`sha256:` and 64 lower-case hexadecimal digits."""
    sm3: str
    """`sm3:` and 64 lower-case hexadecimal digits."""
    size_bytes: int

    @property
    def digests(self) -> tuple[str, str]:
        """Both digests in the order of the format: SHA-256, SM3."""
        return (self.sha256, self.sm3)


class _Hash(Protocol):
    def update(self, data: bytes, /) -> object: ...


class DigestMeter:
    """Measures chunks as they pass, each hash in its own thread.

    A chunk is hashed while its caller sends it and fetches the next one; `update` waits only when a
    hash has fallen behind. Use as a context manager, so that the threads end with it.
    """

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._sm3 = _new_sm3()
        self._size_bytes = 0
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="zhenglian-digest")
        self._running: list[Future[object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def update(self, chunk: bytes) -> None:
        """`chunk` will be part of the measure; chunks count in the order they are given."""
        self._join()
        hashers: tuple[_Hash, _Hash] = (self._sha256, self._sm3)
        self._running = [self._pool.submit(hasher.update, chunk) for hasher in hashers]
        self._size_bytes += len(chunk)

    def finish(self) -> Exhibit:
        """The size and digests of all chunks given; call it once, last."""
        self._join()
        sm3 = self._sm3.finalize() if isinstance(self._sm3, hashes.Hash) else self._sm3.digest()
        return Exhibit(
            sha256=f"sha256:{self._sha256.hexdigest()}",
            sm3=f"sm3:{sm3.hex()}",
            size_bytes=self._size_bytes,
        )

    def _join(self) -> None:
        for future in self._running:
            future.result()


def digests_of(path: str | PathLike[str], progress: Progress | None = None) -> Exhibit:
    """The size and both digests of the file at `path`; nothing leaves this machine.

    Raises OSError when the file cannot be read.
    """
    with Path(path).open("rb") as file, DigestMeter() as meter:
        size_bytes = Path(path).stat().st_size
        done = 0
        while chunk := file.read(CHUNK_BYTES):
            meter.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, size_bytes)
        return meter.finish()


def _new_sm3() -> "hashlib._Hash | hashes.Hash":
    """An SM3 hash of the system's OpenSSL, which some builds leave out, else of cryptography."""
    try:
        return hashlib.new("sm3", usedforsecurity=False)
    except ValueError:
        return hashes.Hash(hashes.SM3())
