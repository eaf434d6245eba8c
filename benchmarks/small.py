"""Small deposits a second: digests only, each durable and signed before it is answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Row, percentile
from scripts.processes import free_port, running_notary

_SECONDS = 5.0


def run() -> list[Row]:
    rows = []
    for connections in (1, 16, 64):
        with tempfile.TemporaryDirectory(prefix="zhenglian-bench-") as directory:
            port = free_port()
            log = Path(directory) / "notary.log"
            with running_notary(Path(directory) / "data", port=port, log=log):
                latencies = load(port, connections)
        rows.append(
            Row(
                figure=f"digests-only deposits, {connections} connections",
                value=f"{len(latencies) / _SECONDS:.0f}/s",
                ratio=f"p50 {percentile(latencies, 50) * 1e3:.1f} ms,"
                f" p99 {percentile(latencies, 99) * 1e3:.1f} ms",
            )
        )
    return rows


def load(port: int, connections: int) -> list[float]:
    """Latencies in seconds of the deposits acknowledged to ``connections`` clients in five seconds.

    The clients run in a process of their own, so that they do not share the notary's interpreter.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_load, (port, connections))


def _load(port: int, connections: int) -> list[float]:
    return asyncio.run(_clients(port, connections))


async def _clients(port: int, connections: int) -> list[float]:
    deadline = time.perf_counter() + _SECONDS
    results = await asyncio.gather(
        *(_client(port, number, deadline) for number in range(connections))
    )
    return [latency for each in results for latency in each]


async def _client(port: int, number: int, deadline: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    latencies = []
    count = 0
    while (start := time.perf_counter()) < deadline:
        count += 1
        seed = f"{number}/{count}".encode()
        digests = [f"{name}:{hashlib.new(name, seed).hexdigest()}" for name in ("sha256", "sm3")]
        body = json.dumps({"digests": digests, "size_bytes": len(seed)}).encode()
        writer.write(
            b"POST /v1/deposits/digests HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 201 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"the notary answered {head.splitlines()[0]!r}")
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - start)
    writer.close()
    return latencies
