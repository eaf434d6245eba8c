"""The command `verifier serve` as a process of its own, over real connections."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

pytestmark = pytest.mark.slow

VECTOR = Path(__file__).parents[2] / "vectors" / "one_validator"
BUNDLE = (VECTOR / "bundle.evidence.json").read_bytes()
EXHIBIT = (VECTOR / "exhibit.bin").read_bytes()

BROKEN_OFF = (
    b"POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="bundle"; filename="b"\r\n\r\n{"half'
)


class Service:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self.lines = []
        for line in process.stderr:
            self.lines.append(line)
            if "running on" in line:
                break
        self.port = int(line.partition("http://127.0.0.1:")[2].split()[0])
        self.process = process

    def stop(self) -> str:
        """Everything the service wrote, once it has ended."""
        self.process.terminate()
        _, rest = self.process.communicate(timeout=20)
        return "".join(self.lines) + rest


@pytest.fixture
def service() -> Iterator[Service]:
    command = [sys.executable, "-m", "verifier", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--trust-root", VECTOR / "trust.json"], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Service(process)
        finally:
            process.kill()


def verify(service: Service) -> str:
    response = httpx2.post(
        f"http://127.0.0.1:{service.port}/v1/verify",
        files={"bundle": ("b", BUNDLE), "exhibit": ("e", EXHIBIT)},
    )
    return str(response.json()["status"])


def test_service_outlives_an_upload_that_breaks_off(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(BROKEN_OFF)
    assert verify(service) == "PASSED"
    written = service.stop()
    assert "Traceback" not in written
    assert "ERROR" not in written


def test_service_writes_down_nothing_of_a_verification(service: Service) -> None:
    assert verify(service) == "PASSED"
    written = service.stop()
    assert "/v1/verify" not in written
    assert "exhibit:" not in written


def test_port_in_use_is_said_in_one_sentence(service: Service) -> None:
    command = [sys.executable, "-m", "verifier", "serve", "--port", str(service.port)]
    second = subprocess.run(
        [*command, "--trust-root", VECTOR / "trust.json"], capture_output=True, text=True
    )
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1
    assert f"port {service.port} of 127.0.0.1 is in use by another program" in second.stderr
