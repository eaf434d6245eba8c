"""The command line of the embedded chain: `chain audit` and `chain status`.

Owns what is printed and the exit codes: 0 when the chain agrees with itself, 1 otherwise. Leaves
every decision to :mod:`chain.embedded`, which is imported only when a command runs because py-evm
takes a second to load.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chain.errors import ChainError

app = typer.Typer(
    name="chain",
    help="Look after the embedded chain. It is a sandbox, not independent evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Directory = Annotated[Path, typer.Argument(help="The directory that holds the chain.")]


@app.command()
def audit(directory: Directory) -> None:
    """Execute the whole chain again from genesis and compare every block with the file."""
    from chain.embedded.inspection import audit_directory

    console = Console()
    bar = Progress(
        TextColumn("Blocks"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    try:
        with bar:
            task = bar.add_task("audit", total=None)
            report = audit_directory(
                directory,
                lambda number, height: bar.update(task, completed=number + 1, total=height + 1),
            )
    except ChainError as error:
        raise _failure(console, error) from error
    if report.fault is not None:
        console.print(
            f"[bold red]The chain does not agree with itself.[/] {escape(report.fault)}."
            f" {report.blocks_verified} of {report.height + 1} blocks agree.",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    console.print(f"All {report.blocks_verified} blocks agree, genesis included.", soft_wrap=True)


@app.command()
def status(directory: Directory) -> None:
    """Show the chain id, the validator and the newest block."""
    from chain.embedded.inspection import read_status

    console = Console()
    try:
        found = read_status(directory)
    except ChainError as error:
        raise _failure(console, error) from error
    table = Table.grid(padding=(0, 2))
    for name, value in (
        ("chain id", str(found.chain_id)),
        ("validator", f"0x{found.validator.hex()}"),
        ("height", str(found.height)),
        ("head", f"0x{found.head_hash.hex()}"),
        ("head time", found.head_time.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("transactions", str(found.tx_count)),
        ("file size", f"{found.size_bytes} bytes"),
    ):
        table.add_row(name, value)
    console.print(table)


def main() -> None:
    """The command line has run; the process ends with its exit code."""
    app()


def _failure(console: Console, error: ChainError) -> typer.Exit:
    console.print(f"[bold red]Failed:[/] {escape(str(error))}.", soft_wrap=True)
    return typer.Exit(1)
