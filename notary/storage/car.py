"""The embedded blob store: one CARv1 file for each blob in a local directory.

Owns the layout incoming/<uuid>.part and blobs/<shard>/<cid>.car and the order of writes that makes
a blob durable. The files are what `ipfs dag import` reads, with the CIDs Kubo would give.
Leaves the encoding to `notary.storage.car_format`.
"""

import errno
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from uuid import uuid4

from evidence.digests import Measurement, Measurer
from evidence.errors import DigestError
from evidence.unixfs import UnixfsBuilder, is_raw, parse_cid, parse_node, verify_block
from notary.storage.blobs import (
    BlobCorruptedError,
    BlobError,
    BlobNotFoundError,
    BlobStoreFullError,
    StoredBlob,
)
from notary.storage.car_format import (
    HEADER_BYTES,
    encode_header,
    encode_section_start,
    read_block,
    read_section_start,
)

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class CarStore:
    """A `BlobStore` in `directory`, which is made if absent. One process at a time."""

    def __init__(self, directory: Path) -> None:
        self._incoming = directory / "incoming"
        self._blobs = directory / "blobs"
        for each in (self._incoming, self._blobs):
            each.mkdir(parents=True, exist_ok=True)
            _sync_directory(each.parent)

    def begin(self) -> "CarWriter":
        """Return a writer for one new blob."""
        return CarWriter(self._incoming / f"{uuid4()}.part", self._blobs)

    def open(self, cid: str) -> Iterator[bytes]:
        """Return the content in order, each block checked before it is yielded."""
        path = self._path(cid)
        return self._content(cid, path)

    def verify(self, cid: str) -> StoredBlob:
        """Read back the whole blob and return only when the file is, byte for byte, its CAR."""
        path = self._path(cid)
        with _read_errors(cid), path.open("rb") as file:
            _read_header(file, cid)
            return StoredBlob(cid=cid, size_bytes=_verify_sections(file, parse_cid(cid)))

    def sweep_incoming(self) -> int:
        """Remove what a crash left half written and return how many there were."""
        leftovers = list(self._incoming.glob("*.part"))
        for leftover in leftovers:
            leftover.unlink()
        return len(leftovers)

    def _path(self, cid: str) -> Path:
        try:
            parse_cid(cid)
        except DigestError as error:
            raise BlobNotFoundError(str(error)) from error
        path = _blob_path(self._blobs, cid)
        if not path.exists():
            raise BlobNotFoundError(f"the store has no blob {cid}")
        return path

    def _content(self, cid: str, path: Path) -> Iterator[bytes]:
        with _read_errors(cid), path.open("rb") as file:
            _read_header(file, cid)
            yield from _walk(file, _index(file), parse_cid(cid))


class CarWriter:
    """The `BlobWriter` of a `CarStore`."""

    def __init__(self, part: Path, blobs: Path) -> None:
        self._part = part
        self._blobs = blobs
        self._measurer = Measurer(sink=self._append)
        self._measurement: Measurement | None = None
        with _write_errors():
            self._file = part.open("xb", buffering=0)
        # The root is known last: its place is left free, and filled in by commit().
        self._file.seek(HEADER_BYTES)

    def write(self, chunk: bytes) -> None:
        """Take in the next piece of content."""
        with _write_errors():
            self._measurer.update(chunk)

    def finish(self) -> Measurement:
        """Return the measurement of everything written."""
        with _write_errors():
            self._measurement = self._measurer.finish()
        return self._measurement

    def commit(self, measurement: Measurement) -> StoredBlob:
        """Make the blob durable under its CID and return only then."""
        if measurement != self._measurement:
            raise BlobError(f"the blob written is not the {measurement.cid} that was recorded")
        path = _blob_path(self._blobs, measurement.cid)
        with _write_errors():
            # 1. The bytes, whole and on disk. 2. The name. 3. The directories that hold the name.
            self._file.seek(0)
            _write_all(self._file, encode_header(parse_cid(measurement.cid)))
            os.fsync(self._file.fileno())
            path.parent.mkdir(exist_ok=True)
            # Also when the blob was there: this copy is known to be whole, that one may be damaged.
            self._part.replace(path)
            _sync_directory(path.parent)
            _sync_directory(self._blobs)
        self._release()
        return StoredBlob(cid=measurement.cid, size_bytes=measurement.size_bytes)

    def abort(self) -> None:
        """Forget everything written."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._release()

    def _release(self) -> None:
        self._measurer.close()
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _append(self, cid: bytes, block: bytes) -> None:
        _write_all(self._file, encode_section_start(cid, len(block)))
        _write_all(self._file, block)


def _blob_path(blobs: Path, cid: str) -> Path:
    # The last character of a CID carries three bits; the two before it spread evenly.
    return blobs / cid[-3:-1] / f"{cid}.car"


def _read_header(file: BinaryIO, cid: str) -> None:
    if file.read(HEADER_BYTES) != encode_header(parse_cid(cid)):
        raise DigestError("expected a CAR header with the blob's CID as root, found another")


def _index(file: BinaryIO) -> dict[bytes, tuple[int, int]]:
    """Return the place and length of each block by its CID, reading no block."""
    places = {}
    while (section := read_section_start(file)) is not None:
        cid, block_bytes = section
        places[cid] = (file.tell(), block_bytes)
        file.seek(block_bytes, os.SEEK_CUR)
    return places


def _walk(file: BinaryIO, places: dict[bytes, tuple[int, int]], cid: bytes) -> Iterator[bytes]:
    """Yield the leaves under `cid` in order; whatever is yielded is what `cid` commits to."""
    if cid not in places:
        raise DigestError("expected every block of the tree in the file, found one missing")
    offset, block_bytes = places[cid]
    file.seek(offset)
    block = read_block(file, block_bytes)
    verify_block(cid, block)
    if is_raw(cid):
        yield block
    else:
        for link in parse_node(block):
            yield from _walk(file, places, link.cid)


def _verify_sections(file: BinaryIO, root_cid: bytes) -> int:
    """Build the tree again from the leaves and compare each section with what comes of it.

    Returns the size of the content. No byte of the file is left unchecked: every section must be
    the one the writer would have written there.
    """
    expected: deque[tuple[bytes, bytes]] = deque()
    builder = UnixfsBuilder(lambda cid, block: expected.append((cid, block)))
    size_bytes = 0
    while (section := read_section_start(file)) is not None:
        cid, block_bytes = section
        block = read_block(file, block_bytes)
        if is_raw(cid):
            builder.add_leaf(block)
            size_bytes += block_bytes
        elif not expected:  # No leaf is left, so these are the nodes that finish the tree.
            builder.finish()
        if not expected or expected.popleft() != (cid, block):
            raise DigestError("expected the blocks of the blob's tree, found another")
    if builder.finish() != root_cid or expected:
        raise DigestError("expected the whole tree of the blob's CID, found another")
    return size_bytes


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write all of `data`; an unbuffered file may take less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _read_errors(cid: str) -> Iterator[None]:
    try:
        yield
    except DigestError as error:
        raise BlobCorruptedError(f"blob {cid} is damaged on disk: {error}") from error
    except OSError as error:
        raise BlobError(f"blob {cid} cannot be read: {error.strerror}") from error


@contextmanager
def _write_errors() -> Iterator[None]:
    try:
        yield
    except DigestError as error:
        raise BlobError(f"the blob cannot be written: {error}") from error
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise BlobStoreFullError("the blob store has no space left") from error
        raise BlobError(f"the blob cannot be written: {error.strerror}") from error
