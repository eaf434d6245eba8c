"""Contents are read from where they stand, and a file that changes meanwhile is noticed."""

import io
import os
from pathlib import Path

import pytest

from zhenglian.digests import CHUNK_BYTES
from zhenglian.errors import FileChangedError
from zhenglian.upload import Upload, open_upload


def test_a_file_object_is_sent_from_where_it_stands_each_time() -> None:
    file = io.BytesIO(b"skipped and sent")
    file.seek(8)
    upload = Upload(file)
    assert upload.size_bytes == 8
    assert b"".join(upload.chunks()) == b"and sent"
    assert b"".join(upload.chunks()) == b"and sent"


def test_an_open_file_is_left_open_and_a_path_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with path.open("rb") as file:
        with open_upload(file) as upload:
            assert b"".join(upload.chunks()) == b"content"
        assert not file.closed
    with open_upload(path) as upload:
        chunks = upload.chunks()
    with pytest.raises(ValueError, match="closed file"):
        next(chunks)


def test_a_pipe_is_read_once_and_has_no_size() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        upload = Upload(pipe)
        assert (upload.repeatable, upload.size_bytes) == (False, None)
        assert b"".join(upload.chunks()) == b"from a pipe"


def test_a_file_that_grows_is_refused_before_its_last_chunk_is_out(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(CHUNK_BYTES + 1))
    with open_upload(path) as upload:
        chunks = upload.chunks()
        sent = len(next(chunks))
        with path.open("ab") as more:
            more.write(b"more")
        with pytest.raises(FileChangedError, match="has more now"):
            next(chunks)
    assert sent == CHUNK_BYTES


def test_a_file_that_grows_by_a_whole_chunk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(CHUNK_BYTES))
    with open_upload(path) as upload:
        with path.open("ab") as more:
            more.write(bytes(CHUNK_BYTES))
        with pytest.raises(FileChangedError, match="has more now"):
            next(upload.chunks())


def test_a_file_that_shrinks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(b"long")
    with open_upload(path) as upload:
        path.write_bytes(b"s")
        with pytest.raises(FileChangedError, match=r"had 4 bytes .* and has 1 now"):
            list(upload.chunks())
