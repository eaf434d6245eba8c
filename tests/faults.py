"""Watching everything a notary does outside its own memory, in order to break it there.

The notary is the real one, and so are its parts: they are watched, not replaced. An *act* is a call
that may leave something behind: of the operating system (a file is made, synced, renamed, removed),
of SQLite (a COMMIT), or of any part behind a seam of `notary.wiring` (a blob is written, a
checkpoint stamped, a tx sent). There is one moment before each act and one after it. Acts are not
listed: one that is added to the notary later is watched as well.

    with watching(watcher) as watch:
        with open_notary(settings, watch.seams(Seams())) as notary: ...

A watcher either takes a `Disk` at every moment, which is what a process killed there leaves behind,
or raises in one of them, which is an act that failed, or that took effect and seemed to fail.
"""

import errno
import io
import os
import sqlite3
import sqlite3.dbapi2
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, cast

import pytest

from notary.wiring import Seams

_CALLS = ("open", "fsync", "replace", "rename", "mkdir", "unlink", "remove", "rmdir", "link")
# Everything by which the standard library changes a file tree but for writing into an open file;
# that is seen at the next act, and the parts that write much are behind a seam.

_LONG_NAME = 32
# From here on the name of a file is a UUID or a CID.

Watcher = Callable[["Moment"], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """Just before or just after an act."""

    after: bool
    act: str

    @property
    def of_part(self) -> bool:
        """Whether the act is the call of a part; of the database its COMMITs are enough."""
        return "." in self.act.split()[0] and not self.act.startswith("database.")

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.act}"


class Watch:
    """Reports the moments around acts to a watcher, which nobody watches meanwhile."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._watching = True

    def around(self, act: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return `call`, watched."""

        def watched(*arguments: Any, **named: Any) -> Any:
            label = act + _file_name(arguments)
            self._report(Moment(False, label))
            result = call(*arguments, **named)
            self._report(Moment(True, label))
            return result

        return watched

    def seams(self, seams: Seams) -> Seams:
        """Return the same seams; whatever part one of them opens is watched."""
        openers = [each.name for each in fields(seams) if each.name.startswith("open_")]
        return replace(
            seams, **{name: self._opener(name, getattr(seams, name)) for name in openers}
        )

    def _opener(self, name: str, opener: Callable[..., Any]) -> Callable[..., Any]:
        part = name.removeprefix("open_")
        opening = self.around(name, opener)
        return lambda *arguments: _WatchedPart(self, part, opening(*arguments))

    def _report(self, moment: Moment) -> None:
        if not self._watching:
            return
        self._watching = False
        try:
            self._watcher(moment)
        finally:
            self._watching = True


class _WatchedPart:
    """A part behind a seam, and what it hands out to be written to: every call is an act."""

    def __init__(self, watch: Watch, name: str, part: Any) -> None:
        self._watch, self._name, self._part = watch, name, part

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._part, attribute)
        if not callable(found):
            return found
        act = f"{self._name}.{attribute}"
        call = self._watch.around(act, found)

        def called(*arguments: Any, **named: Any) -> Any:
            result = call(*arguments, **named)
            return _WatchedPart(self._watch, act, result) if hasattr(result, "commit") else result

        return called

    def __enter__(self) -> Self:
        self._part.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._part.__exit__(*failure)


@contextmanager
def watching(watcher: Watcher) -> Iterator[Watch]:
    """Every act is reported to `watcher` until the block ends."""
    watch = Watch(watcher)

    class WatchedConnection(sqlite3.Connection):
        def __init__(self, database: str | Path, *arguments: Any, **named: Any) -> None:
            super().__init__(database, *arguments, **named)
            self._commit = f"COMMIT {Path(database).name}"

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            run = super().execute
            if sql != "COMMIT":
                return run(sql, *values)
            return cast(sqlite3.Cursor, watch.around(self._commit, lambda: run(sql))())

        def commit(self) -> None:
            watch.around(self._commit, super().commit)()

    connect = sqlite3.connect

    def watched_connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return cast(
            sqlite3.Connection,
            connect(*arguments, **{"factory": WatchedConnection, **named}),
        )

    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(os, name, watch.around(name, getattr(os, name)))
        patch.setattr(io, "open", watch.around("open", io.open))
        patch.setattr(sqlite3, "connect", watched_connect)
        patch.setattr(sqlite3.dbapi2, "connect", watched_connect)
        yield watch


@dataclass(frozen=True, slots=True)
class Disk:
    """A directory at one moment: mode and, for files, content of everything below it."""

    nodes: dict[str, tuple[int, bytes | None]]

    @classmethod
    def of(cls, directory: Path) -> "Disk":
        """Return what is in `directory` now; nothing if it is not there."""
        # SQLite makes the index of its write-ahead log again when the process that had it is dead.
        paths = (path for path in directory.rglob("*") if not path.name.endswith("-shm"))
        return cls(
            {
                str(path.relative_to(directory)): (
                    path.stat().st_mode & 0o777,
                    None if path.is_dir() else path.read_bytes(),
                )
                for path in sorted(paths)
            }
        )

    def restore(self, directory: Path) -> None:
        """`directory`, which is made, holds the same."""
        directory.mkdir(mode=0o700)
        for name, (mode, content) in self.nodes.items():
            path = directory / name
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)
            path.chmod(mode)


@dataclass(slots=True)
class Death:
    """What a process leaves behind that is killed in any of `moments`: they differ in nothing."""

    disk: Disk
    told: dict[str, str]
    """What its client knew by then."""
    moments: list[str] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Whether this is just after something came into force: a COMMIT, a rename."""
        return self.moments[0].startswith(("after COMMIT", "after replace"))

    def __str__(self) -> str:
        first, last = self.moments[0], self.moments[-1]
        return first if first == last else f"{first} … {last}"


class Deaths:
    """A watcher that takes down how the process could have died; `told` is what its client knows.

    Moments between which nothing changed are one death.
    """

    def __init__(self, directory: Path, told: dict[str, str]) -> None:
        self._directory = directory
        self._told = told
        self._contents: dict[bytes, bytes] = {}
        self.taken: list[Death] = []

    def __call__(self, moment: Moment) -> None:
        disk = self._shared(Disk.of(self._directory))
        last = self.taken[-1] if self.taken else None
        if last is None or (last.disk, last.told) != (disk, self._told):
            self.taken.append(Death(disk, dict(self._told)))
        self.taken[-1].moments.append(str(moment))

    def _shared(self, disk: Disk) -> Disk:
        """Return the same disk; a file that did not change is in memory once."""
        share = self._contents.setdefault
        return Disk(
            {
                name: (mode, None if content is None else share(content, content))
                for name, (mode, content) in disk.nodes.items()
            }
        )


class Turns:
    """A watcher that finds the moments in which a failure makes a difference.

    They are those just before and just after something changed on the disk, and those around each
    call of a part, until the first part is closed: a process that cannot close one keeps its lock
    to its end. `found` has their numbers, counted from 0 and the same in every run of the same
    calls, and their names.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._disk = Disk.of(directory)
        self._moments: list[str] = []
        self._closing = False
        self.found: dict[int, str] = {}

    def __call__(self, moment: Moment) -> None:
        self._closing |= moment.act.endswith(".close")
        if self._closing:
            return
        self._moments.append(str(moment))
        now, disk = len(self._moments) - 1, Disk.of(self._directory)
        if disk != self._disk:
            self.found |= {n: self._moments[n] for n in (now - 1, now)}
        elif moment.of_part:
            self.found[now] = self._moments[now]
        self._disk = disk


class Failure:
    """A watcher that raises in the moment of that number: the act failed, or seemed to."""

    def __init__(self, number: int) -> None:
        self._left = number
        self.raised_in: str | None = None

    def __call__(self, moment: Moment) -> None:
        self._left -= 1
        if self._left != -1:
            return
        self.raised_in = str(moment)
        if moment.act.startswith("COMMIT"):
            raise sqlite3.OperationalError("disk I/O error")
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def _file_name(arguments: tuple[Any, ...]) -> str:
    """Return what the act is about, if a file; without the part of a name that is by chance."""
    first = arguments[0] if arguments else None
    if not isinstance(first, str | os.PathLike):
        return ""
    path = Path(first)
    return f" {path.name}" if len(path.name) < _LONG_NAME else f" *{path.suffix}"
