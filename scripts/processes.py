"""Starts this project's services as child processes and waits until they say that they are ready.

Shared by the demo, ``./run serve`` and the benchmarks. Everything listens on the loopback address.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

BIN = Path(sys.executable).parent
READY_TIMEOUT_S = 60.0


class ServiceFailedError(Exception):
    """A service did not become ready; the message ends with the last it said."""


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """``url``/readyz answered 200.

    Raises:
        ServiceFailedError: the process ended first, or did not become ready in time.
    """
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceFailedError(f"{url}: the service ended with code {process.returncode}")
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise ServiceFailedError(f"{url}: not ready after {READY_TIMEOUT_S:.0f} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    """The process has ended: asked first, killed when it does not listen."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running(
    arguments: list[str], url: str, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A service of this project (``notary serve …``) that is ready at ``url`` inside the block."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log else None
        process = subprocess.Popen(
            [str(BIN / arguments[0]), *arguments[1:]],
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        )
        stack.callback(stop, process)
        try:
            wait_until_ready(url, process)
        except ServiceFailedError as error:
            said = log.read_text(encoding="utf-8").splitlines()[-1:] if log else []
            raise ServiceFailedError(" ".join([f"{error}.", *said])) from error
        yield process


@contextlib.contextmanager
def running_notary(
    data_dir: Path, *, port: int | None = None, log: Path | None = None
) -> Iterator[str]:
    """A notary on ``data_dir``; yields its address."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["notary", "serve", "--data-dir", str(data_dir), "--port", str(port)]
    with running(arguments, url, log):
        yield url


@contextlib.contextmanager
def running_verifier(
    trust_root: Path, *, port: int | None = None, log: Path | None = None
) -> Iterator[str]:
    """A verifier that starts from ``trust_root``; yields its address."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["verifier", "serve", "--trust-root", str(trust_root), "--port", str(port)]
    with running(arguments, url, log):
        yield url
