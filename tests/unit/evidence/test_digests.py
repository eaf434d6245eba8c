"""The digest pair, its text form, and the measuring of streams."""

import hashlib
import threading
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import digests as module
from evidence.canonical import Json
from evidence.digests import (
    MAX_BLOCKS_IN_FLIGHT,
    Digests,
    Measurer,
    digests_of,
    measure_chunks,
    parse_digests,
)
from evidence.errors import DigestError
from evidence.unixfs import CHUNK_BYTES, cid_of, parse_cid

PAIR = digests_of(b"abc")
MIB = 2**20


def pattern(size_bytes: int) -> bytes:
    return hashlib.shake_128(b"content").digest(size_bytes)


def test_digests_are_those_of_the_standards() -> None:
    # FIPS 180-4 example and GB/T 32905-2016 appendix A.1, both of "abc".
    assert PAIR.texts() == [
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    ]


def test_text_form_parses_to_the_same_pair() -> None:
    assert parse_digests(PAIR.texts()) == PAIR


SHA, SM3 = PAIR.texts()


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [SHA],
        [SM3, SHA],
        [SHA, SHA],
        [SHA, SM3, SM3],
        [SHA.upper(), SM3],
        [SHA[:-2], SM3],
        [SHA, SM3 + "00"],
        [SHA.replace("sha256", "sha512"), SM3],
        [None, SM3],
        "xy",
    ],
)
def test_any_other_spelling_of_the_pair_is_refused(texts: list[Json]) -> None:
    with pytest.raises(DigestError, match="exhibit"):
        parse_digests(texts, "exhibit")


@pytest.mark.parametrize("sizes", [(31, 32), (32, 33)])
def test_digest_of_another_length_is_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(DigestError, match="digest is 32 bytes"):
        Digests(sha256=bytes(sizes[0]), sm3=bytes(sizes[1]))


def test_sm3_of_both_libraries_agree() -> None:
    other = module._CryptographySm3()
    for piece in (b"", b"a", b"bc"):
        other.update(piece)
    assert other.digest() == PAIR.sm3


def test_sm3_is_found_where_openssl_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256"})
    assert digests_of(b"abc") == PAIR


@pytest.mark.parametrize(
    "size_bytes", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7]
)
@pytest.mark.parametrize("piece_bytes", [64 * 1024 + 1, MIB, 5 * MIB])
def test_measurement_does_not_depend_on_the_pieces(size_bytes: int, piece_bytes: int) -> None:
    content = pattern(size_bytes)
    pieces = (content[n : n + piece_bytes] for n in range(0, size_bytes, piece_bytes))
    measured = measure_chunks(pieces)
    assert measured.size_bytes == size_bytes
    assert measured.digests == digests_of(content)
    assert measured.cid == cid_of([content])


@given(st.lists(st.binary(max_size=100), max_size=8))
@settings(max_examples=50, deadline=None)
def test_small_pieces_measure_as_their_concatenation(pieces: list[bytes]) -> None:
    assert measure_chunks(pieces) == measure_chunks([b"".join(pieces)])


def test_content_that_differs_in_one_bit_measures_otherwise() -> None:
    content = bytearray(pattern(2 * MIB + 5))
    one = measure_chunks([bytes(content)])
    content[MIB] ^= 1
    other = measure_chunks([bytes(content)])
    assert one.size_bytes == other.size_bytes
    assert one.digests.sha256 != other.digests.sha256
    assert one.digests.sm3 != other.digests.sm3
    assert one.cid != other.cid


def test_sink_receives_every_block_in_order() -> None:
    content, blocks = pattern(3 * MIB + 1), list[tuple[bytes, bytes]]()
    with Measurer(lambda cid, block: blocks.append((cid, block))) as measurer:
        measurer.update(content)
        measured = measurer.finish()
    assert b"".join(block for _, block in blocks[:4]) == content
    assert len(blocks) == 5
    assert blocks[-1][0] == parse_cid(measured.cid)


@pytest.mark.parametrize("failing_block", [0, 3, MAX_BLOCKS_IN_FLIGHT + 3])
def test_failing_sink_leaves_no_measurement_and_no_thread(failing_block: int) -> None:
    received = 0

    def sink(cid: bytes, block: bytes) -> None:
        nonlocal received
        received += 1
        if received > failing_block:
            raise OSError("disk")

    threads = threading.active_count()
    content = pattern(MIB)
    measurer = Measurer(sink)

    def measure() -> None:
        for _ in range(2 * MAX_BLOCKS_IN_FLIGHT):
            measurer.update(content)
        measurer.finish()

    with pytest.raises(OSError, match="disk"):
        measure()
    with pytest.raises(DigestError, match="used once"):
        measurer.finish()
    assert threading.active_count() == threads


def test_leaving_the_context_ends_the_threads() -> None:
    threads = threading.active_count()
    with Measurer() as measurer:
        measurer.update(pattern(2 * MIB))
        assert threading.active_count() == threads + 2
    assert threading.active_count() == threads
    with pytest.raises(DigestError, match="used once"):
        measurer.update(b"x")


def test_small_content_starts_no_thread() -> None:
    threads = threading.active_count()
    with Measurer() as measurer:
        measurer.update(bytes(MIB - 1))
        assert threading.active_count() == threads


def test_finished_measurer_is_not_used_again() -> None:
    measurer = Measurer()
    measurer.finish()
    for again in (measurer.finish, lambda: measurer.update(b"")):
        with pytest.raises(DigestError, match="used once"):
            again()


@pytest.mark.slow
def test_large_content_is_measured_in_constant_memory() -> None:
    piece = pattern(MIB)

    def pieces() -> Iterator[bytes]:
        for number in range(200):
            yield number.to_bytes(8, "big") + piece[8:]

    tracemalloc.start()
    try:
        measure_chunks(pieces())
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 16 * MIB
