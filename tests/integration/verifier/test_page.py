"""The page of the verifier in a real browser, on real bundles."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from starlette.types import ASGIApp

from verifier.app import create_app

pytestmark = pytest.mark.slow

VECTORS = Path(__file__).parents[2] / "vectors"

CONCLUSIONS = {
    ("one_validator", "zh"): "核验一致",
    ("one_validator", "en"): "Verified: matches",
    ("exhibit_changed_fail", "zh"): "核验不一致",
    ("exhibit_changed_fail", "en"): "Verified: does not match",
    ("tsa_unknown_indeterminate", "zh"): "无法核验",
    ("tsa_unknown_indeterminate", "en"): "Cannot be verified",
    ("history_rewritten_fail", "zh"): "核验不一致",
    ("history_rewritten_fail", "en"): "Verified: does not match",
}

WHITE_OR_NONE = re.compile(r"rgb\(255, 255, 255\)|rgba\(0, 0, 0, 0\)")

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1100, "height": 900}

Serve = Callable[[ASGIApp], str]


@pytest.fixture(scope="module")
def addresses(serve: Serve) -> dict[str, str]:
    """The page for each vector, which brings its own trust root."""
    names = {name for name, _ in CONCLUSIONS}
    return {name: serve(create_app(VECTORS / name / "trust.json")) for name in sorted(names)}


def verify(page: Page, address: str, vector: str, language: str) -> None:
    page.goto(f"{address}/?lang={language}")
    page.get_by_label("证据包" if language == "zh" else "Bundle").set_input_files(
        VECTORS / vector / "bundle.evidence.json"
    )
    page.get_by_label("待比对的文件" if language == "zh" else "File to compare").set_input_files(
        VECTORS / vector / "exhibit.bin"
    )
    page.get_by_role("button", name="开始核验" if language == "zh" else "Verify").click()
    expect(page.get_by_role("status").get_by_role("heading")).to_be_visible()


def open_details(page: Page) -> None:
    page.locator("summary").click()
    expect(page.get_by_role("table")).to_be_visible()


def expect_accessible(page: Page) -> None:
    """No violation of any axe rule, no sideways scrolling, no target below 44 px."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth")
    for target in page.locator("a:visible, button:visible, summary:visible, input:visible").all():
        box = target.bounding_box()
        assert box is not None
        off_screen = box["x"] < 0  # The skip link, until it has the focus.
        assert off_screen or box["height"] >= 44, target.evaluate("element => element.outerHTML")


@pytest.mark.parametrize(("vector", "language"), CONCLUSIONS)
def test_bundle_and_file_are_verified_through_the_page(
    page: Page, addresses: dict[str, str], vector: str, language: str
) -> None:
    verify(page, addresses[vector], vector, language)
    status = page.get_by_role("status")
    conclusion = CONCLUSIONS[vector, language]
    expect(status.get_by_role("heading", level=1)).to_contain_text(conclusion)
    expect(page).to_have_title(re.compile(f"^{conclusion} · "))
    open_details(page)
    expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(13)


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_are_accessible(
    page: Page,
    addresses: dict[str, str],
    language: str,
    scheme: str,
    viewport: dict[str, int],
) -> None:
    page.set_viewport_size(viewport)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{addresses['one_validator']}/?lang={language}")
    expect_accessible(page)
    for vector, of_language in CONCLUSIONS:
        if of_language == language:
            verify(page, addresses[vector], vector, language)
            open_details(page)
            expect_accessible(page)


def test_page_works_without_script(browser: Browser, addresses: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    verify(page, addresses["one_validator"], "one_validator", "zh")
    expect(page.get_by_role("heading", level=1)).to_contain_text("核验一致")
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    context.close()


def test_print_button_prints(page: Page, addresses: dict[str, str]) -> None:
    page.add_init_script("window.print = () => { window.printed = true; }")
    verify(page, addresses["one_validator"], "one_validator", "zh")
    page.get_by_role("button", name="打印").click()
    assert page.evaluate("window.printed") is True


def test_paper_is_black_on_white_and_shows_the_steps(page: Page, addresses: dict[str, str]) -> None:
    verify(page, addresses["exhibit_changed_fail"], "exhibit_changed_fail", "zh")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    for part in ("body", ".conclusion", ".conclusion h1"):
        element = page.locator(part)
        expect(element).to_have_css("color", "rgb(0, 0, 0)")
        expect(element).to_have_css("background-color", WHITE_OR_NONE)


def test_keyboard_reaches_everything_and_shows_where_it_is(
    page: Page, addresses: dict[str, str]
) -> None:
    page.goto(f"{addresses['one_validator']}/?lang=zh")
    names = []
    for _ in range(6):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        names.append(focused.evaluate("element => element.id || element.textContent.trim()"))
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
        box = focused.bounding_box()
        assert box is not None
        assert box["x"] >= 0
    assert names == ["跳到正文", "证链 · 证据核验", "English", "bundle", "exhibit", "开始核验"]
