"""An anvil node in a process of its own, with free gas, London rules and an empty genesis state."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web3 import HTTPProvider, Web3

from chain.embedded import DEFAULT_CHAIN_ID

INSTALLER = Path(__file__).parents[3] / "scripts" / "anvil.sh"
START_TIMEOUT_S = 30.0
_LISTENING = "Listening on "

OPTIONS = (
    *("--port", "0"),
    *("--chain-id", str(DEFAULT_CHAIN_ID)),
    *("--hardfork", "london"),
    *("--gas-limit", "100000000"),
    *("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"),
    *("--accounts", "0", "--disable-default-create2-deployer"),
    *("--order", "fifo"),
)


class NotInstalledError(Exception):
    """The installer could not give us anvil; the text is its reason."""


def install() -> str:
    """The path of anvil, installed if need be."""
    run = subprocess.run([str(INSTALLER)], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise NotInstalledError(run.stderr.strip())
    return run.stdout.strip()


@contextmanager
def running(anvil: str, output: Path) -> Iterator[Web3]:
    """A client of a fresh node, which ends with the block; its output goes to a file."""
    with output.open("w") as sink:
        process = subprocess.Popen([anvil, *OPTIONS], stdout=sink, stderr=subprocess.STDOUT)
    try:
        yield Web3(HTTPProvider(f"http://{_address(process, output)}"))
    finally:
        process.terminate()
        process.wait(timeout=10)


def _address(process: "subprocess.Popen[bytes]", output: Path) -> str:
    """Where the node listens, as soon as it says so."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        for line in output.read_text().splitlines():
            if line.startswith(_LISTENING):
                return line.removeprefix(_LISTENING)
        time.sleep(0.05)
    raise RuntimeError(f"anvil does not listen: {output.read_text()[-500:]}")
