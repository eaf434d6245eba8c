"""An exhibit of any length is taken in with little memory."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.serving import free_port, start_notary, wait_until_ready

pytestmark = pytest.mark.slow

EXHIBIT_BYTES = 5 * 2**30 + 1
ROOM_BYTES = 12 * 2**30
MOST_MEMORY_BYTES = 300 * 2**20
"""Python, web3 and py-evm take about half of it; the upload itself a few mebibytes."""
PIECE = bytes(range(256)) * 4096


@pytest.fixture
def roomy_dir() -> Iterator[Path]:
    """A directory on a disk with room for the exhibit; /tmp may be in memory."""
    place = Path(os.environ.get("ZHENGLIAN_TEST_DIR", tempfile.gettempdir()))
    free_bytes = shutil.disk_usage(place).free
    if free_bytes < ROOM_BYTES:
        reason = f"{ROOM_BYTES} free bytes are needed in {place}, found {free_bytes}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(dir=place) as directory:
        yield Path(directory)


def peak_memory_bytes(pid: int) -> int:
    """The most memory the process ever had resident (VmHWM of proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def upload(url: str, size_bytes: int) -> bytes:
    """Return the answer to a deposit of that many bytes, made while they are sent."""
    address = urlsplit(url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 0), 600) as connection:
        head = "POST /v1/deposits HTTP/1.1", "Host: x", "Connection: close"
        lines = [*head, f"Content-Length: {size_bytes}", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        left = size_bytes
        while left:
            connection.sendall(PIECE[:left])
            left -= min(left, len(PIECE))
        answer = b""
        while received := connection.recv(65536):
            answer += received
        return answer


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs proc(5)")
def test_five_gibibytes_need_little_memory(roomy_dir: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start_notary(roomy_dir / "data", port, roomy_dir / "notary.log")
    try:
        wait_until_ready(url, process)
        at_rest = peak_memory_bytes(process.pid)
        answer = upload(url, EXHIBIT_BYTES)
        assert answer.startswith(b"HTTP/1.1 201 "), answer[:500]
        assert f'"size_bytes":{EXHIBIT_BYTES}'.encode() in answer
        peak = peak_memory_bytes(process.pid)
    finally:
        process.kill()
        process.wait()
    print(f"peak {peak / 2**20:.0f} MiB, before the upload {at_rest / 2**20:.0f} MiB")
    assert peak < MOST_MEMORY_BYTES
    assert peak - at_rest < 64 * 2**20
