"""The command line: what it prints and how it ends."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.cli import app
from chain.embedded import EmbeddedChain, open_embedded_chain
from tests.unit.chain.embedded.sending import sign


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A closed chain of one block."""
    with open_embedded_chain(tmp_path, clock=lambda: 1_700_000_000) as chain:
        chain.mine([sign(0)])
    return tmp_path


def test_audit_of_a_chain_that_agrees_ends_with_0(directory: Path) -> None:
    result = CliRunner().invoke(app, ["audit", str(directory)])
    assert result.exit_code == 0
    assert "All 2 blocks agree" in result.output


def test_audit_of_a_tampered_chain_ends_with_1(directory: Path) -> None:
    with sqlite3.connect(directory / "chain.sqlite3") as connection:
        connection.execute("UPDATE blocks SET hash = zeroblob(32) WHERE number = 1")
    connection.close()
    result = CliRunner().invoke(app, ["audit", str(directory)])
    assert result.exit_code == 1
    assert "block 1 is filed under a hash that is not its own" in result.output
    assert "1 of 2 blocks agree" in result.output


def test_status_shows_the_newest_block(directory: Path) -> None:
    result = CliRunner().invoke(app, ["status", str(directory)])
    assert result.exit_code == 0
    for expected in ("20180907", "height", "2023-11-14T22:13:20Z"):
        assert expected in result.output


@pytest.mark.parametrize("command", ["audit", "status"])
def test_directory_without_a_chain_ends_with_1_and_stays_empty(
    tmp_path: Path, command: str
) -> None:
    result = CliRunner().invoke(app, [command, str(tmp_path)])
    assert result.exit_code == 1
    assert "found no chain.sqlite3" in result.output.replace("\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["audit", "status"])
def test_chain_in_use_can_be_looked_at(chain: EmbeddedChain, command: str) -> None:
    chain.mine([sign(0)])
    assert CliRunner().invoke(app, [command, str(chain.directory)]).exit_code == 0
    assert chain.mine([sign(1)]).number == 2


def test_help_does_not_load_the_engine() -> None:
    program = "import sys, chain.cli; sys.exit('eth' in sys.modules or 'web3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
