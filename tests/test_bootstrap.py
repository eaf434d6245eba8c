"""``./run`` on a machine that lacks something, and on one where all is set up."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_TOOLS = ("sh", "dirname", "cat", "cksum")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without an environment, and a PATH with nothing but a shell's tools."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    for name in ("run", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, directory / name)
    path = directory / "path"
    path.mkdir()
    for tool in _TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (path / tool).symlink_to(found)
    return directory


def _install(checkout: Path, name: str, script: str) -> None:
    program = checkout / "path" / name
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def _run(checkout: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout / "path")}
    command = [str(checkout / "run"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_missing_python_is_named_with_its_least_version(checkout: Path) -> None:
    result = _run(checkout, ["demo"])
    assert result.returncode == 1
    assert "Python 3.11 or newer is needed" in result.stderr


def test_python_that_exists_and_does_not_run_is_passed_over(checkout: Path) -> None:
    _install(checkout, "python3", "exit 127")
    result = _run(checkout, ["demo"])
    assert result.returncode == 1
    assert "Python 3.11 or newer is needed" in result.stderr


def test_missing_venv_module_is_named_with_its_remedy(checkout: Path) -> None:
    # Runs, is new enough, and has no ensurepip, like Python on a fresh Debian.
    _install(
        checkout,
        "python3",
        f'case "$2" in *ensurepip*) exit 1 ;; esac; exec {sys.executable} "$@"',
    )
    result = _run(checkout, ["demo"])
    assert result.returncode == 1
    assert "apt install python3-venv" in result.stderr


def test_environment_that_matches_the_lock_is_used_as_it_is(checkout: Path) -> None:
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text('#!/bin/sh\necho "used: $*"\n', encoding="utf-8")
    (binaries / "python").chmod(0o755)
    stamp = (
        '{ cat requirements.lock pyproject.toml | cksum | tr -d "\\n"; echo " requirements.lock"; }'
    )
    subprocess.run(
        ["sh", "-c", f"{stamp} > .venv/stamp"], cwd=checkout, env=dict(os.environ), check=True
    )
    result = _run(checkout, ["python", "-c", "pass"])
    assert (result.returncode, result.stdout) == (0, "used: -c pass\n")

    with (checkout / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# another lock\n")
    assert _run(checkout, ["python"]).returncode == 1  # There is no Python to set it up again.


def test_unknown_command_is_a_usage_error(checkout: Path) -> None:
    result = _run(checkout, ["nonsense"])
    assert result.returncode == 2
    assert "no command 'nonsense'" in result.stderr
