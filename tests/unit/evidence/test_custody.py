"""Only the custody chains of the format's table are accepted, whatever the order of attempts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.custody import (
    EntryOfAnotherLogError,
    EntryOfAnotherStreamError,
    EventNotAllowedError,
    LinkedEntry,
    StreamBrokenError,
    require_allowed,
    verify_stream,
)
from evidence.digests import Digests
from evidence.entry import Deposited, Entry, Event, Exhibit, Mode, OriginalAdded
from evidence.errors import CustodyError
from tests.unit.evidence.samples import (
    BLOB,
    DIGESTS_DEPOSIT,
    EXHIBIT,
    FILE_DEPOSIT,
    LOG,
    ORIGINAL_ADDED,
    STREAM,
)

FIRST_LEAF, SECOND_LEAF = b"\x03" * 32, b"\x05" * 32
OTHER_SIZE = replace(EXHIBIT, size_bytes=6)
OTHER_SHA256 = replace(EXHIBIT, digests=Digests(sha256=bytes(32), sm3=EXHIBIT.digests.sm3))
OTHER_SM3 = replace(EXHIBIT, digests=Digests(sha256=EXHIBIT.digests.sha256, sm3=bytes(32)))


def linked(*entries: Entry) -> list[LinkedEntry]:
    return [
        LinkedEntry(entry=entry, leaf_hash=leaf)
        for entry, leaf in zip(entries, (FIRST_LEAF, SECOND_LEAF, bytes(32)), strict=False)
    ]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([FILE_DEPOSIT], id="file"),
        pytest.param([DIGESTS_DEPOSIT], id="digests"),
        pytest.param([DIGESTS_DEPOSIT, ORIGINAL_ADDED], id="digests, then the original"),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(ORIGINAL_ADDED, recorded_at=DIGESTS_DEPOSIT.recorded_at)],
            id="at the same time",
        ),
    ],
)
def test_custody_chain_of_the_table_is_accepted(entries: list[Entry]) -> None:
    verify_stream(linked(*entries), log=LOG, stream=STREAM)
    for position, entry in enumerate(entries):
        require_allowed(entries[:position], entry)


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        pytest.param([], StreamBrokenError, id="no entry"),
        pytest.param([ORIGINAL_ADDED], StreamBrokenError, id="deposit left out"),
        pytest.param(
            [replace(ORIGINAL_ADDED, sequence=0, previous=None)],
            EventNotAllowedError,
            id="no deposit",
        ),
        pytest.param(
            [FILE_DEPOSIT, ORIGINAL_ADDED], EventNotAllowedError, id="original after a file"
        ),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(FILE_DEPOSIT, sequence=1, previous=FIRST_LEAF)],
            EventNotAllowedError,
            id="second deposit",
        ),
        pytest.param(
            [
                DIGESTS_DEPOSIT,
                ORIGINAL_ADDED,
                replace(ORIGINAL_ADDED, sequence=2, previous=SECOND_LEAF),
            ],
            EventNotAllowedError,
            id="original twice",
        ),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(ORIGINAL_ADDED, sequence=2)], StreamBrokenError, id="gap"
        ),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(ORIGINAL_ADDED, previous=SECOND_LEAF)],
            StreamBrokenError,
            id="link to another leaf",
        ),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(ORIGINAL_ADDED, previous=None)],
            StreamBrokenError,
            id="no link",
        ),
        pytest.param(
            [replace(FILE_DEPOSIT, previous=FIRST_LEAF)], StreamBrokenError, id="link before start"
        ),
        pytest.param(
            [
                DIGESTS_DEPOSIT,
                replace(
                    ORIGINAL_ADDED,
                    recorded_at=DIGESTS_DEPOSIT.recorded_at - timedelta(milliseconds=1),
                ),
            ],
            StreamBrokenError,
            id="recorded before its predecessor",
        ),
        pytest.param(
            [replace(FILE_DEPOSIT, log="other.example")], EntryOfAnotherLogError, id="other log"
        ),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(ORIGINAL_ADDED, log="other.example")],
            EntryOfAnotherLogError,
            id="second entry of another log",
        ),
        pytest.param(
            [replace(FILE_DEPOSIT, stream="exhibit:" + "1" * 32)],
            EntryOfAnotherStreamError,
            id="other stream",
        ),
        pytest.param(
            [DIGESTS_DEPOSIT, replace(ORIGINAL_ADDED, stream="exhibit:" + "1" * 32)],
            EntryOfAnotherStreamError,
            id="second entry of another stream",
        ),
    ],
)
def test_custody_chain_outside_the_table_is_rejected(
    entries: list[Entry], error: type[CustodyError]
) -> None:
    with pytest.raises(error):
        verify_stream(linked(*entries), log=LOG, stream=STREAM)


@pytest.mark.parametrize("exhibit", [OTHER_SIZE, OTHER_SHA256, OTHER_SM3])
def test_original_other_than_the_deposited_exhibit_is_rejected(exhibit: Exhibit) -> None:
    other = replace(ORIGINAL_ADDED, payload=OriginalAdded(exhibit=exhibit, blob=BLOB))
    with pytest.raises(EventNotAllowedError, match="exhibit that was deposited"):
        require_allowed([DIGESTS_DEPOSIT], other)


def test_entry_of_another_stream_may_not_follow() -> None:
    other = replace(ORIGINAL_ADDED, stream="exhibit:" + "1" * 32)
    with pytest.raises(EntryOfAnotherStreamError):
        require_allowed([DIGESTS_DEPOSIT], other)


def test_entry_of_another_log_may_not_follow() -> None:
    with pytest.raises(EntryOfAnotherLogError):
        require_allowed([DIGESTS_DEPOSIT], replace(ORIGINAL_ADDED, log="other.example"))


attempts = st.builds(
    lambda base, sequence, minutes, exhibit: replace(
        base,
        sequence=sequence,
        previous=None if sequence == 0 else bytes(32),
        recorded_at=base.recorded_at + timedelta(minutes=minutes),
        payload=replace(base.payload, exhibit=exhibit),
    ),
    st.sampled_from([FILE_DEPOSIT, DIGESTS_DEPOSIT, ORIGINAL_ADDED]),
    st.integers(0, 3),
    st.integers(-90, 90),
    st.sampled_from([EXHIBIT, EXHIBIT, OTHER_SIZE, OTHER_SM3]),
)


@given(st.lists(attempts, max_size=12))
@settings(max_examples=300, deadline=None)
def test_no_order_of_attempts_reaches_a_forbidden_state(tried: Sequence[Entry]) -> None:
    history: list[Entry] = []
    for entry in tried:
        try:
            require_allowed(history, entry)
        except CustodyError:
            continue
        history.append(entry)
    # The table of format section 6, said once more and otherwise.
    events = [entry.event for entry in history]
    assert events in ([], [Event.DEPOSITED], [Event.DEPOSITED, Event.ORIGINAL_ADDED])
    assert [entry.sequence for entry in history] == list(range(len(history)))
    assert [e.recorded_at for e in history] == sorted(e.recorded_at for e in history)
    if len(history) == 2:
        deposit = history[0].payload
        assert isinstance(deposit, Deposited)
        assert deposit.mode is Mode.DIGESTS
        assert history[1].payload.exhibit == deposit.exhibit


@given(st.lists(attempts, min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_what_was_allowed_one_by_one_verifies_as_a_whole(tried: Sequence[Entry]) -> None:
    history: list[LinkedEntry] = []
    for position, attempt in enumerate([*tried, DIGESTS_DEPOSIT, ORIGINAL_ADDED]):
        entry = replace(attempt, previous=history[-1].leaf_hash if history else None)
        try:
            require_allowed([each.entry for each in history], entry)
        except CustodyError:
            continue
        history.append(LinkedEntry(entry=entry, leaf_hash=bytes([position + 1]) * 32))
    verify_stream(history, log=LOG, stream=STREAM)
