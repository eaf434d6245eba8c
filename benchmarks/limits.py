"""How fast this machine hashes: the wall that a deposit of a large file runs into.

SM3 has no processor instruction, so its single-thread speed bounds every deposit; SHA-256 and the
CID have to fit beside it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from benchmarks.rows import Row, median
from evidence.digests import measure_chunks

_BLOCK = bytes(range(256)) * 4096
_BLOCKS = 256
_ROUNDS = 3


def run() -> list[Row]:
    sm3 = sm3_bytes_per_second()
    sha256 = _speed(lambda: _hash("sha256"))
    both = _speed(lambda: measure_chunks(_BLOCK for _ in range(_BLOCKS)))
    return [
        Row(figure="SM3, one thread", value=f"{sm3 / 1e6:.0f} MB/s"),
        Row(figure="SHA-256, one thread", value=f"{sha256 / 1e6:.0f} MB/s"),
        Row(
            figure="SHA-256, SM3 and CID in one pass",
            value=f"{both / 1e6:.0f} MB/s",
            ratio=f"{both / sm3:.2f} of SM3 alone",
        ),
    ]


def sm3_bytes_per_second() -> float:
    """Median speed of SM3 in one thread over 256 MiB."""
    return _speed(lambda: _hash("sm3"))


def _hash(algorithm: str) -> None:
    state = hashlib.new(algorithm)
    for _ in range(_BLOCKS):
        state.update(_BLOCK)


def _speed(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return _BLOCKS * len(_BLOCK) / median(seconds)
