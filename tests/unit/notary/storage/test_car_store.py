"""What every blob store promises, run against each engine; then what is special to CAR files.

A new engine joins the suite by a class like `CarEngine` in ENGINES.
"""

import errno
import hashlib
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

import pytest

from evidence.digests import measure_chunks
from evidence.unixfs import UnixfsBuilder, encode_cid
from notary.storage.blobs import (
    BlobCorruptedError,
    BlobError,
    BlobNotFoundError,
    BlobStore,
    BlobStoreFullError,
    StoredBlob,
)
from notary.storage.car import CarStore

MIB = 2**20


class Engine(Protocol):
    """A store and the ways a test harms what it stores."""

    store: BlobStore

    def restart(self) -> BlobStore:
        """Return the store as a new process would open it."""

    def read_stored(self, cid: str) -> bytes:
        """Return the raw bytes in which the blob is stored."""

    def replace_stored(self, cid: str, raw: bytes) -> None:
        """Overwrite the raw bytes in which the blob is stored."""

    def fill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leave no space to the store until monkeypatch.undo()."""

    def unfinished(self) -> int:
        """Return how many half-written blobs take space."""


class CarEngine:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = CarStore(directory)

    def restart(self) -> CarStore:
        return CarStore(self.directory)

    def path(self, cid: str) -> Path:
        (path,) = self.directory.glob(f"blobs/*/{cid}.car")
        return path

    def read_stored(self, cid: str) -> bytes:
        return self.path(cid).read_bytes()

    def replace_stored(self, cid: str, raw: bytes) -> None:
        self.path(cid).write_bytes(raw)

    def fill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def open_full(path: Path, *arguments: Any, **named: Any) -> Any:
            if path.suffix == ".part":
                # The kernel's own full disk: every write fails with ENOSPC.
                return path_open(Path("/dev/full"), "wb", buffering=0)
            return path_open(path, *arguments, **named)

        path_open = Path.open
        monkeypatch.setattr(Path, "open", open_full)

    def unfinished(self) -> int:
        return len(list((self.directory / "incoming").iterdir()))


ENGINES = [CarEngine]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    made: Engine = request.param(tmp_path)
    return made


def content_of(size_bytes: int, seed: bytes = b"content") -> bytes:
    return hashlib.shake_128(seed).digest(size_bytes)


def put(store: BlobStore, content: bytes, piece_bytes: int = 300_001) -> StoredBlob:
    with store.begin() as writer:
        for start in range(0, len(content), piece_bytes):
            writer.write(content[start : start + piece_bytes])
        return writer.commit(writer.finish())


def flipped(raw: bytes, at: int, bit: int = 0) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]


# Every engine.


@pytest.mark.parametrize("size_bytes", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
def test_blob_comes_back_as_it_was_written(engine: Engine, size_bytes: int) -> None:
    content = content_of(size_bytes)
    stored = put(engine.store, content)
    assert stored == StoredBlob(cid=measure_chunks([content]).cid, size_bytes=size_bytes)
    assert b"".join(engine.store.open(stored.cid)) == content
    assert engine.store.verify(stored.cid) == stored
    assert engine.unfinished() == 0


def test_repeated_blocks_come_back_as_often_as_they_were_written(engine: Engine) -> None:
    content = content_of(MIB) * 3 + content_of(7)
    stored = put(engine.store, content)
    assert b"".join(engine.store.open(stored.cid)) == content
    assert engine.store.verify(stored.cid) == stored


def test_blob_survives_a_restart(engine: Engine) -> None:
    stored = put(engine.store, b"kept")
    restarted = engine.restart()
    assert restarted.sweep_incoming() == 0
    assert b"".join(restarted.open(stored.cid)) == b"kept"


def test_finish_returns_the_measurement_of_what_was_written(engine: Engine) -> None:
    content = content_of(2 * MIB + 9)
    with engine.store.begin() as writer:
        writer.write(content)
        assert writer.finish() == measure_chunks([content])


@pytest.mark.parametrize(
    "cid",
    [
        measure_chunks([b"never stored"]).cid,
        "",
        "../incoming/x",
        "/etc/passwd",
        measure_chunks([b"stored"]).cid.upper(),
    ],
)
def test_blob_that_is_not_there_is_not_found_at_once(engine: Engine, cid: str) -> None:
    put(engine.store, b"stored")
    with pytest.raises(BlobNotFoundError):
        engine.store.open(cid)
    with pytest.raises(BlobNotFoundError):
        engine.store.verify(cid)


def test_blob_is_invisible_before_commit(engine: Engine) -> None:
    with engine.store.begin() as writer:
        writer.write(b"content")
        measurement = writer.finish()
        with pytest.raises(BlobNotFoundError):
            engine.store.open(measurement.cid)
        writer.commit(measurement)
        assert b"".join(engine.store.open(measurement.cid)) == b"content"


@pytest.mark.parametrize("size_bytes", [10, 3 * MIB])
def test_aborted_blob_leaves_nothing(engine: Engine, size_bytes: int) -> None:
    writer = engine.store.begin()
    writer.write(content_of(size_bytes))
    measurement = measure_chunks([content_of(size_bytes)])
    assert engine.unfinished() == 1
    writer.abort()
    writer.abort()
    assert engine.unfinished() == 0
    with pytest.raises(BlobNotFoundError):
        engine.store.open(measurement.cid)


def test_abort_after_commit_keeps_the_blob(engine: Engine) -> None:
    writer = engine.store.begin()
    writer.write(b"content")
    stored = writer.commit(writer.finish())
    writer.abort()
    assert engine.store.verify(stored.cid) == stored


def test_error_in_the_context_aborts(engine: Engine) -> None:
    def break_off() -> None:
        with engine.store.begin() as writer:
            writer.write(content_of(2 * MIB))
            raise ConnectionResetError

    threads = threading.active_count()
    with pytest.raises(ConnectionResetError):
        break_off()
    assert engine.unfinished() == 0
    assert threading.active_count() == threads


def test_commit_of_another_measurement_is_refused(engine: Engine) -> None:
    other = measure_chunks([b"other"])
    with engine.store.begin() as writer:
        writer.write(b"content")
        with pytest.raises(BlobError, match="not the"):
            writer.commit(other)
        writer.finish()
        with pytest.raises(BlobError, match="not the"):
            writer.commit(other)
    with pytest.raises(BlobNotFoundError):
        engine.store.open(other.cid)


def test_writing_after_finish_is_refused(engine: Engine) -> None:
    with engine.store.begin() as writer:
        writer.finish()
        with pytest.raises(BlobError, match="used once"):
            writer.write(b"more")


def test_same_content_twice_is_one_blob(engine: Engine) -> None:
    content = content_of(MIB + 1)
    assert put(engine.store, content) == put(engine.store, content, 50_000)
    assert engine.unfinished() == 0
    assert b"".join(engine.store.open(measure_chunks([content]).cid)) == content


def test_same_content_at_once_is_one_blob(engine: Engine) -> None:
    content, count = content_of(MIB + 1), 6
    barrier = threading.Barrier(count)

    def write(_: int) -> StoredBlob:
        with engine.store.begin() as writer:
            writer.write(content)
            measurement = writer.finish()
            barrier.wait()
            return writer.commit(measurement)

    with ThreadPoolExecutor(count) as pool:
        stored = list(pool.map(write, range(count)))
    assert len(set(stored)) == 1
    assert engine.store.verify(stored[0].cid) == stored[0]
    assert engine.unfinished() == 0


def test_flipped_bit_in_any_byte_of_a_small_blob_is_detected(engine: Engine) -> None:
    stored = put(engine.store, b"small")
    raw = engine.read_stored(stored.cid)
    for at in range(len(raw)):
        for bit in (0, 7):
            engine.replace_stored(stored.cid, flipped(raw, at, bit))
            with pytest.raises(BlobCorruptedError, match=stored.cid):
                list(engine.store.open(stored.cid))
            with pytest.raises(BlobCorruptedError, match=stored.cid):
                engine.store.verify(stored.cid)
    engine.replace_stored(stored.cid, raw)
    assert engine.store.verify(stored.cid) == stored


def test_flipped_bit_anywhere_in_a_tree_is_detected(engine: Engine) -> None:
    content = content_of(2 * MIB + 5)
    stored = put(engine.store, content)
    raw = engine.read_stored(stored.cid)
    step = len(raw) // 40
    for at in [*range(0, len(raw), step), *range(len(raw) - 250, len(raw), 3)]:
        engine.replace_stored(stored.cid, flipped(raw, at, at % 8))
        with pytest.raises(BlobCorruptedError, match=stored.cid):
            list(engine.store.open(stored.cid))
        with pytest.raises(BlobCorruptedError, match=stored.cid):
            engine.store.verify(stored.cid)


def test_content_before_the_damage_is_right_and_the_damaged_block_is_not_yielded(
    engine: Engine,
) -> None:
    content = content_of(3 * MIB)
    stored = put(engine.store, content)
    raw = engine.read_stored(stored.cid)
    at = raw.index(content[2 * MIB : 2 * MIB + 64])
    engine.replace_stored(stored.cid, flipped(raw, at))
    received: list[bytes] = []
    with pytest.raises(BlobCorruptedError, match=stored.cid):
        received.extend(engine.store.open(stored.cid))
    assert b"".join(received) == content[: 2 * MIB]


def test_truncated_or_extended_blob_is_detected(engine: Engine) -> None:
    content = content_of(MIB + 40)
    stored = put(engine.store, content)
    raw = engine.read_stored(stored.cid)
    cuts = [0, 1, 30, 58, 59, 60, 61, 62, 98, 99, 5000, len(raw) - 200, len(raw) - 1]
    for damaged in [*(raw[:cut] for cut in cuts), raw + b"\x00", raw + raw[59:]]:
        engine.replace_stored(stored.cid, damaged)
        with pytest.raises(BlobCorruptedError, match=stored.cid):
            engine.store.verify(stored.cid)
    for damaged in (raw[:cut] for cut in cuts):
        engine.replace_stored(stored.cid, damaged)
        with pytest.raises(BlobCorruptedError, match=stored.cid):
            list(engine.store.open(stored.cid))


def test_blob_of_other_content_under_the_name_is_detected(engine: Engine) -> None:
    stored, other = put(engine.store, b"one"), put(engine.store, b"two")
    engine.replace_stored(stored.cid, engine.read_stored(other.cid))
    with pytest.raises(BlobCorruptedError, match=stored.cid):
        list(engine.store.open(stored.cid))
    with pytest.raises(BlobCorruptedError, match=stored.cid):
        engine.store.verify(stored.cid)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: flipped(raw, len(raw) // 2)])
def test_damaged_blob_is_repaired_by_storing_the_content_again(
    engine: Engine, damage: Callable[[bytes], bytes]
) -> None:
    content = content_of(MIB + 3)
    stored = put(engine.store, content)
    engine.replace_stored(stored.cid, damage(engine.read_stored(stored.cid)))
    assert put(engine.store, content) == stored
    assert engine.store.verify(stored.cid) == stored


def test_leftovers_of_a_crash_are_swept_and_blobs_are_kept(engine: Engine) -> None:
    stored = put(engine.store, b"kept")
    crashed = engine.store.begin()
    crashed.write(content_of(2 * MIB))
    assert engine.unfinished() == 1
    restarted = engine.restart()
    assert restarted.sweep_incoming() == 1
    assert engine.unfinished() == 0
    assert restarted.sweep_incoming() == 0
    assert restarted.verify(stored.cid) == stored
    crashed.abort()


@pytest.mark.parametrize("size_bytes", [10, 12 * MIB])
def test_full_store_says_so_and_takes_the_blob_later(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, size_bytes: int
) -> None:
    content = content_of(size_bytes)
    engine.fill(monkeypatch)
    with pytest.raises(BlobStoreFullError, match="no space left"):
        put(engine.store, content)
    monkeypatch.undo()
    assert engine.unfinished() == 0
    with pytest.raises(BlobNotFoundError):
        engine.store.open(measure_chunks([content]).cid)
    assert b"".join(engine.store.open(put(engine.store, content).cid)) == content


@pytest.mark.slow
def test_large_blob_is_written_read_and_verified_in_constant_memory(engine: Engine) -> None:
    piece, count = content_of(MIB), 128

    def pieces() -> Iterator[bytes]:
        for number in range(count):
            yield number.to_bytes(8, "big") + piece[8:]

    def steps() -> Iterator[int]:
        with engine.store.begin() as writer:
            for each in pieces():
                writer.write(each)
            stored = writer.commit(writer.finish())
        yield stored.size_bytes
        yield sum(map(len, engine.store.open(stored.cid)))
        yield engine.store.verify(stored.cid).size_bytes

    tracemalloc.start()
    try:
        for size_bytes in steps():
            assert size_bytes == count * MIB
            assert tracemalloc.get_traced_memory()[1] < 32 * MIB
            tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()


# CAR files.


def read_car(raw: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Read a CARv1 file by the specification alone: (root, [(cid, block)…])."""

    def varint(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte, at = raw[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value, at

    length, at = varint(0)
    header, at = raw[at : at + length], at + length
    # DAG-CBOR: map(2), "roots": [tag 42 (bytes: 0x00 and the CID)], "version": 1.
    before, after = b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00", b"\x67version\x01"
    assert header.startswith(before)
    assert header.endswith(after)
    root = header[len(before) : -len(after)]
    sections = []
    while at < len(raw):
        length, at = varint(at)
        section, at = raw[at : at + length], at + length
        assert len(section) == length
        sections.append((section[:36], section[36:]))
    return root, sections


def cids_below(cid: bytes, blocks: dict[bytes, bytes]) -> Iterable[bytes]:
    """The leaves below a node, found by the Hash fields of its PBLinks (tag 0x0a, 36 bytes)."""
    if cid[1] == 0x55:
        yield cid
        return
    parts = blocks[cid].split(b"\x0a\x24\x01")[1:]
    for part in parts:
        yield from cids_below(b"\x01" + part[:35], blocks)


@pytest.fixture
def car(tmp_path: Path) -> CarEngine:
    return CarEngine(tmp_path)


@pytest.mark.parametrize("size_bytes", [0, 5, 2 * MIB + 5])
def test_car_file_reads_by_the_specification_alone(car: CarEngine, size_bytes: int) -> None:
    content = content_of(size_bytes)
    stored = put(car.store, content)
    root, sections = read_car(car.read_stored(stored.cid))
    assert encode_cid(root) == stored.cid
    blocks = dict(sections)
    for cid, block in sections:
        assert cid[4:] == hashlib.sha256(block).digest()
    assert b"".join(blocks[cid] for cid in cids_below(root, blocks)) == content


def sections_of(raw: bytes) -> list[bytes]:
    """The raw sections of a CAR file, each with its length."""
    sections, at = [], 59
    for cid, block in read_car(raw)[1]:
        end = raw.index(cid + block, at) + len(cid + block)
        sections.append(raw[at:end])
        at = end
    return sections


def test_file_with_a_section_more_less_or_elsewhere_is_damaged(car: CarEngine) -> None:
    stored = put(car.store, content_of(2 * MIB + 200))
    raw = car.read_stored(stored.cid)
    header, (one, two, three, root) = raw[:59], sections_of(raw)
    assert header + one + two + three + root == raw
    for sections in (
        [one, two, three],
        [one, two, three, root, root],
        [one, two, three, root, three],
        [one, one, two, three, root],
        [two, one, three, root],
        [root, one, two, three],
        [one, two, root],
        [],
    ):
        car.replace_stored(stored.cid, header + b"".join(sections))
        with pytest.raises(BlobCorruptedError, match=stored.cid):
            car.store.verify(stored.cid)


def test_single_leaf_followed_by_a_node_is_damaged(car: CarEngine) -> None:
    tree, leaf = put(car.store, content_of(MIB + 200)), put(car.store, b"leaf")
    node = sections_of(car.read_stored(tree.cid))[-1]
    car.replace_stored(leaf.cid, car.read_stored(leaf.cid) + node)
    with pytest.raises(BlobCorruptedError, match=leaf.cid):
        car.store.verify(leaf.cid)


def test_disk_that_takes_little_at_a_time_gets_everything(
    car: CarEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowFile(FileIO):
        def write(self, data: Any, /) -> int:
            return super().write(memoryview(data)[:100_000])

    path_open = Path.open

    def open_slow(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.suffix == ".part":
            return SlowFile(path, "xb")
        return path_open(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", open_slow)
    stored = put(car.store, content_of(MIB + 5))
    assert car.store.verify(stored.cid) == stored


def write_deep_car(car: CarEngine, content: bytes) -> str:
    """Put under its name a CAR of 4-byte leaves and 2 links a node: deep, yet small."""
    sections: list[bytes] = []

    def add(cid: bytes, block: bytes) -> None:
        length = 36 + len(block)
        sections.append(bytes([length % 128 + 128, length // 128]) + cid + block)

    builder = UnixfsBuilder(add, chunk_bytes=4, max_links=2)
    for start in range(0, len(content), 4):
        builder.add_leaf(content[start : start + 4])
    root = builder.finish()
    cid = encode_cid(root)
    path = car.directory / "blobs" / cid[-3:-1] / f"{cid}.car"
    path.parent.mkdir(exist_ok=True)
    header = b"\x3a\xa2\x65roots\x81\xd8\x2a\x58\x25\x00" + root + b"\x67version\x01"
    path.write_bytes(header + b"".join(sections))
    return cid


def test_deep_tree_is_read_in_order(car: CarEngine) -> None:
    content = content_of(77)
    assert b"".join(car.store.open(write_deep_car(car, content))) == content


def test_tree_of_another_profile_is_not_what_the_store_wrote(car: CarEngine) -> None:
    cid = write_deep_car(car, content_of(77))
    with pytest.raises(BlobCorruptedError, match=cid):
        car.store.verify(cid)


@pytest.mark.slow
def test_tree_of_two_levels_is_written_verified_and_read(car: CarEngine) -> None:
    piece = content_of(MIB)

    def pieces() -> Iterator[bytes]:
        for number in range(1025):
            yield number.to_bytes(8, "big") + piece[8:]

    with car.store.begin() as writer:
        for each in pieces():
            writer.write(each)
        stored = writer.commit(writer.finish())
    assert car.store.verify(stored.cid) == stored
    for written, read in zip(pieces(), car.store.open(stored.cid), strict=True):
        assert written == read
    car.path(stored.cid).unlink()  # A gigabyte is not kept with the test's directory.


def test_bytes_are_durable_before_the_name_and_the_name_before_the_return(
    car: CarEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        acts.append(f"fsync {target.suffix or target.name}")
        fsync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        acts.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    cid = put(car.store, b"content").cid
    assert acts == ["fsync .part", "rename", f"fsync {cid[-3:-1]}", "fsync blobs"]


@pytest.mark.parametrize("failing", [1, 2, 3], ids=["file", "shard", "blobs"])
@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, BlobStoreFullError), (errno.EIO, BlobError)]
)
def test_commit_that_fails_at_any_sync_can_be_run_again(
    car: CarEngine,
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
    number: int,
    error: type[BlobError],
) -> None:
    calls = 0
    fsync = os.fsync

    def fail(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(error) as refused:
        put(car.store, b"content")
    assert type(refused.value) is error
    monkeypatch.undo()
    assert car.unfinished() == 0
    stored = put(car.store, b"content")
    assert car.store.verify(stored.cid) == stored


def test_blob_stored_before_is_synced_again(
    car: CarEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = put(car.store, b"content")
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    assert put(car.store, b"content") == stored
    assert synced[-2:] == [stored.cid[-3:-1], "blobs"]


def test_sweep_leaves_files_it_does_not_know(car: CarEngine) -> None:
    other = car.directory / "incoming" / "README"
    other.write_text("mine", "utf-8")
    assert car.store.sweep_incoming() == 0
    assert other.exists()


def test_unreadable_blob_is_an_error_of_the_store(
    car: CarEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = put(car.store, b"content")
    path = car.path(stored.cid)
    path.unlink()
    path.mkdir()
    for read in (lambda: list(car.store.open(stored.cid)), lambda: car.store.verify(stored.cid)):
        with pytest.raises(BlobError, match=f"{stored.cid} cannot be read"):
            read()
