"""Deposits of large files: speed as a ratio to SM3 alone, and the notary's peak memory."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx2

from benchmarks.limits import sm3_bytes_per_second
from benchmarks.rows import Row, median
from scripts.demo_files import write_key_stream
from scripts.processes import free_port, running

_ROUNDS = 3
_GIB = 2**30


def run() -> list[Row]:
    """1 GiB, sent as one raw body: SHA-256, SM3, CID, block store and fsync before the answer."""
    speeds, ratios = [], []
    for _ in range(_ROUNDS):
        limit = sm3_bytes_per_second()
        seconds, _ = _deposit(_GIB)
        speeds.append(_GIB / seconds)
        ratios.append(_GIB / seconds / limit)
    return [
        Row(
            figure="deposit of 1 GiB",
            value=f"{median(speeds) / 1e6:.0f} MB/s",
            ratio=f"{median(ratios):.2f} of SM3 alone",
        )
    ]


def run_memory() -> list[Row]:
    """Peak resident memory of the notary, idle and over a deposit of 5 GiB."""
    _, small_peak = _deposit(2**20)
    seconds, peak = _deposit(5 * _GIB)
    return [
        Row(figure="peak memory, deposit of 1 MiB", value=f"{small_peak / 2**20:.0f} MiB"),
        Row(
            figure="peak memory, deposit of 5 GiB",
            value=f"{peak / 2**20:.0f} MiB",
            ratio=f"{(peak - small_peak) / 2**20:+.0f} MiB; {5 * _GIB / seconds / 1e6:.0f} MB/s",
        ),
    ]


def _deposit(size_bytes: int) -> tuple[float, int]:
    """Seconds for one deposit of this size, and the notary's peak resident memory in bytes."""
    with tempfile.TemporaryDirectory(prefix="zhenglian-bench-") as directory:
        exhibit = Path(directory) / "exhibit.bin"
        write_key_stream(exhibit, size_bytes)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        data_dir = str(Path(directory) / "data")
        command = ["notary", "serve", "--data-dir", data_dir, "--port", str(port)]
        with (
            running(command, url, Path(directory) / "notary.log") as notary,
            httpx2.Client(timeout=600) as client,
            exhibit.open("rb") as file,
        ):
            start = time.perf_counter()
            answer = client.post(
                f"{url}/v1/deposits",
                content=iter(lambda: file.read(2**20), b""),
                headers={"Content-Length": str(size_bytes)},
            )
            answer.raise_for_status()
            return time.perf_counter() - start, peak_memory_bytes(notary.pid)


def peak_memory_bytes(pid: int) -> int:
    """The process's peak resident memory (Linux: VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
