"""The command `verifier`: verify a bundle offline, or serve the page that does.

Owns options, exit codes and the layout on a terminal. Leaves deciding to `verifier.verify` and
the sentences to `verifier.words`. `serve` needs the extra "notary"; `verify` needs only the base
install and opens no connection.

Exit codes: 0 PASSED, 1 FAILED, 2 the command could not be carried out, 3 INDETERMINATE. `serve`
ends with 1 when it cannot listen, as any server does.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, BinaryIO, NoReturn

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text as Styled

from evidence.canonical import encode_canonical
from evidence.digests import Measurement
from verifier.errors import AddressError, TrustError
from verifier.listening import require_free
from verifier.reading import measure_file, read_bundle, read_trust_root
from verifier.report import Status, report_json
from verifier.summary import Line, StepRow, Summary, plain, summarise
from verifier.verify import verify_bundle
from verifier.words import LABELS, SYMBOLS, Language

EXIT_CODES: Mapping[Status, int] = {
    Status.PASSED: 0,
    Status.FAILED: 1,
    Status.INDETERMINATE: 3,
}
EXIT_USAGE = 2
EXIT_NOT_LISTENING = 1

PROGRESS_FROM_BYTES = 32 * 2**20
# Below this hashing takes a fraction of a second; a bar would only flicker.

_COLOURS: Mapping[Status, str] = {
    Status.PASSED: "green",
    Status.FAILED: "red",
    Status.INDETERMINATE: "yellow",
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Verify evidence bundles offline. 离线核验证据包。",
)

TrustRootOption = Annotated[
    Path,
    typer.Option("--trust-root", help="The trust root, obtained apart from the bundle. 信任根文件"),
]


class LanguageOption(StrEnum):
    """The languages as typed on a command line."""

    ZH = "zh"
    EN = "en"


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle, *.evidence.json. 证据包")],
    trust_root: TrustRootOption,
    exhibit: Annotated[
        Path | None, typer.Argument(help="The file itself, to be compared. 待比对的文件")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as canonical JSON. 输出 JSON 报告")
    ] = False,
    lang: Annotated[
        LanguageOption | None,
        typer.Option(help="Language; by default that of the environment. 语言"),
    ] = None,
) -> None:
    """Verify BUNDLE and, if given, compare EXHIBIT with what it records. 核验证据包。

    Exit code: 0 matches, 1 does not match, 2 the command could not be carried out, 3 cannot be
    verified.
    """
    language = Language[lang.name] if lang else _language_of(os.environ)
    with _refusals():
        trust = read_trust_root(trust_root)
        with _open(bundle) as file:
            unverified_bundle = read_bundle(file)
        measurement = None if exhibit is None else _measure(exhibit)
    now = datetime.now(UTC)
    report = verify_bundle(unverified_bundle, trust, exhibit=measurement, now=now)
    if as_json:
        sys.stdout.write(encode_canonical(report_json(report)).decode() + "\n")
    else:
        _print(summarise(report, measurement, now, language), language)
    raise typer.Exit(EXIT_CODES[report.status])


@app.command()
def serve(
    trust_root: TrustRootOption,
    host: Annotated[str, typer.Option(help="Address to listen on. 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on. 监听端口", min=0, max=65535)] = 8001,
) -> None:
    """Serve the page and the HTTP interface of the verifier. 启动核验网页。"""
    try:
        import uvicorn

        from verifier.app import create_app
    except ModuleNotFoundError as error:
        _refuse(
            f"the page needs the package {error.name}, which is not installed; "
            "install it with: pip install 'zhenglian[notary]'"
        )
    with _refusals():
        require_free(host, port)
        application = create_app(trust_root)
    # No access log: who verifies what is nobody else's business.
    uvicorn.run(application, host=host, port=port, server_header=False, access_log=False)


def main() -> None:
    """Run the command line."""
    # A console that lacks a character shows "?" for it rather than a stack trace.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _language_of(environment: Mapping[str, str]) -> Language:
    """Return the language that POSIX locale variables ask for; Chinese only if they name it."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a person can mistake into one sentence and an exit code."""
    try:
        yield
    except TrustError as error:
        _refuse(str(error))
    except AddressError as error:
        _refuse(str(error), EXIT_NOT_LISTENING)
    except OSError as error:
        _refuse(f"expected a readable file at {error.filename}: {error.strerror}")


def _refuse(sentence: str, exit_code: int = EXIT_USAGE) -> NoReturn:
    typer.echo("verifier: " + plain(sentence), err=True)
    raise typer.Exit(exit_code)


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    if not path.is_file():  # A pipe or a device may never end.
        raise FileNotFoundError(0, "no regular file there", str(path))
    with path.open("rb") as file:
        yield file


def _measure(path: Path) -> Measurement:
    size_bytes = path.stat().st_size
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=size_bytes < PROGRESS_FROM_BYTES or not sys.stderr.isatty(),
    )
    with _open(path) as file, bar:
        task = bar.add_task("SHA-256 + SM3", total=size_bytes)
        return measure_file(file, lambda count: bar.advance(task, count))


def _print(summary: Summary, language: Language) -> None:
    label = {name: text.in_(language) for name, text in LABELS.items()}
    console = Console(highlight=False)
    if summary.sandbox:
        console.print(Panel(Styled(summary.sandbox, style="bold"), border_style="magenta"))
    console.print(_conclusion(summary))
    _heading(console, label["checked"])
    _lines(console, summary.checked)
    _heading(console, label["not_checked"])
    _lines(console, summary.not_checked)
    _heading(console, label["times"])
    _times(console, summary, label)
    _heading(console, label["steps"])
    console.print(_steps_table(summary.steps, label))
    _heading(console, label["identity"])
    console.print(_identity_table(summary.identity))


def _conclusion(summary: Summary) -> Panel:
    colour = _COLOURS[summary.status]
    bar = Styled(f"{SYMBOLS[summary.status]} {summary.conclusion}", style=f"bold {colour}")
    sentences = [Styled(sentence) for sentence in summary.sentences]
    return Panel(Group(bar, *sentences), border_style=colour)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Styled(text, style="bold underline"))


def _lines(console: Console, lines: tuple[Line, ...]) -> None:
    grid = _grid(gap=1)
    for line in lines:
        mark = "–" if line.status is None else f"{SYMBOLS[line.status]} {line.word}"
        colour = "" if line.status is None else _COLOURS[line.status]
        grid.add_row(Styled(mark, style=colour, no_wrap=True), Styled(line.text))
    console.print(grid)


def _times(console: Console, summary: Summary, label: Mapping[str, str]) -> None:
    grid = _grid(gap=2)
    for moment in summary.times:
        about = ", ".join(filter(None, (moment.subject, moment.accuracy)))
        style = "" if moment.established else "dim"
        grid.add_row(Styled(moment.time, style=style), Styled(f"{moment.text} ({about})", style))
    console.print(grid)
    if summary.more_times:
        console.print(Styled(summary.more_times))
    if summary.existed_by is None:
        console.print(Styled(label["no_time"]))
    else:
        console.print(Styled(f"{label['existed_by']} {summary.existed_by}", style="bold"))
    console.print(Styled(label["not_before"]))


def _steps_table(steps: tuple[StepRow, ...], label: Mapping[str, str]) -> Table:
    table = Table()
    table.add_column("#", justify="right")
    table.add_column(label["step"], no_wrap=True)
    table.add_column(label["status"], no_wrap=True)
    table.add_column(label["findings"], overflow="fold")
    for row in steps:
        symbol = "–" if row.status is None else SYMBOLS[row.status]
        colour = "" if row.status is None else _COLOURS[row.status]
        notes = [f"{note.subject}: {note.sentence} [{note.detail}]" for note in row.notes]
        table.add_row(
            str(row.step.value),
            Styled(row.name),
            Styled(f"{symbol} {row.status_word}", style=colour),
            Styled("\n".join([*notes, *filter(None, [row.more])])),
        )
    return table


def _identity_table(identity: tuple[tuple[str, str], ...]) -> Table:
    grid = _grid(gap=2)
    for name, value in identity:
        grid.add_row(Styled(name), Styled(value))
    return grid


def _grid(gap: int) -> Table:
    grid = Table.grid(padding=(0, gap))
    grid.add_column(no_wrap=True)
    # Chinese text and digests have no spaces to break at; by default their ends would be cut off.
    grid.add_column(overflow="fold")
    return grid
