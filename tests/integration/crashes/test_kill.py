"""A notary whose process is killed at any moment keeps every deposit it acknowledged."""

import random
import signal
import subprocess
import threading
import time
from itertools import count
from pathlib import Path

import httpx2
import pytest

from evidence.digests import digests_of
from notary.settings import Settings
from notary.wiring import Seams
from tests.integration.crashes.audit import audit
from tests.integration.serving import free_port, start_notary, wait_until_ready

pytestmark = pytest.mark.slow

ROUNDS = 12
LONGEST_LIFE_S = 0.8
"""After the notary is ready."""
LARGEST_BYTES = 3_000_000
PAUSE_S = 0.02
"""Between two requests of a depositor, so that the audit has hundreds of deposits and not more."""


class Depositor(threading.Thread):
    """Deposits without end, each request under its own key until it is answered."""

    def __init__(self, url: str, name: str, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self._url = url
        self._chance = random.Random(seed)
        self._stopping = threading.Event()
        self.acknowledged: dict[str, bytes] = {}
        """Content by stream."""
        self.refusals: list[str] = []

    def finish(self) -> None:
        """The request under way is answered, and no other will be made."""
        self._stopping.set()
        self.join()

    def run(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=30) as client:
            for n in count():
                if self._stopping.is_set():
                    return
                size_bytes = int(1 + LARGEST_BYTES ** self._chance.random())
                self._deposit(client, f"{self.name}-{n}", self._chance.randbytes(size_bytes))
                self._stopping.wait(PAUSE_S)

    def _deposit(self, client: httpx2.Client, key: str, content: bytes) -> None:
        raise NotImplementedError

    def _ask(
        self, client: httpx2.Client, path: str, key: str, body: dict[str, object]
    ) -> str | None:
        """Repeat the request until it is answered; return the stream, None when it is refused."""
        while True:
            try:
                answer = client.post(path, headers={"Idempotency-Key": key}, **body)  # type: ignore[arg-type]
            except httpx2.TransportError:
                time.sleep(PAUSE_S)
                continue
            if answer.status_code == 201:
                return str(answer.json()["stream"])
            self.refusals.append(answer.text)
            return None


class FileDepositor(Depositor):
    """Deposits files."""

    def _deposit(self, client: httpx2.Client, key: str, content: bytes) -> None:
        stream = self._ask(client, "/v1/deposits", key, {"content": content})
        if stream is not None:
            self.acknowledged[stream] = content


class DigestsDepositor(Depositor):
    """Deposits digests and hands in the file of every other one."""

    def _deposit(self, client: httpx2.Client, key: str, content: bytes) -> None:
        body = {"digests": digests_of(content).texts(), "size_bytes": len(content)}
        stream = self._ask(client, "/v1/deposits/digests", key, {"json": body})
        if stream is None:
            return
        self.acknowledged[stream] = content
        if self._chance.random() < 0.5:
            path = f"/v1/deposits/{stream}/original"
            self._ask(client, path, f"{key}-original", {"content": content})


def live_and_die(process: "subprocess.Popen[bytes]", url: str, chance: random.Random) -> None:
    """The process was killed: mostly at work, now and then while it still started."""
    if chance.random() < 0.25:
        time.sleep(chance.uniform(0, 3))
    else:
        wait_until_ready(url, process)
        time.sleep(chance.uniform(0, LONGEST_LIFE_S))
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_acknowledged_deposits_survive_kill(tmp_path: Path) -> None:
    chance = random.Random(20180907)
    data_dir, log, port = tmp_path / "data", tmp_path / "notary.log", free_port()
    url = f"http://127.0.0.1:{port}"
    depositors = [FileDepositor(url, "files", 1), DigestsDepositor(url, "digests", 2)]
    for depositor in depositors:
        depositor.start()
    for _ in range(ROUNDS):
        live_and_die(start_notary(data_dir, port, log), url, chance)
    process = start_notary(data_dir, port, log)
    try:
        wait_until_ready(url, process)
        for depositor in depositors:
            depositor.finish()
        while httpx2.get(f"{url}/v1/status").json()["pending"]:
            time.sleep(0.1)
    finally:
        process.terminate()
        # uvicorn ends in order, then lets the signal have its usual effect.
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)
    assert [depositor.refusals for depositor in depositors] == [[], []]
    for depositor in depositors:
        assert len(depositor.acknowledged) > ROUNDS
    files, digests = (depositor.acknowledged for depositor in depositors)
    audit(Settings(data_dir=data_dir), Seams(), files | digests)
