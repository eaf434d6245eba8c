import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from notary.anchoring import loop as loop_module
from notary.anchoring.loop import AnchoringLoop
from notary.anchoring.model import Progress
from notary.errors import LogForkError

PATIENCE_S = 20


class Rounds:
    """Plays the given ends of rounds one after the other; then every round is idle."""

    def __init__(self, *ends: Progress | Exception) -> None:
        self._ends = list(ends)
        self._changed = threading.Condition()
        self.count = 0

    def __call__(self) -> Progress:
        with self._changed:
            self.count += 1
            self._changed.notify_all()
            end = self._ends.pop(0) if self._ends else Progress.IDLE
        if isinstance(end, Exception):
            raise end
        return end

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, PATIENCE_S)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "POLL_S", 0.001)
    monkeypatch.setattr(loop_module, "FIRST_BACK_OFF_S", 0.001)


@contextmanager
def running(run_once: Callable[[], Progress]) -> Iterator[AnchoringLoop]:
    loop = AnchoringLoop(run_once, interval_s=0)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


def test_the_first_round_runs_unasked_and_the_next_when_woken() -> None:
    rounds = Rounds()
    with running(rounds) as loop:
        rounds.wait_for(1)
        loop.wake()
        rounds.wait_for(2)
    assert rounds.count == 2


def test_an_idle_log_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "LONGEST_IDLE_S", 0.001)
    rounds = Rounds()
    with running(rounds):
        rounds.wait_for(3)


def test_an_anchored_checkpoint_is_followed_by_another_look() -> None:
    rounds = Rounds(Progress.ANCHORED, Progress.WAITING, Progress.ANCHORED)
    with running(rounds):
        rounds.wait_for(4)


def test_a_failed_round_is_tried_again_and_forgotten_when_it_goes_well() -> None:
    rounds = Rounds(OSError("first"), RuntimeError("second"))
    with running(rounds) as loop:
        rounds.wait_for(3)
        loop.wake()
        rounds.wait_for(4)
        assert not loop.ended
        assert loop.failure is None
        assert loop.halted is None


def test_a_failure_is_kept_while_it_lasts() -> None:
    rounds = Rounds(*(OSError("no answer") for _ in range(10_000)))
    with running(rounds) as loop:
        rounds.wait_for(2)
        assert loop.failure == "no answer"


def test_a_fork_stops_the_thread_for_good(caplog: pytest.LogCaptureFixture) -> None:
    rounds = Rounds(LogForkError("the ledger was replaced"))
    loop = AnchoringLoop(rounds, interval_s=0)
    loop.start()
    loop._thread.join(PATIENCE_S)
    assert not loop._thread.is_alive()
    assert loop.ended
    assert loop.halted == "the ledger was replaced"
    assert "stopped for good" in caplog.text
    loop.stop()
    assert rounds.count == 1


def test_back_off_grows_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "FIRST_BACK_OFF_S", 0.5)
    loop = AnchoringLoop(Rounds(), interval_s=0)
    delays = []
    for failures in (1, 2, 3, 100, 5000):
        loop._failures = failures
        delays.append(loop._back_off_s())
    assert delays == [0.5, 1.0, 2.0, 30.0, 30.0]


def test_stopping_does_not_wait_for_the_interval() -> None:
    rounds = Rounds(Progress.ANCHORED)
    loop = AnchoringLoop(rounds, interval_s=3600)
    loop.start()
    rounds.wait_for(1)
    loop.stop()
    assert not loop._thread.is_alive()
