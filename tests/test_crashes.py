"""Every write between an upload and its anchor fails, before it took effect and after.

Two ways of failing. The process dies: what it left on the disk in that moment is opened by a new
one. Or the write reports an error: the same process goes on, and the caller tries again. Either
way nothing that was acknowledged is lost, nothing happens twice, and the audit of the whole notary
finds nothing (`tests.integration.crashes.audit`). Which writes there are is not listed anywhere:
`tests.faults` watches them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from evidence.digests import digests_of
from evidence.entry import Confidentiality, Exhibit, Role
from notary.anchoring.model import Progress
from notary.deposits.model import DepositState, Statement
from notary.deposits.service import ReceivedExhibit
from notary.settings import Settings
from notary.wiring import Notary, Seams, open_notary
from tests.faults import Death, Deaths, Disk, Failure, Turns, watching
from tests.integration.crashes.audit import audit
from tests.world import START

FIRST = b"first" * 250_000
"""Longer than one block, so that the blob is a tree."""
SECOND = b"second"
LATER = b"later"
"""Deposited as digests, then handed in."""

NAMED = Statement(
    file_name="合同.pdf",
    media_type=None,
    note=None,
    source=None,
    claimed_at=None,
    confidentiality=Confidentiality.PARTIES,
    role=Role.DEPOSITOR,
)


@dataclass(slots=True)
class Client:
    """Somebody who deposits, and repeats each request until there is an answer."""

    told: dict[str, str]
    """The stream it was told, by Idempotency-Key."""

    def deposit_first_file(self, notary: Notary) -> None:
        self._file(notary, "first", FIRST)

    def deposit_digests(self, notary: Notary) -> None:
        exhibit = Exhibit(size_bytes=len(LATER), digests=digests_of(LATER))
        self._hear("later", notary.deposits.deposit_digests(exhibit, NAMED, key="later"))

    def deposit_second_file(self, notary: Notary) -> None:
        self._file(notary, "second", SECOND)

    def add_original(self, notary: Notary) -> None:
        stream = self.told["later"]
        notary.deposits.expect_original(stream, key="original")
        with received(notary, LATER) as exhibit:
            notary.deposits.add_original(stream, exhibit, NAMED, key="original")
        self._hear("original", stream)

    def _file(self, notary: Notary, key: str, content: bytes) -> None:
        with received(notary, content) as exhibit:
            self._hear(key, notary.deposits.deposit_file(exhibit, NAMED, key=key))

    def _hear(self, key: str, stream: str) -> None:
        """A repeated request is answered as the first time."""
        assert self.told.setdefault(key, stream) == stream

    def work(self) -> list[Callable[[Notary], None]]:
        """Two checkpoints; the second extends the first and moves the head of a stream."""
        return [
            self.deposit_first_file,
            self.deposit_digests,
            anchor_all,
            self.deposit_second_file,
            self.add_original,
            anchor_all,
        ]

    def contents(self) -> dict[str, bytes]:
        contents = {"first": FIRST, "second": SECOND, "later": LATER, "original": LATER}
        return {stream: contents[key] for key, stream in self.told.items()}


class Clock:
    """Goes a millisecond further with each look at it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@contextmanager
def received(notary: Notary, content: bytes) -> Iterator[ReceivedExhibit]:
    """Content as an upload leaves it: measured and not yet durable."""
    with notary.blobs.begin() as writer:
        writer.write(content)
        yield ReceivedExhibit(writer=writer, measurement=writer.finish())


def anchor_all(notary: Notary) -> None:
    while notary.anchorer.run_once() is not Progress.IDLE:
        pass


def settings_of(directory: Path) -> Settings:
    return Settings(data_dir=directory)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """A notary that was started once and has no deposits."""
    directory = tmp_path_factory.mktemp("started") / "data"
    with open_notary(settings_of(directory), Seams(clock=Clock())):
        pass
    return Disk.of(directory)


@pytest.fixture(scope="module")
def deaths_of_a_first_start(tmp_path_factory: pytest.TempPathFactory) -> list[Death]:
    directory = tmp_path_factory.mktemp("first") / "data"
    deaths = Deaths(directory, {})
    with (
        watching(deaths) as watch,
        open_notary(settings_of(directory), watch.seams(Seams(clock=Clock()))),
    ):
        pass
    return deaths.taken


@pytest.fixture(scope="module")
def deaths_at_work(started: Disk, tmp_path_factory: pytest.TempPathFactory) -> list[Death]:
    directory = tmp_path_factory.mktemp("work") / "data"
    started.restore(directory)
    client = Client({})
    deaths = Deaths(directory, client.told)
    with (
        watching(deaths) as watch,
        open_notary(settings_of(directory), watch.seams(Seams(clock=Clock()))) as notary,
    ):
        for act in client.work():
            act(notary)
    return deaths.taken


def require_recovered(death: Death, directory: Path) -> None:
    """A new process takes up what the dead one left, and all is as if nothing had happened."""
    death.disk.restore(directory)
    settings, seams = settings_of(directory), Seams(clock=Clock(START + timedelta(hours=1)))
    client = Client(dict(death.told))
    with open_notary(settings, seams) as notary:
        anchor_all(notary)
        for stream in client.told.values():
            assert notary.deposit_reader.read(stream).state is DepositState.ANCHORED
        for act in client.work():
            act(notary)
    require_three_deposits(client, settings, seams)


def require_three_deposits(client: Client, settings: Settings, seams: Seams) -> None:
    assert len(set(client.told.values())) == 3
    audit(settings, seams, client.contents())
    assert list(settings.data.blobs.rglob("*.part")) == []


def test_the_deaths_are_around_every_write_from_the_upload_to_the_anchor(
    deaths_of_a_first_start: list[Death], deaths_at_work: list[Death]
) -> None:
    """The watch misses nothing that is known; were it blind, all tests below would pass."""
    begun = [death.moments[0] for death in deaths_of_a_first_start]
    for name in ("ledger.pem", "checkpoints.pem", "entries.pem", "tsa-root.pem", "trust.json"):
        assert f"after replace {name}.part" in begun
    # Schema and identity; then genesis, the contract and the grant.
    assert begun.count("after COMMIT notary.sqlite") == 2
    assert begun.count("after COMMIT chain.sqlite3") == 3
    begun = [death.moments[0] for death in deaths_at_work]
    # Four requests; for each of two checkpoints indexes, note, token, tx and proof.
    assert begun.count("after COMMIT notary.sqlite") == 4 + 2 * 5
    assert begun.count("after COMMIT chain.sqlite3") == 2
    # Three blobs and two tiles, besides the file of the trust root.
    assert begun.count("after replace *.part") == 3
    assert sum(moment.startswith("after replace") for moment in begun) == 3 + 2 + 1
    moments = [moment for death in deaths_at_work for moment in death.moments]
    for act in ("authority.stamp", "ledger.submit", "tiles.write", "blobs.begin.commit"):
        assert f"before {act}" in moments
        assert f"after {act}" in moments


@pytest.mark.parametrize("settled", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_first_start_that_dies_anywhere_is_taken_up_by_the_next(
    deaths_of_a_first_start: list[Death],
    settled: bool,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    for n, death in enumerate(deaths_of_a_first_start):
        if death.settled is settled:
            with subtests.test(str(death)):
                require_recovered(death, tmp_path / str(n))


@pytest.mark.parametrize("settled", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_notary_that_dies_anywhere_loses_nothing_and_repeats_nothing(
    deaths_at_work: list[Death], settled: bool, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for n, death in enumerate(deaths_at_work):
        if death.settled is settled:
            with subtests.test(str(death)):
                require_recovered(death, tmp_path / str(n))


def test_content_and_names_are_synced_before_the_deposit_is_recorded(
    deaths_at_work: list[Death],
) -> None:
    moments = [moment for death in deaths_at_work for moment in death.moments]
    upload = moments[moments.index("before blobs.begin") :]
    upload = upload[: upload.index("after COMMIT notary.sqlite")]
    named = upload.index("after replace *.part")
    assert upload[:named].count("after fsync") >= 1
    # The directory of the blob and the one above it.
    assert upload[named:].count("after fsync") == 2


def work_through(client: Client, settings: Settings, seams: Seams) -> None:
    """All is done by one process although something fails once."""

    def persist(attempt: Callable[[], None]) -> None:
        try:
            attempt()
        except Exception:  # noqa: BLE001 - whatever failed: a caller tries again.
            attempt()

    with ExitStack() as opened:
        notaries: list[Notary] = []
        persist(lambda: notaries.append(opened.enter_context(open_notary(settings, seams))))
        for act in client.work():
            persist(partial(act, notaries[0]))


@pytest.fixture(scope="module")
def turns(started: Disk, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    directory = tmp_path_factory.mktemp("turns") / "data"
    started.restore(directory)
    turns = Turns(directory)
    with watching(turns) as watch:
        work_through(Client({}), settings_of(directory), watch.seams(Seams(clock=Clock())))
    return turns.found


# What an act opened that seemed to fail is in nobody's hands and is never closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_a_write_that_fails_or_seems_to_is_repeated_by_the_same_process(
    started: Disk, turns: dict[int, str], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    assert len(turns) > 100
    for number, name in turns.items():
        with subtests.test(name):
            directory = tmp_path / str(number)
            started.restore(directory)
            client, settings = Client({}), settings_of(directory)
            failure = Failure(number)
            with watching(failure) as watch:
                work_through(client, settings, watch.seams(Seams(clock=Clock())))
            assert failure.raised_in == name
            require_three_deposits(client, settings, Seams(clock=Clock()))
