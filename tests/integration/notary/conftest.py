"""A notary served to clients: in process by Starlette's test client, and by a real server."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from notary.app import create_app
from notary.settings import Settings

PATIENCE_S = 60


@pytest.fixture(scope="session")
def started_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a notary that was started once and never used."""
    directory = tmp_path_factory.mktemp("notary") / "data"
    with TestClient(create_app(Settings(data_dir=directory))):
        return directory


@pytest.fixture
def settings(started_directory: Path, tmp_path: Path) -> Settings:
    directory = shutil.copytree(started_directory, tmp_path / "data")
    return Settings(data_dir=directory, anchor_interval_s=0)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """A notary of this test alone."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def shared_client(
    started_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A notary that the tests of a module share, each with deposits of its own."""
    directory = shutil.copytree(started_directory, tmp_path_factory.mktemp("shared") / "data")
    settings = Settings(data_dir=directory, anchor_interval_s=0)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def anchored() -> Callable[[TestClient, str], dict[str, object]]:
    """A function that waits until the deposit at a path is anchored and returns its view."""

    def wait(client: TestClient, path: str) -> dict[str, object]:
        waited = threading.Event()
        for _ in range(PATIENCE_S * 50):
            view: dict[str, object] = client.get(path).json()
            if view["state"] == "anchored":
                return view
            waited.wait(0.02)
        raise AssertionError(f"{path} was not anchored in {PATIENCE_S} s")

    return wait


@pytest.fixture
def address(settings: Settings) -> Iterator[tuple[str, int]]:
    """Host and port of a notary served by uvicorn as in production."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(settings), log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[:2]
        finally:
            server.should_exit = True
            thread.join()
