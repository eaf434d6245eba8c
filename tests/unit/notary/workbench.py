"""A real notary on a temporary directory, with a clock and a randomness that tests command."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from evidence.digests import digests_of
from evidence.entry import Confidentiality, Exhibit, Role
from notary.anchoring.model import Progress
from notary.deposits.model import Statement
from notary.deposits.service import ReceivedExhibit
from notary.settings import Settings
from notary.wiring import Notary, Seams, open_notary

START = datetime(2026, 1, 31, 8, 0, 0, 123_000, tzinfo=UTC)

NOTHING_STATED = Statement(
    file_name=None,
    media_type=None,
    note=None,
    source=None,
    claimed_at=None,
    confidentiality=Confidentiality.PARTIES,
    role=Role.DEPOSITOR,
)
NAMED = replace(NOTHING_STATED, file_name="合同.pdf", note="第一份")


class CommandedClock:
    """Stands still until told to move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def counted_randomness() -> Callable[[int], bytes]:
    """Bytes that are the same in every run, and different in every call."""
    lock, count = threading.Lock(), 0

    def draw(size_bytes: int) -> bytes:
        nonlocal count
        with lock:
            count += 1
            return sha256(count.to_bytes(8, "big")).digest()[:size_bytes]

    return draw


class Workbench:
    """Opens and reopens the notary of one directory."""

    def __init__(self, directory: Path) -> None:
        self.clock = CommandedClock()
        self.settings = Settings(data_dir=directory)
        self.seams = Seams(clock=self.clock, randomness=counted_randomness())

    @contextmanager
    def open(self) -> Iterator[Notary]:
        with open_notary(self.settings, self.seams) as notary:
            yield notary


def exhibit_of(content: bytes) -> Exhibit:
    return Exhibit(size_bytes=len(content), digests=digests_of(content))


@contextmanager
def received(notary: Notary, content: bytes) -> Iterator[ReceivedExhibit]:
    """Content as an upload leaves it: measured and not yet durable."""
    with notary.blobs.begin() as writer:
        writer.write(content)
        yield ReceivedExhibit(writer=writer, measurement=writer.finish())


def deposit(
    notary: Notary, content: bytes, statement: Statement = NOTHING_STATED, key: str | None = None
) -> str:
    with received(notary, content) as exhibit:
        return notary.deposits.deposit_file(exhibit, statement, key=key)


def deposit_digests(notary: Notary, content: bytes, key: str | None = None) -> str:
    return notary.deposits.deposit_digests(exhibit_of(content), NOTHING_STATED, key=key)


def add_original(notary: Notary, stream: str, content: bytes, key: str | None = None) -> str:
    with received(notary, content) as exhibit:
        return notary.deposits.add_original(stream, exhibit, NOTHING_STATED, key=key)


def anchor_all(notary: Notary) -> int:
    """Everything recorded is anchored; returns how many checkpoints that took."""
    rounds = 0
    while notary.anchorer.run_once() is Progress.ANCHORED:
        rounds += 1
    return rounds
