"""A notary served to clients: in process by Starlette's test client, and by a real server."""

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


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", anchor_interval_s=0)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def anchored(client: TestClient) -> Callable[[str], dict[str, object]]:
    """A function that waits until the deposit at a path is anchored and returns its view."""

    def wait(path: str) -> dict[str, object]:
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
