"""The data directory: where each part of the notary keeps its state, and how files become durable.

Owns the layout, the lock that keeps a second notary out, and the write that survives a crash.
Leaves what the files hold to the parts that own them.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from notary.errors import DataDirectoryLockedError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDirectory:
    """Everything a notary keeps lies below `root`; copying it while stopped is a backup."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file of entries, checkpoints and anchorings."""
        return self.root / "notary.sqlite"

    @property
    def keys(self) -> Path:
        """The private keys and the X.509 certificates of the demo timestamp authority."""
        return self.root / "keys"

    @property
    def blobs(self) -> Path:
        """The stored exhibits."""
        return self.root / "blobs"

    @property
    def tiles(self) -> Path:
        """The published tiles of the log."""
        return self.root / "tiles"

    @property
    def chain(self) -> Path:
        """The embedded chain."""
        return self.root / "chain"

    @property
    def trust_root(self) -> Path:
        """The trust root of this notary, for verifiers."""
        return self.root / "trust.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No other notary has the directory open meanwhile; it is made if absent.

        Raises:
            DataDirectoryLockedError: another one has.
        """
        make_directory(self.root, mode=0o700)
        with (self.root / "notary.lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DataDirectoryLockedError(
                    f"the data directory {self.root} is open in another notary; stop that one or"
                    " set ZHENGLIAN_DATA_DIR to another directory"
                ) from error
            yield


def write_durably(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """The file holds `content` and survives a crash; a reader sees the old or the new, never half.

    The directory is made if absent. A crash in between leaves a `.part` file that the next write
    of the same path replaces; a path has one writer at a time.
    """
    make_directory(path.parent)
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_directory(path.parent)


def make_directory(directory: Path, *, mode: int = 0o755) -> None:
    """The directory is there, its name survives a crash, and so do those above it."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(mode=mode, exist_ok=True)
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """The names in the directory survive a crash."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
