"""From acknowledgement to anchored, as a client sees it, one deposit at a time and under load."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Row, percentile
from scripts.processes import running_notary
from zhenglian import Client

_DEPOSITS = 30


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="zhenglian-bench-") as directory:
        log = Path(directory) / "notary.log"
        with running_notary(Path(directory) / "data", log=log) as url, Client(url) as client:
            waits = [_wait(client, number) for number in range(_DEPOSITS)]
    return [
        Row(
            figure="acknowledged to anchored, one at a time",
            value=f"p50 {percentile(waits, 50):.2f} s",
            ratio=f"p95 {percentile(waits, 95):.2f} s",
        )
    ]


def _wait(client: Client, number: int) -> float:
    content = f"exhibit {number}".encode()
    deposit = client.deposit_file(io.BytesIO(content), file_name=f"exhibit-{number}.txt")
    acknowledged = time.perf_counter()
    while client.get(deposit.stream).state != "anchored":
        time.sleep(0.01)
    return time.perf_counter() - acknowledged
