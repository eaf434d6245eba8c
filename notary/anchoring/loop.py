"""The thread that anchors: when a round runs, and what happens when it fails.

Owns waking, pacing, back-off and the decision to stop for good. Leaves the round itself to
`notary.anchoring.service`. Deposits go on whatever happens here.
"""

import logging
import threading
import time
from collections.abc import Callable

from notary.anchoring.model import Progress
from notary.errors import LogForkError

POLL_S = 0.1
# How often a tx that is not mined yet is looked for; a consortium's blocks come every second or so.

LONGEST_IDLE_S = 60.0
# Also unasked the ledger is compared with the log; and no entry whose write only seemed to fail,
# so that nobody was woken for it, waits longer.

FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 30.0
MOST_DOUBLINGS = 16
# Past the longest wait; the power of a long outage would not fit into a float.

_LOG = logging.getLogger(__name__)


class AnchoringLoop:
    """Runs rounds of anchoring in a thread of its own, from start() to stop()."""

    def __init__(self, run_once: Callable[[], Progress], *, interval_s: float) -> None:
        self._run_once = run_once
        self._interval_s = interval_s
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="anchoring", daemon=True)
        self._failures = 0
        self.failure: str | None = None
        """Why the last round failed; None when it did not."""
        self.halted: str | None = None
        """Why anchoring has stopped for good; None while it goes on."""

    @property
    def ended(self) -> bool:
        """Whether the thread was started and runs no more, for whatever reason."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Rounds run from now on; the first takes up what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """An entry waits. Any thread may call this; it never blocks."""
        self._woken.set()

    def stop(self) -> None:
        """The thread has ended; what it was about is taken up at the next start."""
        self._stopping.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Cleared before the round looks for entries: one that comes later wakes the next.
            self._woken.clear()
            began = time.monotonic()
            progress = self._round()
            if self.halted is not None:
                return
            if progress is None:
                self._stopping.wait(self._back_off_s())
            elif progress is Progress.WAITING:
                self._stopping.wait(POLL_S)
            elif progress is Progress.ANCHORED:
                self._stopping.wait(max(0.0, began + self._interval_s - time.monotonic()))
            elif not self._stopping.is_set():
                self._woken.wait(LONGEST_IDLE_S)

    def _round(self) -> Progress | None:
        """Return how far a round came, or None when it failed."""
        try:
            progress = self._run_once()
        except LogForkError as error:
            self.halted = str(error)
            _LOG.critical("anchoring has stopped for good: %s", error)
            return None
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round may go well.
            self._failures += 1
            self.failure = str(error)
            _LOG.exception("a round of anchoring failed, number %d in a row", self._failures)
            return None
        self._failures, self.failure = 0, None
        return progress

    def _back_off_s(self) -> float:
        doublings = min(self._failures - 1, MOST_DOUBLINGS)
        return min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2.0**doublings)
