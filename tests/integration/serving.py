"""A notary that listens on the loopback address: in a thread of the test, or as its own process."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import uvicorn
from starlette.types import ASGIApp

READY_TIMEOUT_S = 60.0
_ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Return a loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The application listens at the address while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            # The socket listens already: the first request waits until the server accepts it.
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def start_notary(data_dir: Path, port: int, log: Path) -> "subprocess.Popen[bytes]":
    """Return the process of `notary serve`, which may not be ready yet."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-c",
                    "import sys; from notary.cli import main; sys.exit(main())",
                ),
                *("serve", "--data-dir", str(data_dir), "--port", str(port)),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'sdk' / 'python'}"},
        )


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    """The notary answered that it is ready; an assertion fails when it ended or took too long."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the notary ended with code {process.returncode}"
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.02)
    raise AssertionError(f"the notary was not ready after {READY_TIMEOUT_S:.0f} s")
