from collections.abc import Callable
from dataclasses import replace

import pytest

from evidence.acknowledgement import verify_acknowledgement
from evidence.canonical import parse_canonical
from evidence.entry import (
    Confidentiality,
    Deposited,
    Event,
    Mode,
    OriginalAdded,
    Role,
    particulars_digest,
    read_particulars,
)
from evidence.envelope import ACKNOWLEDGEMENT_TYP, ENTRY_TYP, parse_envelope, verify_envelope
from evidence.keys import PublicKey
from evidence.merkle import leaf_hash
from notary.deposits import store
from notary.deposits.model import DepositState
from notary.deposits.service import read_entry
from notary.errors import (
    DepositUnknownError,
    DigestMismatchError,
    EventNotAllowedError,
    ExhibitEmptyError,
    IdempotencyConflictError,
    OriginalDiffersError,
)
from notary.log import store as log_store
from notary.log.store import EntryRow
from notary.storage.blobs import BlobNotFoundError
from notary.wiring import Notary
from tests.unit.notary.workbench import (
    NAMED,
    NOTHING_STATED,
    START,
    Workbench,
    add_original,
    deposit,
    deposit_digests,
    exhibit_of,
    received,
)


def rows_of(notary: Notary, stream: str) -> list[EntryRow]:
    with notary.database.read() as connection:
        return log_store.stream_entries(connection, stream)


def entries_in_all(notary: Notary) -> int:
    with notary.database.read() as connection:
        return log_store.count_waiting(connection)


def key_of(notary: Notary, kid: str) -> PublicKey | None:
    signer = notary.trust.signer(kid)
    return None if signer is None else signer.public_key


def test_a_deposited_file_is_stored_recorded_and_signed(notary: Notary) -> None:
    stream = deposit(notary, b"content", NAMED)
    (row,) = rows_of(notary, stream)
    entry = read_entry(row)
    assert entry.stream == stream
    assert (entry.log, entry.sequence, entry.previous) == (notary.identity.origin, 0, None)
    assert isinstance(entry.payload, Deposited)
    assert entry.payload.mode is Mode.FILE
    assert entry.payload.exhibit == exhibit_of(b"content")
    assert entry.payload.blob is not None
    assert b"".join(notary.blobs.open(entry.payload.blob.cid)) == b"content"
    assert entry.recorded_at == START
    envelope = parse_envelope(row.envelope, ENTRY_TYP)
    assert len(verify_envelope(envelope, lambda kid: key_of(notary, kid))) == 1
    assert row.leaf_hash == leaf_hash(row.envelope)


def test_the_acknowledgement_promises_exactly_the_entry(notary: Notary) -> None:
    (row,) = rows_of(notary, deposit(notary, b"content"))
    promise = verify_acknowledgement(
        parse_envelope(row.acknowledgement, ACKNOWLEDGEMENT_TYP), lambda kid: key_of(notary, kid)
    )
    assert promise.leaf_hash == row.leaf_hash
    assert (promise.stream, promise.sequence) == (row.stream, 0)
    assert promise.exhibit == exhibit_of(b"content")


def test_particulars_stand_beside_the_entry_that_commits_to_them(notary: Notary) -> None:
    (row,) = rows_of(notary, deposit(notary, b"content", NAMED))
    assert row.particulars is not None
    particulars = read_particulars(parse_canonical(row.particulars))
    assert particulars.file_name == NAMED.file_name
    assert read_entry(row).particulars == particulars_digest(particulars)
    assert "合同" not in row.envelope.decode()


def test_role_and_confidentiality_are_recorded(notary: Notary) -> None:
    stated = replace(NOTHING_STATED, role=Role.AGENT, confidentiality=Confidentiality.SECRET)
    (row,) = rows_of(notary, deposit(notary, b"content", stated))
    entry = read_entry(row)
    assert (entry.actor.role, entry.confidentiality) == (Role.AGENT, Confidentiality.SECRET)


def test_the_same_content_deposited_twice_is_two_streams_nobody_can_link(notary: Notary) -> None:
    first, second = deposit(notary, b"content"), deposit(notary, b"content")
    assert first != second
    assert (
        read_entry(rows_of(notary, first)[0]).nonce != read_entry(rows_of(notary, second)[0]).nonce
    )


def test_an_empty_file_is_refused_and_leaves_nothing(notary: Notary) -> None:
    with pytest.raises(ExhibitEmptyError):
        deposit(notary, b"")
    assert entries_in_all(notary) == 0


def test_content_other_than_announced_is_refused_and_not_stored(notary: Notary) -> None:
    with received(notary, b"content") as exhibit:
        with pytest.raises(DigestMismatchError):
            notary.deposits.deposit_file(
                exhibit, NOTHING_STATED, expected=exhibit_of(b"other").digests.texts()
            )
        cid = exhibit.measurement.cid
    assert entries_in_all(notary) == 0
    with pytest.raises(BlobNotFoundError):
        notary.blobs.verify(cid)


def test_digests_are_deposited_without_content(notary: Notary) -> None:
    (row,) = rows_of(notary, deposit_digests(notary, b"content"))
    entry = read_entry(row)
    assert entry.payload == Deposited(mode=Mode.DIGESTS, exhibit=exhibit_of(b"content"), blob=None)


def test_the_original_continues_the_stream(notary: Notary, workbench: Workbench) -> None:
    stream = deposit_digests(notary, b"content")
    workbench.clock.advance(60)
    assert add_original(notary, stream, b"content") == stream
    first, second = rows_of(notary, stream)
    entry = read_entry(second)
    assert entry.event is Event.ORIGINAL_ADDED
    assert (entry.sequence, entry.previous) == (1, first.leaf_hash)
    assert isinstance(entry.payload, OriginalAdded)
    assert b"".join(notary.blobs.open(entry.payload.blob.cid)) == b"content"
    with notary.database.read() as connection:
        found = store.read_deposit(connection, stream)
    assert found is not None
    assert found.cid == entry.payload.blob.cid


def test_a_clock_set_back_does_not_turn_the_stream_back(
    notary: Notary, workbench: Workbench
) -> None:
    workbench.clock.advance(60)
    stream = deposit_digests(notary, b"content")
    workbench.clock.advance(-600)
    add_original(notary, stream, b"content")
    first, second = rows_of(notary, stream)
    assert second.recorded_at == first.recorded_at
    # Nor before the beginning of the log, from which on its keys are trusted.
    assert read_entry(rows_of(notary, deposit(notary, b"x"))[0]).recorded_at == START


def test_another_file_than_the_original_is_refused_with_both_digests(notary: Notary) -> None:
    stream = deposit_digests(notary, b"content")
    with pytest.raises(OriginalDiffersError) as refusal:
        add_original(notary, stream, b"Content")
    assert refusal.value.members["expected"] == exhibit_of(b"content").digests.texts()
    assert refusal.value.members["found"] == exhibit_of(b"Content").digests.texts()
    assert len(rows_of(notary, stream)) == 1


def test_the_original_is_added_once(notary: Notary) -> None:
    stream = deposit_digests(notary, b"content")
    add_original(notary, stream, b"content")
    with pytest.raises(EventNotAllowedError, match="added before"):
        add_original(notary, stream, b"content")
    with pytest.raises(EventNotAllowedError, match="added before"):
        notary.deposits.expect_original(stream)


def test_a_file_deposit_awaits_no_original(notary: Notary) -> None:
    stream = deposit(notary, b"content")
    with pytest.raises(EventNotAllowedError, match="The file itself"):
        add_original(notary, stream, b"content")
    with pytest.raises(EventNotAllowedError, match="The file itself"):
        notary.deposits.expect_original(stream)


def test_an_original_of_no_deposit_is_refused(notary: Notary) -> None:
    with pytest.raises(DepositUnknownError):
        notary.deposits.expect_original("exhibit:" + 32 * "0")
    with pytest.raises(DepositUnknownError):
        add_original(notary, "exhibit:" + 32 * "0", b"content")


def test_a_repeated_request_leads_to_the_same_stream_and_records_nothing_more(
    notary: Notary,
) -> None:
    stream = deposit(notary, b"content", NAMED, key="k1")
    assert deposit(notary, b"content", NAMED, key="k1") == stream
    digests = deposit_digests(notary, b"content", key="k2")
    assert deposit_digests(notary, b"content", key="k2") == digests
    add_original(notary, digests, b"content", key="k3")
    notary.deposits.expect_original(digests, key="k3")
    assert add_original(notary, digests, b"content", key="k3") == digests
    assert entries_in_all(notary) == 3


@pytest.mark.parametrize(
    "other_request",
    [
        lambda notary: deposit(notary, b"other", NAMED, key="k"),
        lambda notary: deposit(notary, b"content", key="k"),
        lambda notary: notary.deposits.deposit_digests(exhibit_of(b"content"), NAMED, key="k"),
    ],
    ids=["content", "statement", "act"],
)
def test_a_key_used_for_another_request_is_a_conflict(
    notary: Notary, other_request: Callable[[Notary], str]
) -> None:
    deposit(notary, b"content", NAMED, key="k")
    with pytest.raises(IdempotencyConflictError):
        other_request(notary)
    assert entries_in_all(notary) == 1


def test_the_same_request_under_another_key_is_another_deposit(notary: Notary) -> None:
    assert deposit(notary, b"content", key="k1") != deposit(notary, b"content", key="k2")


def test_a_deposit_is_read_as_it_was_made(notary: Notary) -> None:
    stream = deposit(notary, b"content", NAMED)
    progress = notary.deposit_reader.read(stream)
    assert progress.exhibit == exhibit_of(b"content")
    assert progress.state is DepositState.ACKNOWLEDGED
    assert progress.existed_by is None
    assert len(progress.entries) == 1


def test_an_unknown_deposit_cannot_be_read(notary: Notary) -> None:
    with pytest.raises(DepositUnknownError):
        notary.deposit_reader.read("exhibit:" + 32 * "0")
