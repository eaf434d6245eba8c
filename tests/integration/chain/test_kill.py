"""A chain whose process is killed at any moment keeps every block it acknowledged."""

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chain.embedded import open_embedded_chain

pytestmark = pytest.mark.slow

ROUNDS = 20
FIRST_STARTS = 8
ROOT = Path(__file__).parents[3]


def start_writer(directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.chain.writer", str(directory)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def run_and_kill(directory: Path, delay_s: float) -> dict[int, str]:
    """The blocks acknowledged by a writer that lived this long after its first block."""
    with start_writer(directory) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        timer = threading.Timer(delay_s, writer.kill)
        timer.start()
        lines = [first, *writer.stdout]
        timer.join()
    assert writer.returncode == -signal.SIGKILL
    # The last line may be cut short; then its block was not acknowledged.
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {int(number): block_hash for number, block_hash in whole}


def test_acknowledged_blocks_survive_kill(tmp_path: Path) -> None:
    moments = random.Random(20180907)
    acknowledged: dict[int, str] = {}
    for _ in range(ROUNDS):
        written = run_and_kill(tmp_path, moments.uniform(0, 0.25))
        assert written
        assert written.keys().isdisjoint(acknowledged.keys())
        acknowledged |= written
        with open_embedded_chain(tmp_path) as chain:
            stored = {number: chain.store.block(number) for number in acknowledged}
            assert {
                number: block.hash.hex() for number, block in stored.items() if block
            } == acknowledged
    with open_embedded_chain(tmp_path) as chain:
        report = chain.audit()
        assert report.fault is None
        # At most the block in flight at each kill was written without being acknowledged.
        assert len(acknowledged) <= chain.head.number <= len(acknowledged) + ROUNDS


def test_first_start_can_be_killed_at_any_moment(tmp_path: Path) -> None:
    moments = random.Random(5)
    for number in range(FIRST_STARTS):
        directory = tmp_path / str(number)
        with start_writer(directory) as writer:
            # The lock is the first thing a start leaves behind.
            while not (directory / "chain.lock").exists() and writer.poll() is None:
                time.sleep(0.0005)
            time.sleep(moments.uniform(0, 0.02))
            writer.kill()
        assert writer.returncode == -signal.SIGKILL
        with open_embedded_chain(directory) as chain:
            chain.mine([])
            assert chain.audit().ok
