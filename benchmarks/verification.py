"""Verifying a bundle of a log of a million entries: time, size, and the price of each part."""

from __future__ import annotations

import hashlib
import time

from benchmarks.rows import Row, median
from evidence.bundle import encode_bundle
from evidence.digests import measure_chunks
from tests.world import World
from verifier.report import Status
from verifier.verify import verify_bundle

_ENTRIES = 1_000_000
_ROUNDS = 30


def run() -> list[Row]:
    rows = []
    for validators in (1, 4):
        world = World(validators=validators)
        world.append_leaves(
            hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(_ENTRIES - 1)
        )
        content = b"content"
        stream = world.deposit(content)
        world.anchor()
        raw = encode_bundle(world.bundle(stream))
        trust = world.trust_root()
        exhibit = measure_chunks([content])
        seconds = []
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            report = verify_bundle(raw, trust, exhibit=exhibit)
            seconds.append(time.perf_counter() - start)
            if report.status is not Status.PASSED:
                raise RuntimeError(f"the bundle did not verify: {report.status}")
        rows.append(
            Row(
                figure=f"one bundle, log of 10⁶ entries, {validators} validators",
                value=f"{median(seconds) * 1e3:.1f} ms",
                ratio=f"{len(raw):,} bytes",
            )
        )
    return rows
