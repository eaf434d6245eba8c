from evidence.checkpoint import check_origin
from notary.log.model import MAX_HEADS, WaitingEntry, default_origin, next_batch


def waiting(*places: tuple[str, int]) -> list[WaitingEntry]:
    return [
        WaitingEntry(id=n, stream=stream, sequence=sequence)
        for n, (stream, sequence) in enumerate(places)
    ]


def test_first_entries_of_any_number_of_streams_fit_into_one_checkpoint() -> None:
    entries = waiting(*((f"stream {n}", 0) for n in range(10 * MAX_HEADS)))
    assert next_batch(entries) == entries


def test_a_batch_ends_before_it_moves_too_many_heads() -> None:
    entries = waiting(*((f"stream {n}", 1) for n in range(MAX_HEADS + 1)))
    assert next_batch(entries[:-1]) == entries[:-1]
    assert next_batch(entries) == entries[:-1]


def test_many_entries_of_one_stream_move_one_head() -> None:
    entries = waiting(*(("stream", n) for n in range(10 * MAX_HEADS)))
    assert next_batch(entries) == entries


def test_nothing_waiting_makes_no_batch() -> None:
    assert next_batch([]) == []


def test_the_derived_origin_is_one_and_another_for_each_key() -> None:
    check_origin(default_origin(bytes(32)))
    assert default_origin(bytes(32)) == default_origin(bytes(32))
    assert default_origin(bytes(32)) != default_origin(b"\x01" * 32)
