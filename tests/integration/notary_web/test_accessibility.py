"""The pages for everyone: axe's rules, small screens, large targets, light and dark."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from zhenglian import Client

pytestmark = pytest.mark.slow

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
TARGETS = "a, button, summary, textarea, input[type=file], .choice label"
LEAST_TARGET_PX = 44


@pytest.fixture(scope="module")
def anchored(client: Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The stream id of an anchored deposit."""
    path: Path = tmp_path_factory.mktemp("exhibit") / "exhibit.txt"
    path.write_text("exhibit")
    return client.wait_until_anchored(client.deposit_file(path).stream).stream


def open_form(page: Page, address: str, lang: str, _stream: str) -> None:
    page.goto(f"{address}/?lang={lang}")
    expect(page.locator("#form")).to_be_visible()


def open_problem(page: Page, address: str, lang: str, stream: str) -> None:
    page.goto(f"{address}/?lang={lang}")
    page.evaluate(
        "stream => localStorage.setItem('zhenglian-deposits', "
        "JSON.stringify([{stream, name: '很长的文件名'.repeat(9) + '.pdf'}]))",
        stream,
    )
    page.reload()
    page.locator("summary").click()
    page.locator("#submit").click()
    expect(page.get_by_role("alert")).to_be_visible()


def open_progress(page: Page, address: str, lang: str, _stream: str) -> None:
    page.route("**/v1/deposits*", lambda _: None)
    page.goto(f"{address}/?lang={lang}")
    page.set_input_files("#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc"})
    page.locator("#submit").click()
    expect(page.locator("#cancel")).to_be_visible()


def open_deposit(page: Page, address: str, lang: str, stream: str) -> None:
    page.goto(f"{address}/?lang={lang}&stream={stream}")
    expect(page.locator("#bundle")).to_be_visible()


STATES = pytest.mark.parametrize(
    "show", [open_form, open_problem, open_progress, open_deposit], ids=lambda f: f.__name__
)


@STATES
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_rule_is_violated(
    browser: Browser,
    address: str,
    anchored: str,
    show: object,
    scheme: Literal["light", "dark"],
    lang: str,
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    show(page, address, lang, anchored)  # type: ignore[operator]
    results = Axe().run(page, options=RULES)
    assert results.violations_count == 0, results.generate_report()
    context.close()


@STATES
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_small_screen_needs_no_sideways_scrolling(
    browser: Browser, address: str, anchored: str, show: object, lang: str
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    show(page, address, lang, anchored)  # type: ignore[operator]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


@STATES
def test_every_target_is_large_enough(
    browser: Browser, address: str, anchored: str, show: object
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    show(page, address, "zh", anchored)  # type: ignore[operator]
    targets = [target for target in page.locator(TARGETS).all() if target.is_visible()]
    assert len(targets) >= 4
    for target in targets:
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= LEAST_TARGET_PX, target
    context.close()
