"""A content on its way to the notary: cut into chunks, its size known ahead where it can be.

Owns reading and the guard against a file that changes meanwhile. Leaves sending to `transport`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from zhenglian.digests import CHUNK_BYTES
from zhenglian.errors import FileChangedError


class Upload:
    """The content of an open binary file, from where it stands to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.repeatable = file.seekable()
        """Whether the content can be sent again after a failure."""
        self.size_bytes: int | None = None
        """Bytes in all; None for a pipe, whose end shows only when it comes."""
        if self.repeatable:
            self._start = file.tell()
            self.size_bytes = file.seek(0, os.SEEK_END) - self._start

    def chunks(self) -> Iterator[bytes]:
        """The content from its beginning; again on each call if it is repeatable.

        Raises FileChangedError as soon as there is less or more than at first, and before the last
        chunk is out, so that the notary never takes the torn content for the whole.
        """
        if self.repeatable:
            self._file.seek(self._start)
        done = 0
        while chunk := self._file.read(CHUNK_BYTES):
            done += len(chunk)
            self._require(done, at_end=False)
            yield chunk
        self._require(done, at_end=True)

    def _require(self, done: int, *, at_end: bool) -> None:
        if self.size_bytes is None:
            return
        if done > self.size_bytes or (done == self.size_bytes and not at_end and self._more()):
            raise FileChangedError(
                f"the file had {self.size_bytes} bytes when sending began and has more now"
            )
        if at_end and done < self.size_bytes:
            raise FileChangedError(
                f"the file had {self.size_bytes} bytes when sending began and has {done} now"
            )

    def _more(self) -> bool:
        return bool(self._file.read(1))


@contextmanager
def open_upload(source: str | os.PathLike[str] | BinaryIO) -> Iterator[Upload]:
    """The content of `source`; a path is opened and closed, an open file is left open.

    Raises OSError when the file cannot be opened.
    """
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            yield Upload(file)
    else:
        yield Upload(source)
