"""docs/sdk.md does what it says: its snippets are run in their order against a notary."""

import contextlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

import zhenglian
from notary.app import create_app
from notary.settings import Settings

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parents[3] / "docs" / "sdk.md"
SNIPPET = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACEHOLDER = "http://127.0.0.1:8080"


def test_the_snippets_run_in_their_order(
    serve: Callable[[ASGIApp], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = serve(create_app(Settings(data_dir=tmp_path / "data")))
    (tmp_path / "contract.pdf").write_bytes(b"%PDF-1.7 contract")
    (tmp_path / "recording.mp4").write_bytes(bytes(range(256)) * 9000)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    snippets = SNIPPET.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert [language for language, _ in snippets].count("sh") == 1
    with contextlib.ExitStack() as stack:
        for number, (language, source) in enumerate(snippets):
            if language == "sh":
                run_command(source)
            else:
                text = source.replace(PLACEHOLDER, address)
                exec(compile(text, f"docs/sdk.md snippet {number}", "exec"), names)
            if number == 0:
                stack.callback(names["client"].close)
    assert names["anchored"].anchored
    assert names["bundle_path"].read_bytes().startswith(b"{")
    output = capsys.readouterr().out
    assert "this key belongs to another file" in output
    assert "deposit-unknown 404" in output


def run_command(source: str) -> None:
    command, *arguments = shlex.split(source)
    subprocess.run(
        [Path(sys.executable).parent / command, *arguments], check=True, capture_output=True
    )


def test_every_name_of_the_sdk_it_mentions_is_there() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:\w+, )*(\w+Error)`", text)) - {"ValueError", "OSError"}
    named |= set(re.findall(r"client\.(\w+)\(", text))
    assert len(named) > 15
    known = set(zhenglian.__all__) | set(dir(zhenglian.Client))
    assert named <= known
