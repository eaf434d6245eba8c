"""Running the service: refusals to start are one sentence, and requests leave no trace on it."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notary import serving
from notary.cli import app
from notary.errors import DataDirectoryLockedError
from notary.settings import Settings


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    ours, servers = logging.getLogger("notary"), logging.getLogger("uvicorn.error")
    handlers, level = list(ours.handlers), ours.level
    filters = list(servers.filters)
    yield
    ours.handlers[:], servers.filters[:] = handlers, filters
    ours.setLevel(level)


def test_a_notary_that_cannot_start_says_so_without_a_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path, port=0)
    with settings.data.locked():
        assert serving.run_service(settings) is False
    output = "".join(capfd.readouterr())
    assert "the notary cannot start: the data directory" in output
    assert "Traceback" not in output


def test_a_port_in_use_is_said_before_anything_is_opened(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data_dir = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", f"--data-dir={data_dir}", f"--port={port}"])
    assert result.exit_code == 1
    output = (result.output + "".join(capfd.readouterr())).splitlines()
    assert len(output) == 1
    assert f"the notary cannot start: port {port} of 127.0.0.1 is in use" in output[0]
    assert not data_dir.exists()


def test_the_traceback_of_an_error_nobody_foresaw_is_kept() -> None:
    def record(error: str) -> logging.LogRecord:
        text = f"Traceback (most recent call last):\n  File …\n{error}"
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, text, None, None)

    known = f"{DataDirectoryLockedError.__module__}.DataDirectoryLockedError: locked"
    assert not serving._is_no_explained_traceback(record(known))
    assert serving._is_no_explained_traceback(record("ZeroDivisionError: division by zero"))
