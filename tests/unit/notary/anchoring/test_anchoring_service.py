"""Anchoring on the real embedded chain, with every outside effect failing in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from chain.errors import RpcError
from chain.header import parse_header
from evidence.timestamp import verify_token
from notary.anchoring import store
from notary.anchoring.ledger import Ledger
from notary.anchoring.model import NOTHING, Extension, Progress, TreeState
from notary.anchoring.tsa import create_demo_authority
from notary.db import Database, open_database
from notary.errors import AnchoringError, LogForkError
from notary.log import store as log_store
from notary.log.model import MAX_HEADS
from notary.wiring import Notary, open_demo_authority, open_ledger
from tests.unit.notary.workbench import (
    Workbench,
    add_original,
    anchor_all,
    deposit,
    deposit_digests,
)


class WorldFailedError(Exception):
    """What the world does when it fails on purpose."""


class FailingLedger:
    """Passes calls on to a ledger; one method fails once, before or after it took effect."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.method: str | None = None
        self.after = False

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._ledger, name)
        if name != self.method:
            return member

        def fail(*args: Any, **kwargs: Any) -> Any:
            self.method = None
            if self.after:
                member(*args, **kwargs)
            raise WorldFailedError(name)

        return fail


class FailingDatabase(Database):
    """The write of a number, counted from 0 since it was set, fails before or after its effect."""

    number: int | None = None
    after = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        due = self.number == 0
        self.number = None if self.number is None or due else self.number - 1
        if due and not self.after:
            raise WorldFailedError("write")
        with super().write() as connection:
            yield connection
        if due:
            raise WorldFailedError("write")


def ledger_of(notary: Notary) -> Any:
    return notary.anchorer._ledger


def states(notary: Notary) -> tuple[TreeState, int]:
    """The ledger's state, and the size that the database holds for anchored."""
    with notary.database.read() as connection:
        anchored = store.latest_anchored(connection)
    return ledger_of(notary).state(), 0 if anchored is None else anchored.checkpoint_size


def mined_count(notary: Notary) -> int:
    """How many transactions of the notary's account the chain has mined."""
    ledger = ledger_of(notary)
    embedded = ledger._ledger if isinstance(ledger, FailingLedger) else ledger
    return int(embedded._ledger.next_nonce(bytes.fromhex(embedded._account.address[2:])))


@pytest.fixture
def failing(workbench: Workbench) -> Iterator[tuple[Notary, FailingLedger, FailingDatabase]]:
    workbench.seams = replace(
        workbench.seams,
        open_ledger=lambda *args: FailingLedger(open_ledger(*args)),
        open_database=lambda path: FailingDatabase(open_database(path)._engine),
    )
    with workbench.open() as notary:
        database = notary.database
        assert isinstance(database, FailingDatabase)
        yield notary, ledger_of(notary), database


def test_an_idle_log_is_left_alone(notary: Notary) -> None:
    assert notary.anchorer.run_once() is Progress.IDLE
    assert states(notary) == (NOTHING, 0)


def test_a_round_anchors_everything_that_waits(notary: Notary) -> None:
    for n in range(3):
        deposit(notary, bytes([n]))
    assert notary.anchorer.run_once() is Progress.ANCHORED
    assert notary.anchorer.run_once() is Progress.IDLE
    ledger, anchored = states(notary)
    assert (ledger.size, anchored) == (3, 3)


def test_the_token_is_over_the_checkpoint_and_of_the_trusted_root(notary: Notary) -> None:
    deposit(notary, b"content")
    anchor_all(notary)
    with notary.database.read() as connection:
        (token,) = store.tokens_of(connection, 1).values()
        note = log_store.checkpoint_of(connection, 1).note
    found = verify_token(token, note.encode(), notary.trust.timestamp_roots())
    assert found.authority == notary.trust.timestamp_authorities[0].name


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("method", ["state", "sign_extension", "submit", "mined", "anchor_proof"])
def test_a_ledger_that_fails_once_is_made_up_for(
    failing: tuple[Notary, FailingLedger, FailingDatabase],
    method: str,
    after: bool,
) -> None:
    notary, ledger, _ = failing
    first, second = deposit_digests(notary, b"content"), deposit(notary, b"other")
    anchor_all(notary)
    add_original(notary, first, b"content")
    mined_before = mined_count(notary)
    ledger.method, ledger.after = method, after
    with pytest.raises(WorldFailedError):
        notary.anchorer.run_once()
    deposit(notary, b"in between")
    assert anchor_all(notary) >= 1
    assert states(notary)[0].size == states(notary)[1] == 4
    assert mined_count(notary) <= mined_before + 2
    for stream in (first, second):
        assert notary.bundles.bundle(stream)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(5))
def test_a_database_that_fails_once_is_made_up_for(
    failing: tuple[Notary, FailingLedger, FailingDatabase], number: int, after: bool
) -> None:
    notary, _, database = failing
    stream = deposit(notary, b"content")
    mined_before = mined_count(notary)
    database.number, database.after = number, after
    # Five writes: the leaf indexes, the checkpoint, the token, the tx, the proof.
    with pytest.raises(WorldFailedError):
        notary.anchorer.run_once()
    anchor_all(notary)
    assert states(notary)[0].size == states(notary)[1] == 1
    assert mined_count(notary) == mined_before + 1
    assert notary.bundles.bundle(stream)


def test_a_round_has_no_sixth_write(
    failing: tuple[Notary, FailingLedger, FailingDatabase],
) -> None:
    notary, _, database = failing
    deposit(notary, b"content")
    database.number = 5
    assert notary.anchorer.run_once() is Progress.ANCHORED
    assert database.number == 0


def test_the_next_process_takes_up_what_the_last_one_left(workbench: Workbench) -> None:
    normal = workbench.seams
    workbench.seams = replace(normal, open_ledger=lambda *args: FailingLedger(open_ledger(*args)))
    for method in ("sign_extension", "submit", "anchor_proof"):
        with workbench.open() as notary:
            stream = deposit(notary, method.encode())
            ledger = ledger_of(notary)
            ledger.method, ledger.after = method, True
            with pytest.raises(WorldFailedError):
                anchor_all(notary)
        with workbench.open() as notary:
            anchor_all(notary)
            assert notary.bundles.bundle(stream)


class SlowLedger(FailingLedger):
    """Mines nothing until told to."""

    mining = False

    def mined(self, tx_hash: bytes) -> Any:
        return self._ledger.mined(tx_hash) if self.mining else None


def test_a_tx_that_is_not_mined_yet_is_waited_for(workbench: Workbench) -> None:
    workbench.seams = replace(
        workbench.seams, open_ledger=lambda *args: SlowLedger(open_ledger(*args))
    )
    with workbench.open() as notary:
        deposit(notary, b"content")
        assert notary.anchorer.run_once() is Progress.WAITING
        assert notary.anchorer.run_once() is Progress.WAITING
        ledger_of(notary).mining = True
        assert notary.anchorer.run_once() is Progress.ANCHORED


class CorruptingLedger(FailingLedger):
    """Asks for extensions to another root than the log's: a tx that the contract refuses."""

    corrupt = True

    def sign_extension(self, extension: Extension) -> Any:
        if self.corrupt:
            extension = replace(extension, previous_size=extension.previous_size + 1)
        return self._ledger.sign_extension(extension)


def test_a_refused_tx_is_signed_again(workbench: Workbench) -> None:
    workbench.seams = replace(
        workbench.seams, open_ledger=lambda *args: CorruptingLedger(open_ledger(*args))
    )
    with workbench.open() as notary:
        stream = deposit(notary, b"content")
        with pytest.raises(AnchoringError, match="refused"):
            notary.anchorer.run_once()
        assert states(notary) == (NOTHING, 0)
        ledger_of(notary).corrupt = False
        assert notary.anchorer.run_once() is Progress.ANCHORED
        assert notary.bundles.bundle(stream)


def test_a_token_that_does_not_verify_is_not_kept(workbench: Workbench) -> None:
    other = create_demo_authority(workbench.clock)
    normal = workbench.seams

    class Impostor:
        """Has the name and root of the trusted authority and the keys of another."""

        def __init__(self, trusted: Any) -> None:
            self.name, self.root_certificate = trusted.name, trusted.root_certificate
            self.stamp = other.stamp

    workbench.seams = replace(
        normal, open_authority=lambda keys, clock: Impostor(open_demo_authority(keys, clock))
    )
    with workbench.open() as notary:
        deposit(notary, b"content")
        with pytest.raises(AnchoringError, match="does not verify"):
            notary.anchorer.run_once()
        assert states(notary) == (NOTHING, 0)
    workbench.seams = normal
    with workbench.open() as notary:
        assert anchor_all(notary) == 1


def test_the_same_checkpoint_is_never_anchored_twice(notary: Notary) -> None:
    deposit(notary, b"content")
    anchor_all(notary)
    before = mined_count(notary)
    with notary.database.write() as connection:
        connection.execute(text("DELETE FROM anchorings"))
    # As after a backup from before the anchoring: the tx is found on the ledger, not sent again.
    assert notary.anchorer.run_once() is Progress.ANCHORED
    assert mined_count(notary) == before


def test_a_ledger_ahead_of_the_log_stops_everything(notary: Notary, workbench: Workbench) -> None:
    deposit(notary, b"content")
    anchor_all(notary)
    deposit(notary, b"other")
    anchor_all(notary)
    with notary.database.write() as connection:
        for statement in (
            "DELETE FROM anchorings WHERE checkpoint_size = 2",
            "DELETE FROM timestamp_tokens WHERE checkpoint_size = 2",
            "DROP TRIGGER checkpoints_are_never_deleted",
            "DELETE FROM checkpoints WHERE size = 2",
        ):
            connection.execute(text(statement))
    with pytest.raises(LogForkError, match="ledger holds size 2"):
        notary.anchorer.run_once()


def test_a_chain_that_was_lost_stops_everything(workbench: Workbench, tmp_path: Path) -> None:
    with workbench.open() as notary:
        deposit(notary, b"content")
        anchor_all(notary)
    workbench.settings.data.chain.replace(tmp_path / "lost")
    with workbench.open() as notary:
        deposit(notary, b"another")
        with pytest.raises(LogForkError, match="ledger holds size 0"):
            notary.anchorer.run_once()


def test_more_streams_with_heads_than_one_extension_takes_go_into_two(notary: Notary) -> None:
    streams = [deposit_digests(notary, bytes([n])) for n in range(MAX_HEADS + 1)]
    anchor_all(notary)
    for n, stream in enumerate(streams):
        add_original(notary, stream, bytes([n]))
    assert anchor_all(notary) == 2
    assert notary.bundles.bundle(streams[0])
    assert notary.bundles.bundle(streams[-1])


def test_block_times_follow_the_clock(notary: Notary, workbench: Workbench) -> None:
    workbench.clock.advance(3600)
    stream = deposit(notary, b"content")
    anchor_all(notary)
    proof = ledger_of(notary).head_proof(stream, 3)
    assert parse_header(proof.header).timestamp == int(workbench.clock().timestamp())


def test_errors_of_the_chain_pass_through_for_the_loop_to_log(workbench: Workbench) -> None:
    class Unreachable(FailingLedger):
        def state(self) -> TreeState:
            raise RpcError("the node does not answer")

    workbench.seams = replace(
        workbench.seams, open_ledger=lambda *args: Unreachable(open_ledger(*args))
    )
    with workbench.open() as notary:
        deposit(notary, b"content")
        with pytest.raises(RpcError):
            notary.anchorer.run_once()
