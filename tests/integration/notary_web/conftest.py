"""A notary as it is run, with its own chain, and what its pages are driven with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from starlette.types import ASGIApp

from notary.app import create_app
from notary.settings import Settings
from zhenglian import Client


@pytest.fixture(scope="module")
def address(serve: Callable[[ASGIApp], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a notary."""
    directory = tmp_path_factory.mktemp("notary")
    return serve(create_app(Settings(data_dir=directory / "data", max_exhibit_bytes=64 * 2**20)))


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


@pytest.fixture
def unlucky_page(browser: Browser) -> Iterator[Page]:
    """A page on which requests are meant to fail, of which a browser always complains."""
    context = browser.new_context()
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    path = tmp_path / "合同 扫描件.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 1000)
    return path
