"""The command `notary`: run a notary, or use one from a terminal.

Owns the commands and their options. Leaves everything that is said to a notary to the SDK
(`zhenglian`), which a platform would use as well, and what a person sees to `notary.terminal`. What
takes long to import is imported by the command that needs it, so that `--help` answers at once.

Exit codes: 0 done; 1 the notary refused, or something failed; 2 the command was not understood;
4 the notary cannot be reached.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notary.terminal import (
    EXIT_FAILED,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    print_deposit,
    print_digests,
    print_lines,
    progress_bar,
    refusals,
    refuse,
    say,
    say_summary,
    sentence,
    time_text,
    waiting,
)

if TYPE_CHECKING:
    from zhenglian import Client, Deposit

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Deposit evidence with a notary, or run one. 电子证据存证。",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 usage, 4 notary unreachable.",
)

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="Files. 文件"),
]
Server = Annotated[
    str,
    typer.Option("--server", envvar="ZHENGLIAN_SERVER", help="Address of the notary. 服务地址"),
]
Stream = Annotated[
    str,
    typer.Argument(metavar="STREAM", help="Stream id, with or without 'exhibit:'. 存证编号"),
]
Note = Annotated[str | None, typer.Option(help="A remark to keep with it. 备注")]
Source = Annotated[str | None, typer.Option(help="Where the file comes from. 文件来源")]
Wait = Annotated[bool, typer.Option(help="Wait until they are anchored. 等待上链")]
BundleDir = Annotated[
    Path | None, typer.Option(file_okay=False, help="Save the bundles there; waits. 证据包目录")
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="File or directory to write to. 输出路径")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line. 输出 JSON")]
DEFAULT_SERVER = "http://127.0.0.1:8080"


@app.command()
def serve(
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the notary keeps everything. 数据目录")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. 监听地址")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on. 监听端口")
    ] = None,
) -> None:
    """Run a notary until Ctrl-C, with the chain built in. 启动存证服务。

    What is not given is taken from the environment (ZHENGLIAN_DATA_DIR, …), else from the defaults.
    """
    try:
        from pydantic import ValidationError

        from notary.serving import run_service
        from notary.settings import Settings
    except ModuleNotFoundError as error:
        refuse(
            f"the service needs the package {error.name}, which is not installed; "
            "install it with: pip install 'zhenglian[notary]'",
            EXIT_USAGE,
        )
    given = {"data_dir": data_dir, "host": host, "port": port}
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        refuse(f"the setting {name} cannot be used: {first['msg']}", EXIT_USAGE)
    if not run_service(settings):
        raise typer.Exit(EXIT_FAILED)


@app.command()
def deposit(
    files: Files,
    server: Server = DEFAULT_SERVER,
    note: Note = None,
    source: Source = None,
    wait: Wait = True,
    bundle_dir: BundleDir = None,
    as_json: AsJson = False,
) -> None:
    """Deposit files: the notary stores and anchors them. 存证文件。

    A file that is refused does not keep the others from being deposited; the exit code is then 1.
    """
    with _notary(server) as client:

        def send(file: Path) -> "Deposit":
            with progress_bar(file.name) as progress:
                return client.deposit_file(file, note=note, source=source, progress=progress)

        _deposit_each(client, files, send, wait=wait, bundle_dir=bundle_dir, as_json=as_json)


@app.command()
def digests(
    files: Files,
    server: Server = DEFAULT_SERVER,
    deposit_them: Annotated[
        bool, typer.Option("--deposit", help="Deposit the digests, never the file. 仅存摘要")
    ] = False,
    with_name: Annotated[
        bool, typer.Option("--name/--no-name", help="Tell the notary the file name. 登记文件名")
    ] = True,
    note: Note = None,
    source: Source = None,
    wait: Wait = True,
    bundle_dir: BundleDir = None,
    as_json: AsJson = False,
) -> None:
    """Print the SHA-256 and SM3 of files, which stay on this machine. 计算摘要，文件不外传。

    With --deposit the digests and the size are deposited; nothing else of the file is sent but its
    name. Keep the file: without it a deposit by digests shows nothing.
    """
    from zhenglian import digests_of

    if not deposit_them:
        for file in files:
            with refusals(), progress_bar(file.name) as progress:
                exhibit = digests_of(file, progress)
            print_digests(file, exhibit, as_json=as_json)
        return
    with _notary(server) as client:

        def send(file: Path) -> "Deposit":
            with progress_bar(file.name) as progress:
                exhibit = digests_of(file, progress)
            return client.deposit_digests(
                exhibit.digests,
                exhibit.size_bytes,
                file_name=file.name if with_name else None,
                note=note,
                source=source,
            )

        _deposit_each(client, files, send, wait=wait, bundle_dir=bundle_dir, as_json=as_json)


@app.command()
def original(
    stream: Stream,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file. 原文件")],
    server: Server = DEFAULT_SERVER,
    as_json: AsJson = False,
) -> None:
    """Hand in the file of a deposit that was made by its digests. 补交原文件。"""
    with _notary(server) as client:
        with progress_bar(file.name) as progress:
            answer = client.add_original(_stream_id(stream), file, progress=progress)
        print_deposit(file.name, answer, as_json=as_json)


@app.command()
def status(
    stream: Annotated[
        str | None, typer.Argument(metavar="[STREAM]", help="A deposit. 存证编号")
    ] = None,
    server: Server = DEFAULT_SERVER,
    as_json: AsJson = False,
) -> None:
    """Show how far a deposit has come or, without STREAM, how the notary is. 查询状态。"""
    with _notary(server) as client:
        if stream is not None:
            print_deposit(None, client.get(_stream_id(stream)), as_json=as_json)
            return
        answer = client.status()
        shown = {
            "server": server,
            "software": answer.software,
            "log": answer.log,
            "assurance": answer.assurance,
            "log_size": answer.log_size,
            "anchored_size": answer.anchored_size,
            "pending": answer.pending,
            "last_anchored_at": time_text(answer.last_anchored_at),
        }
        print_lines(shown, as_json=as_json)


@app.command()
def bundle(stream: Stream, server: Server = DEFAULT_SERVER, output: Output = Path()) -> None:
    """Save the bundle of an anchored deposit. 下载证据包。

    With the file itself and a trust root it can be verified offline: verifier verify.
    """
    with _notary(server) as client:
        typer.echo(client.save_bundle(_stream_id(stream), output))


@app.command("trust-root")
def trust_root(
    server: Server = DEFAULT_SERVER,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="Instead of the terminal. 输出路径"),
    ] = None,
) -> None:
    """Print or save the trust root this notary publishes. 下载信任根。

    Whoever relies on bundles compares it with one obtained in another way.
    """
    with _notary(server) as client:
        raw = client.trust_root()
        if output is None:
            sys.stdout.buffer.write(raw)
        else:
            output.write_bytes(raw)
            typer.echo(output)


def main() -> None:
    """Run the command line."""
    # A console that lacks a character shows "?" for it rather than a stack trace.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _deposit_each(
    client: "Client",
    files: list[Path],
    send: Callable[[Path], "Deposit"],
    *,
    wait: bool,
    bundle_dir: Path | None,
    as_json: bool,
) -> None:
    """Each file is deposited by `send` and shown; all are sent before any is waited for.

    What was deposited is shown even if something fails afterwards, since its stream id is then the
    only way to it.
    """
    from zhenglian import TransportError, ZhenglianError

    exit_code = 0
    made: list[tuple[Path, Deposit]] = []
    for file in files:
        try:
            made.append((file, send(file)))
        except TransportError as error:
            say(f"{file}: {sentence(error)}")
            exit_code = EXIT_UNREACHABLE
            break
        except (ZhenglianError, OSError) as error:
            say(f"{file}: {sentence(error)}")
            exit_code = EXIT_FAILED
    for file, latest in made:
        saved = None
        try:
            if wait or bundle_dir is not None:
                latest = _wait(client, latest)
            if bundle_dir is not None:
                bundle_dir.mkdir(parents=True, exist_ok=True)
                saved = client.save_bundle(latest.stream, bundle_dir)
        except (ZhenglianError, OSError) as error:
            say(f"{file}: {sentence(error)}")
            exit_code = EXIT_UNREACHABLE if isinstance(error, TransportError) else EXIT_FAILED
        print_deposit(file.name, latest, saved, as_json=as_json)
    if made and not as_json:
        say_summary(len(made), len(files), {latest.assurance for _, latest in made})
    if exit_code:
        raise typer.Exit(exit_code)


@contextmanager
def _notary(server: str) -> "Iterator[Client]":
    from zhenglian import Client

    with refusals(), Client(server) as client:
        yield client


def _stream_id(text: str) -> str:
    return text if text.startswith("exhibit:") else f"exhibit:{text}"


def _wait(client: "Client", deposit: "Deposit") -> "Deposit":
    with waiting("Waiting for the anchor 等待上链"):
        return client.wait_until_anchored(deposit.stream)
