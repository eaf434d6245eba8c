import logging

import pytest
from sqlalchemy import text

from evidence.bundle import parse_bundle
from evidence.digests import measure_chunks
from notary.deposits.model import DepositState
from notary.errors import BundleRefusedError, DepositUnknownError, NotAnchoredYetError
from notary.wiring import Notary
from tests.unit.notary.workbench import (
    NAMED,
    Workbench,
    add_original,
    anchor_all,
    deposit,
    deposit_digests,
)
from verifier.report import Status
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle


def status_of(notary: Notary, workbench: Workbench, stream: str, content: bytes) -> Status:
    """The outcome for a reader who has the bundle, the exhibit and the file trust.json."""
    trust = parse_trust_root(workbench.settings.data.trust_root.read_bytes())
    return verify_bundle(
        notary.bundles.bundle(stream),
        trust,
        exhibit=measure_chunks([content]),
        now=workbench.clock(),
    ).status


def tamper(notary: Notary, statement: str, **values: object) -> None:
    """Change the database as somebody with access to its file could."""
    with notary.database.write() as connection:
        for trigger in ("entries_are_never_changed", "checkpoints_are_never_changed"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        connection.execute(text(statement), values)


def test_a_deposit_leads_to_a_bundle_that_verifies(notary: Notary, workbench: Workbench) -> None:
    stream = deposit(notary, b"content", NAMED)
    assert anchor_all(notary) == 1
    assert status_of(notary, workbench, stream, b"content") is Status.PASSED
    assert status_of(notary, workbench, stream, b"other") is Status.FAILED


def test_a_stream_of_two_entries_is_complete_with_its_head(
    notary: Notary, workbench: Workbench
) -> None:
    stream = deposit_digests(notary, b"content")
    deposit(notary, b"another")
    anchor_all(notary)
    add_original(notary, stream, b"content")
    anchor_all(notary)
    bundle = parse_bundle(notary.bundles.bundle(stream))
    assert [entry.anchor for entry in bundle.entries] == [0, 1]
    assert len(bundle.anchors) == 2
    assert status_of(notary, workbench, stream, b"content") is Status.PASSED


def test_both_entries_may_stand_in_one_checkpoint(notary: Notary, workbench: Workbench) -> None:
    stream = deposit_digests(notary, b"content")
    add_original(notary, stream, b"content")
    assert anchor_all(notary) == 1
    assert len(parse_bundle(notary.bundles.bundle(stream)).anchors) == 1
    assert status_of(notary, workbench, stream, b"content") is Status.PASSED


def test_the_bundle_of_an_old_deposit_still_verifies_when_the_log_has_grown(
    notary: Notary, workbench: Workbench
) -> None:
    streams = []
    for n in range(5):
        streams += [deposit(notary, bytes([n, m])) for m in range(n + 1)]
        workbench.clock.advance(60)
        anchor_all(notary)
    assert [
        status_of(notary, workbench, stream, content)
        for stream, content in ((streams[0], b"\0\0"), (streams[-1], b"\4\4"))
    ] == [Status.PASSED, Status.PASSED]


def test_no_bundle_before_the_deposit_is_anchored(notary: Notary) -> None:
    stream = deposit(notary, b"content")
    with pytest.raises(NotAnchoredYetError):
        notary.bundles.bundle(stream)


def test_no_bundle_while_the_last_entry_is_not_anchored(notary: Notary) -> None:
    stream = deposit_digests(notary, b"content")
    anchor_all(notary)
    notary.bundles.bundle(stream)
    add_original(notary, stream, b"content")
    with pytest.raises(NotAnchoredYetError):
        notary.bundles.bundle(stream)


def test_no_bundle_of_an_unknown_deposit(notary: Notary) -> None:
    with pytest.raises(DepositUnknownError):
        notary.bundles.bundle("exhibit:" + 32 * "0")


@pytest.mark.parametrize(
    ("statement", "step"),
    [
        (
            "UPDATE entries SET envelope"
            " = CAST(replace(CAST(envelope AS TEXT), 'eyJ', 'eyK') AS BLOB)",
            "cannot be assembled",
        ),
        (
            "UPDATE entries SET envelope = (SELECT envelope FROM entries e"
            " WHERE e.id <> entries.id)",
            "step 7 inclusion_invalid",
        ),
        (
            "UPDATE entries SET particulars"
            " = CAST(replace(CAST(particulars AS TEXT), '一', '二') AS BLOB)",
            "step 5 particulars_mismatch",
        ),
        ("UPDATE entries SET log_index = -1 - log_index", "cannot be assembled"),
        ("UPDATE checkpoints SET note = replace(note, char(10) || '2', char(10) || '3')", "step 6"),
        ("UPDATE timestamp_tokens SET token = x'3000'", "step 9"),
        ("DELETE FROM timestamp_tokens", "step 9"),
        ("UPDATE anchorings SET proof = substr(proof, 1, 100)", "cannot be assembled"),
    ],
)
def test_nothing_is_handed_out_that_was_tampered_with(
    notary: Notary, caplog: pytest.LogCaptureFixture, statement: str, step: str
) -> None:
    stream = deposit(notary, b"content", NAMED)
    deposit(notary, b"other", NAMED)
    anchor_all(notary)
    assert notary.bundles.bundle(stream)
    tamper(notary, statement)
    with caplog.at_level(logging.CRITICAL), pytest.raises(BundleRefusedError):
        notary.bundles.bundle(stream)
    assert step in caplog.text


def test_an_entry_left_out_of_the_database_is_noticed(notary: Notary) -> None:
    stream = deposit_digests(notary, b"content")
    add_original(notary, stream, b"content")
    deposit(notary, b"other")
    anchor_all(notary)
    with notary.database.write() as connection:
        connection.execute(text("DROP TRIGGER entries_are_never_deleted"))
        connection.execute(text("DELETE FROM entries WHERE sequence = 1"))
    with pytest.raises(BundleRefusedError):
        notary.bundles.bundle(stream)


def test_a_deposit_shows_how_far_it_has_come(notary: Notary, workbench: Workbench) -> None:
    stream = deposit(notary, b"content")
    assert notary.deposit_reader.read(stream).state is DepositState.ACKNOWLEDGED
    anchor_all(notary)
    progress = notary.deposit_reader.read(stream)
    assert progress.state is DepositState.ANCHORED
    report = verify_bundle(notary.bundles.bundle(stream), notary.trust, now=workbench.clock())
    assert progress.existed_by is not None
    assert progress.existed_by == report.existed_by
    assert progress.entries[0].log_index == 0
