"""The command `notary` against a notary over real sockets: what it prints, and its exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from notary import cli, terminal
from tests.unit.zhenglian.stub_notary import BUNDLE, StubNotary, measure, refuse, running_stub
from zhenglian import Client

UNKNOWN = "exhibit:" + "f" * 32


@pytest.fixture
def notary() -> Iterator[StubNotary]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    path = tmp_path / "合同.txt"
    path.write_bytes(b"exhibit")
    return path


def run(notary: StubNotary | None, *arguments: object) -> Result:
    server = "http://127.0.0.1:9" if notary is None else notary.url
    environment = {"ZHENGLIAN_SERVER": server, "COLUMNS": "200"}
    return CliRunner().invoke(cli.app, [str(text) for text in arguments], env=environment)


def lines_of(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_deposit_is_waited_for_and_shown(notary: StubNotary, exhibit: Path) -> None:
    result = run(notary, "deposit", exhibit, "--note", "备注", "--source", "https://shop.example")
    assert result.exit_code == 0, result.output
    (sha256, sm3), _ = measure(b"exhibit")
    for text in ("合同.txt", f"exhibit:{0:032x}", sha256, sm3, "anchored", "2026-01-31T08:00:00"):
        assert text in result.stdout
    assert "Deposited 1 of 1" in result.stderr
    assert "no independent evidence" in result.stderr
    assert notary.queries[0]["note"] == "备注"
    assert notary.queries[0]["source"] == "https://shop.example"


def test_without_waiting_the_notary_is_asked_once(notary: StubNotary, exhibit: Path) -> None:
    result = run(notary, "deposit", exhibit, "--no-wait", "--json")
    assert result.exit_code == 0
    assert [line["state"] for line in lines_of(result)] == ["acknowledged"]
    assert len(notary.requests) == 1


def test_bundles_are_saved_even_without_wait(
    notary: StubNotary, exhibit: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "new" / "bundles"
    result = run(
        notary, "deposit", exhibit, exhibit, "--no-wait", "--bundle-dir", directory, "--json"
    )
    assert result.exit_code == 0
    saved = [Path(str(line["bundle"])) for line in lines_of(result)]
    assert [path.read_bytes() for path in saved] == [BUNDLE, BUNDLE]
    assert sorted(directory.iterdir()) == saved


def test_a_refused_file_does_not_keep_the_next_from_its_deposit(
    notary: StubNotary, exhibit: Path
) -> None:
    notary.faults.append(refuse("exhibit-too-large", 413))
    result = run(notary, "deposit", exhibit, exhibit, "--json")
    assert result.exit_code == terminal.EXIT_FAILED
    assert len(lines_of(result)) == 1
    assert "The detail of exhibit-too-large. Deposit its digests instead" in result.stderr


def test_a_deposit_is_shown_even_if_its_bundle_is_refused(
    notary: StubNotary, exhibit: Path, tmp_path: Path
) -> None:
    notary.anchor_after = 0
    notary.faults.extend([lambda _: False, lambda _: False, refuse("bundle-refused", 500)])
    result = run(notary, "deposit", exhibit, "--bundle-dir", tmp_path, "--json")
    assert result.exit_code == terminal.EXIT_FAILED
    assert [line["stream"] for line in lines_of(result)] == [f"exhibit:{0:032x}"]


@pytest.mark.parametrize("command", [["status"], ["bundle", UNKNOWN], ["trust-root"]])
def test_an_unreachable_notary_has_an_exit_code_of_its_own(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhenglian.transport.time.sleep", lambda _: None)
    result = run(None, *command)
    assert result.exit_code == terminal.EXIT_UNREACHABLE
    assert "Is it running? Give its address by --server" in result.stderr
    assert result.stdout == ""


def test_a_deposit_with_an_unreachable_notary_fails_likewise(
    exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhenglian.transport.time.sleep", lambda _: None)
    assert run(None, "deposit", exhibit).exit_code == terminal.EXIT_UNREACHABLE


@pytest.mark.parametrize(
    "arguments",
    [
        ["deposit"],
        ["deposit", "absent.txt"],
        ["bundle", "exhibit:12"],
        ["status", "--server", "nowhere"],
        ["frobnicate"],
    ],
)
def test_what_is_not_understood_has_exit_code_2(notary: StubNotary, arguments: list[str]) -> None:
    assert run(notary, *arguments).exit_code == terminal.EXIT_USAGE
    assert notary.requests == []


def test_digests_are_printed_and_nothing_is_sent(notary: StubNotary, exhibit: Path) -> None:
    result = run(notary, "digests", exhibit, "--json")
    (sha256, sm3), size_bytes = measure(b"exhibit")
    assert lines_of(result) == [
        {"file": "合同.txt", "digests": [sha256, sm3], "size_bytes": size_bytes}
    ]
    assert notary.requests == []


@pytest.mark.parametrize(("option", "name"), [("--name", "合同.txt"), ("--no-name", None)])
def test_digests_are_deposited_with_or_without_the_name(
    notary: StubNotary, exhibit: Path, option: str, name: str | None
) -> None:
    result = run(notary, "digests", "--deposit", option, exhibit, "--json")
    assert result.exit_code == 0
    assert notary.queries[0].get("file_name") == name
    assert notary.requests[0] == ("POST", "/v1/deposits/digests")


def test_the_original_follows_its_digests_and_another_file_is_refused(
    notary: StubNotary, exhibit: Path, tmp_path: Path
) -> None:
    (stream,) = (
        line["stream"]
        for line in lines_of(run(notary, "digests", "--deposit", exhibit, "--no-wait", "--json"))
    )
    assert run(notary, "original", stream, exhibit).exit_code == 0
    other = tmp_path / "other.txt"
    other.write_bytes(b"other")
    result = run(notary, "original", stream, other)
    assert result.exit_code == terminal.EXIT_FAILED
    assert "not a copy saved anew" in result.stderr


def test_a_bundle_is_saved_by_the_bare_digits_once_anchored(
    notary: StubNotary, exhibit: Path, tmp_path: Path
) -> None:
    with Client(notary.url) as client:
        digits = client.deposit_file(exhibit).stream.removeprefix("exhibit:")
    early = run(notary, "bundle", digits, "-o", tmp_path)
    assert early.exit_code == terminal.EXIT_FAILED
    assert "Try again in a few seconds" in early.stderr
    assert "anchored" in run(notary, "status", digits).stdout
    result = run(notary, "bundle", digits, "-o", tmp_path)
    assert result.exit_code == 0
    assert Path(result.stdout.strip()).read_bytes() == BUNDLE


def test_an_unknown_deposit_is_refused_with_advice(notary: StubNotary) -> None:
    result = run(notary, "status", UNKNOWN)
    assert result.exit_code == terminal.EXIT_FAILED
    assert "Check the stream id" in result.stderr


def test_the_status_of_the_notary_is_shown(notary: StubNotary) -> None:
    assert "anchored size     2" in run(notary, "status").stdout
    assert lines_of(run(notary, "status", "--json"))[0]["pending"] == 1


def test_the_trust_root_is_printed_byte_for_byte_or_saved(
    notary: StubNotary, tmp_path: Path
) -> None:
    assert run(notary, "trust-root").stdout_bytes == notary.trust_root()
    path = tmp_path / "trust.json"
    assert run(notary, "trust-root", "-o", path).exit_code == 0
    assert path.read_bytes() == notary.trust_root()


def test_a_file_name_cannot_steer_the_terminal(notary: StubNotary, tmp_path: Path) -> None:
    path = tmp_path / "\x1b[2Jinvoice"
    path.write_bytes(b"exhibit")
    result = run(notary, "digests", path)
    assert "\x1b" not in result.stdout
    assert "invoice" in result.stdout


def test_the_command_line_starts_without_what_a_command_needs() -> None:
    program = (
        "import sys, notary.cli\n"
        "heavy = {'httpx2', 'rich.progress', 'uvicorn', 'fastapi', 'sqlalchemy', 'web3', 'eth'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert finished.stdout == "[]\n"
