"""What a person at a terminal sees: progress bars, lines, and one sentence when something is wrong.

Owns the layout, the exit codes and the advice that follows a refusal. Leaves the commands to
`notary.cli`. Results go to the standard output, everything else to the standard error.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from zhenglian import Deposit, Exhibit, Progress

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 4

_ADVICE: Mapping[str, str] = {
    "deposit-unknown": "Check the stream id, and that --server is the notary that gave it.",
    "event-not-allowed": "Only a deposit made by digests takes an original, and only once.",
    "exhibit-empty": "Check that this is the file you mean.",
    "exhibit-too-large": "Deposit its digests instead: notary digests --deposit FILE",
    "not-anchored-yet": "The deposit is safe. Try again in a few seconds.",
    "not-ready": "Try again in a minute; if it stays so, tell the operator.",
    "original-differs": "Give the very file whose digests were deposited, not a copy saved anew.",
    "storage-full": "Nothing was deposited. Tell the operator, or deposit the digests alone.",
}
"""What to do next, by problem code."""


@contextmanager
def refusals() -> Iterator[None]:
    """What a notary, a network or a person can do wrong ends in one sentence and an exit code."""
    from zhenglian import TransportError, ZhenglianError

    try:
        yield
    except TransportError as error:
        refuse(sentence(error), EXIT_UNREACHABLE)
    except (ZhenglianError, OSError) as error:
        refuse(sentence(error), EXIT_FAILED)
    except ValueError as error:
        refuse(sentence(error), EXIT_USAGE)


def sentence(error: Exception) -> str:
    """What went wrong and what to do next."""
    from zhenglian import ProblemError, TransportError, WaitTimeoutError

    text = str(error).rstrip(".")
    if isinstance(error, ProblemError):
        return f"{text}. {_ADVICE.get(error.code, '')}".rstrip()
    if isinstance(error, TransportError):
        return f"{text}. Is it running? Give its address by --server or ZHENGLIAN_SERVER."
    if isinstance(error, WaitTimeoutError):
        return f"{text}. It stays deposited; ask later: notary status STREAM"
    if isinstance(error, OSError):
        return f"{error.filename or 'file'}: {error.strerror or error}"
    return text


@contextmanager
def progress_bar(name: str) -> "Iterator[Progress]":
    """A progress bar with its rate on the terminal; nothing where there is none to look at it."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """A moving sign on the terminal, as long as the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def print_deposit(
    name: str | None, deposit: "Deposit", saved: Path | None = None, *, as_json: bool
) -> None:
    """The deposit is shown, and the path of its bundle if one was saved."""
    shown = {
        "file": name,
        "stream": deposit.stream,
        "digests": deposit.digests,
        "size_bytes": deposit.exhibit.size_bytes,
        "state": deposit.state.value,
        "waiting_for": deposit.waiting_for,
        "existed_by": time_text(deposit.existed_by),
        "assurance": deposit.assurance,
        "bundle": None if saved is None else str(saved),
    }
    print_lines(shown, as_json=as_json)


def print_digests(file: Path, exhibit: "Exhibit", *, as_json: bool) -> None:
    """The size and digests of a file are shown."""
    shown = {
        "file": file.name,
        "digests": exhibit.digests,
        "size_bytes": exhibit.size_bytes,
    }
    print_lines(shown, as_json=as_json)


def print_lines(shown: Mapping[str, Any], *, as_json: bool) -> None:
    """Shown is one JSON object, or a line for each value and an empty line."""
    if as_json:
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    width = max(len(name) for name in shown)
    for name, value in shown.items():
        for line in value if isinstance(value, tuple) else (value,):
            if line is not None:
                typer.echo(_printable(f"{name.replace('_', ' '):<{width}}  {line}"))
    typer.echo()


def say_summary(made: int, given: int, assurances: set[str]) -> None:
    """How many files were deposited, and whether with a sandbox."""
    say(f"Deposited {made} of {given}. 已存证 {made}/{given}。")
    if "sandbox" in assurances:
        say(
            "Sandbox: a simulated chain and a demo timestamp authority are no independent"
            " evidence. 沙箱：模拟链与演示时间戳不构成独立证据。"
        )


def time_text(time: "datetime | None") -> str | None:
    """RFC 3339 in UTC, or None; never rounded down to a second before the time that was shown."""
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def say(sentence: str) -> None:
    """The sentence is on the standard error."""
    typer.echo(_printable(sentence), err=True)


def refuse(sentence: str, exit_code: int) -> NoReturn:
    """The command ends with the sentence and the exit code."""
    say(f"notary: {sentence}")
    raise typer.Exit(exit_code)


def _printable(text: str) -> str:
    """Without control characters, by which a file name or an answer could steer the terminal."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
