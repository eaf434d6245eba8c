"""A real browser and a real server for the tests of pages."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.types import ASGIApp

from tests.integration.serving import served

CHROMIUM_SCRIPT = Path(__file__).parents[2] / "scripts" / "chromium.sh"
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium; without one the test is skipped here and fails in CI."""
    found = subprocess.run([CHROMIUM_SCRIPT], capture_output=True, text=True, timeout=500)
    if found.returncode != 0:
        reason = found.stderr.strip().splitlines()[-1]
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found.stdout.strip()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    # Not for the whole session: while Playwright runs, no other test could use asyncio.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with its own cookies and cache; anything the page complains about fails the test."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[ASGIApp], str]]:
    """A function that serves an application on a free port and returns its address."""
    with ExitStack() as servers:
        yield lambda app: servers.enter_context(served(app))
