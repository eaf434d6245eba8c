"""A chain, a database or a tile that was replaced behind the notary's back.

The notary stops loudly, /readyz says what to do, and nothing it hands out is wrong. Once the right
one is put back, it goes on from where it stood.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from evidence.digests import measure_chunks
from notary.app import create_app
from notary.errors import LogForkError, StartError
from notary.settings import Settings
from notary.wiring import Seams, open_notary
from tests.faults import Disk
from tests.integration.crashes.audit import audit
from tests.integration.serving import served
from verifier.report import Status
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle

OLD, NEW, OTHER = b"in the backup", b"after the backup", b"while it was stopped"
DEADLINE_S = 20.0
_REFUSALS = ("bundle-refused", "not-anchored-yet", "deposit-unknown")


class History:
    """A notary with a deposit, a backup of it, and a second deposit; both are anchored."""

    def __init__(self, directory: Path) -> None:
        open_and_close(directory)
        self.started = Disk.of(directory)
        self.old, self.backup = self._deposited(directory, OLD)
        self.new, self.last = self._deposited(directory, NEW)

    def _deposited(self, directory: Path, content: bytes) -> tuple[str, Disk]:
        with running(directory) as client:
            stream = deposit(client, content)
            wait_for(lambda: client.get(f"/v1/deposits/{stream}").json()["state"] == "anchored")
        return stream, Disk.of(directory)


def parts_of(disk: Disk, *parts: str) -> Disk:
    """Return what of the disk belongs to these parts of the data directory."""
    return Disk({name: node for name, node in disk.nodes.items() if name.startswith(parts)})


def mixed(disk: Disk, other: Disk, *parts: str) -> Disk:
    """Return `disk` with these parts of it as in `other`."""
    kept = {name: node for name, node in disk.nodes.items() if not name.startswith(parts)}
    return Disk(dict(sorted((kept | parts_of(other, *parts).nodes).items())))


@contextmanager
def running(directory: Path) -> Iterator[httpx2.Client]:
    settings = Settings(data_dir=directory, anchor_interval_s=0)
    with served(create_app(settings)) as url, httpx2.Client(base_url=url, timeout=30) as client:
        # The socket listens before the notary is open; this answer comes from an open one.
        assert client.get("/healthz").status_code == 200
        yield client


def deposit(client: httpx2.Client, content: bytes) -> str:
    answer = client.post("/v1/deposits", content=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["stream"])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_halted(client: httpx2.Client) -> str:
    """Anchoring has stopped and the notary says that it is not ready; returns why."""
    wait_for(lambda: client.get("/v1/status").json()["anchoring"] == "halted")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["part"]) == ("not-ready", "anchoring")
    assert client.get("/healthz").status_code == 200
    return str(answer.json()["detail"])


def require_no_promise(client: httpx2.Client) -> None:
    """No deposit is acknowledged: a backup restored next might not hold it."""
    digests = [f"{name}:{'0' * 64}" for name in ("sha256", "sm3")]
    answers = (
        client.post("/v1/deposits", content=OTHER),
        client.post("/v1/deposits/digests", json={"digests": digests, "size_bytes": 1}),
        client.post(f"/v1/deposits/exhibit:{'0' * 32}/original", content=OTHER),
    )
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(503, "not-ready")] * 3


def require_nothing_wrong_handed_out(
    client: httpx2.Client, trust_root: bytes, contents: dict[str, bytes]
) -> None:
    """A bundle is refused, or passes under the trust root that was handed out before."""
    for stream, content in contents.items():
        answer = client.get(f"/v1/deposits/{stream}/bundle")
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] in (
                "bundle-refused",
                "not-anchored-yet",
                "deposit-unknown",
            )
            continue
        report = verify_bundle(
            answer.content, parse_trust_root(trust_root), exhibit=measure_chunks([content])
        )
        assert report.status is Status.PASSED


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(tmp_path_factory.mktemp("history") / "data")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


def trust_root_of(disk: Disk) -> bytes:
    _, content = disk.nodes["trust.json"]
    assert content is not None
    return content


def test_an_older_chain_stops_anchoring_until_the_newer_is_back(
    history: History, directory: Path, tmp_path: Path
) -> None:
    mixed(history.last, history.backup, "chain").restore(directory)
    with running(directory) as client:
        detail = wait_until_halted(client)
        assert "the ledger holds size 1" in detail
        assert "the database anchored size 2" in detail
        assert "restore the older one from a backup" in detail
        contents = {history.old: OLD, history.new: NEW}
        require_nothing_wrong_handed_out(client, trust_root_of(history.last), contents)
        assert client.get("/v1/trust-root").content == trust_root_of(history.last)
        require_no_promise(client)
    restored = tmp_path / "restored"
    mixed(Disk.of(directory), history.last, "chain").restore(restored)
    with running(restored) as client:
        other = deposit(client, OTHER)
        wait_for(lambda: client.get(f"/v1/deposits/{other}").json()["state"] == "anchored")
        assert client.get("/readyz").status_code == 200
    contents = {history.old: OLD, history.new: NEW, other: OTHER}
    audit(Settings(data_dir=restored), Seams(), contents)


def test_an_older_database_stops_anchoring(history: History, directory: Path) -> None:
    mixed(history.last, history.backup, "notary.sqlite").restore(directory)
    with running(directory) as client:
        detail = wait_until_halted(client)
        assert "the ledger holds size 2" in detail
        assert "the database anchored size 1" in detail
        contents = {history.old: OLD, history.new: NEW}
        require_nothing_wrong_handed_out(client, trust_root_of(history.last), contents)


@pytest.mark.parametrize("parts", ["notary.sqlite", "keys/entries", "keys/tsa-root"])
@pytest.mark.parametrize("begun_anew", [False, True])
def test_a_part_of_another_notary_is_refused_at_the_start(
    history: History, directory: Path, tmp_path: Path, parts: str, begun_anew: bool
) -> None:
    open_and_close(tmp_path / "other")
    other = Disk({}) if begun_anew else Disk.of(tmp_path / "other")
    mixed(history.last, other, parts).restore(directory)
    with pytest.raises(StartError, match="backup"):
        open_and_close(directory)
    # What verifiers were given is not replaced by keys that nobody has seen.
    assert (directory / "trust.json").read_bytes() == trust_root_of(history.last)


@pytest.mark.parametrize("begun_anew", [False, True])
@pytest.mark.parametrize("anything_anchored", [False, True])
def test_another_chain_stops_anchoring_and_is_not_named(
    history: History, directory: Path, tmp_path: Path, anything_anchored: bool, begun_anew: bool
) -> None:
    open_and_close(tmp_path / "other")
    other = Disk({}) if begun_anew else Disk.of(tmp_path / "other")
    own = history.last if anything_anchored else history.started
    mixed(own, other, "chain").restore(directory)
    with running(directory) as client:
        assert "backup" in wait_until_halted(client)
        assert client.get("/v1/trust-root").content == trust_root_of(own)
        contents = {history.old: OLD, history.new: NEW}
        require_nothing_wrong_handed_out(client, trust_root_of(own), contents)
        require_no_promise(client)
    assert (directory / "trust.json").read_bytes() == trust_root_of(own)


def test_the_name_of_the_trust_root_may_change(history: History, directory: Path) -> None:
    history.last.restore(directory)
    with open_notary(Settings(data_dir=directory, trust_root_name="Renamed"), Seams()) as notary:
        published = parse_trust_root((directory / "trust.json").read_bytes())
        assert published == notary.trust
        assert published.name == "Renamed"


def test_a_damaged_trust_root_is_not_replaced(history: History, directory: Path) -> None:
    history.last.restore(directory)
    (directory / "trust.json").write_bytes(b"{}")
    with pytest.raises(StartError, match="restore it"):
        open_and_close(directory)
    assert (directory / "trust.json").read_bytes() == b"{}"


def open_and_close(directory: Path) -> None:
    with open_notary(Settings(data_dir=directory), Seams()):
        pass


def flip(directory: Path) -> None:
    """One bit of the last tile of the log is another."""
    tile = max((directory / "tiles").rglob("*.p/*"), key=lambda path: int(path.name))
    content = bytearray(tile.read_bytes())
    content[5] ^= 1
    tile.write_bytes(content)


def test_a_tile_changed_at_rest_keeps_the_notary_from_starting(
    history: History, directory: Path
) -> None:
    history.last.restore(directory)
    flip(directory)
    with pytest.raises(LogForkError, match="restore the data directory from its last backup"):
        open_and_close(directory)


def test_a_tile_changed_at_work_stops_anchoring_and_every_bundle(
    history: History, directory: Path
) -> None:
    history.last.restore(directory)
    with running(directory) as client:
        flip(directory)
        contents = {history.old: OLD, history.new: NEW}
        require_nothing_wrong_handed_out(client, trust_root_of(history.last), contents)
        # It sets off the next round, unless the look at an idle log came first.
        answer = client.post("/v1/deposits", content=OTHER)
        assert answer.status_code == 201 or answer.json()["code"] == "not-ready", answer.text
        assert "restore the data directory from its last backup" in wait_until_halted(client)
        require_no_promise(client)
