"""The pages in a browser, against a notary as it is run: from a file to a bundle that verifies."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from evidence.digests import measure_chunks
from verifier.report import Status
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle
from zhenglian import Client, digests_of

pytestmark = pytest.mark.slow

READY_TIMEOUT_MS = 30_000


def choose(page: Page, address: str, exhibit: Path, *, digests_only: bool = False) -> None:
    page.goto(f"{address}/?lang=zh")
    page.set_input_files("#file", exhibit)
    if digests_only:
        page.get_by_label("只存摘要").check()


def submit(page: Page) -> str:
    """Submits the form and waits for the bundle; returns the stream id."""
    page.get_by_role("button", name="开始存证").click()
    expect(page.get_by_role("link", name="下载证据包")).to_be_visible(timeout=READY_TIMEOUT_MS)
    return value(page, "stream")


def value(page: Page, name: str) -> str:
    return page.locator(f'[data-row="{name}"] dd').inner_text()


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    return Path(download.value.path()).read_bytes()


def test_a_file_becomes_a_bundle_that_verifies(
    page: Page, address: str, exhibit: Path, client: Client
) -> None:
    choose(page, address, exhibit)
    page.get_by_label("文件从哪里来").fill("https://shop.example/商品?a=1&b=2")
    page.get_by_label("备注").fill("第二页有签名")
    stream = submit(page)
    expect(page.get_by_role("status")).to_have_text("已上链，可以下载证据包。")
    expect(page.locator(".steps .done")).to_have_count(5)
    measured = digests_of(exhibit)
    assert f"sha256:{value(page, 'sha256')}" == measured.sha256
    assert f"sm3:{value(page, 'sm3')}" == measured.sm3
    assert value(page, "size") == f"{measured.size_bytes:,} 字节"
    assert value(page, "file_name") == exhibit.name
    bundle = downloaded(page, "下载证据包")
    trust = parse_trust_root(downloaded(page, "下载信任根"))
    report = verify_bundle(bundle, trust, exhibit=measure_chunks([exhibit.read_bytes()]))
    assert report.status is Status.PASSED
    altered = measure_chunks([exhibit.read_bytes()[:-1] + b"\0"])
    assert verify_bundle(bundle, trust, exhibit=altered).status is Status.FAILED
    particulars = json.loads(bundle)["entries"][0]["particulars"]
    assert particulars["file_name"] == exhibit.name
    assert particulars["media_type"] == "application/pdf"
    assert particulars["source"] == "https://shop.example/商品?a=1&b=2"
    assert particulars["note"] == "第二页有签名"
    assert client.get(stream).mode == "FILE"


def test_with_digests_only_the_file_never_leaves_the_browser(
    page: Page, address: str, exhibit: Path, client: Client
) -> None:
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    choose(page, address, exhibit, digests_only=True)
    stream = submit(page)
    bodies = [request.post_data_buffer for request in sent if request.method != "GET"]
    measured = digests_of(exhibit)
    assert [json.loads(body or b"") for body in bodies] == [
        {
            "digests": list(measured.digests),
            "size_bytes": measured.size_bytes,
            "file_name": exhibit.name,
            "media_type": "application/pdf",
        }
    ]
    deposit = client.get(stream)
    assert (deposit.mode, deposit.exhibit) == ("DIGESTS", measured)
    bundle = downloaded(page, "下载证据包")
    trust = parse_trust_root(client.trust_root())
    report = verify_bundle(bundle, trust, exhibit=measure_chunks([exhibit.read_bytes()]))
    assert report.status is Status.PASSED


def test_a_dropped_file_is_deposited(page: Page, address: str, client: Client) -> None:
    page.goto(f"{address}/?lang=zh")
    dropped = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["dropped"], "拖入.txt", { type: "text/plain" }));
            return data;
        }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    stream = submit(page)
    expected = f"sha256:{hashlib.sha256(b'dropped').hexdigest()}"
    assert client.get(stream).exhibit.sha256 == expected


def test_two_dropped_files_are_refused(page: Page, address: str) -> None:
    page.goto(f"{address}/?lang=zh")
    dropped = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            for (const name of ["1.txt", "2.txt"]) data.items.add(new File(["x"], name));
            return data;
        }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    expect(page.get_by_role("alert")).to_contain_text("一次只能存证一个文件")


def test_without_a_file_nothing_is_sent_and_the_field_is_focused(page: Page, address: str) -> None:
    page.goto(f"{address}/?lang=zh")
    page.get_by_role("button", name="开始存证").click()
    expect(page.get_by_role("alert")).to_contain_text("请先选择一个文件。")
    expect(page.locator("#file")).to_be_focused()


@pytest.mark.parametrize("digests_only", [False, True])
def test_an_empty_file_is_refused_with_what_to_do(
    unlucky_page: Page, address: str, tmp_path: Path, digests_only: bool
) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    choose(unlucky_page, address, empty, digests_only=digests_only)
    unlucky_page.get_by_role("button", name="开始存证").click()
    expect(unlucky_page.get_by_role("alert")).to_contain_text("请确认选对了文件。")
    expect(unlucky_page.get_by_role("button", name="开始存证")).to_be_enabled()


def test_a_file_over_the_limit_is_refused_with_the_way_out(
    unlucky_page: Page, address: str, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    choose(unlucky_page, address, large)
    unlucky_page.get_by_role("button", name="开始存证").click()
    expect(unlucky_page.get_by_role("alert")).to_contain_text("请改用“只存摘要”。")


def test_a_lost_answer_and_a_second_press_make_one_deposit(
    unlucky_page: Page, address: str, exhibit: Path, client: Client
) -> None:
    keys = []

    def lose_the_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    unlucky_page.route("**/v1/deposits?*", lose_the_answer, times=1)
    unlucky_page.on("request", lambda request: keys.append(request.headers.get("idempotency-key")))
    before = client.status()
    choose(unlucky_page, address, exhibit)
    unlucky_page.get_by_role("button", name="开始存证").click()
    expect(unlucky_page.get_by_role("alert")).to_contain_text("不会重复存证")
    submit(unlucky_page)
    after = client.status()
    assert after.log_size + after.pending == before.log_size + before.pending + 1
    assert len({key for key in keys if key}) == 1


@pytest.mark.parametrize("digests_only", [False, True])
def test_a_deposit_under_way_can_be_cancelled(
    unlucky_page: Page, address: str, exhibit: Path, digests_only: bool
) -> None:
    unlucky_page.route("**/v1/deposits*", lambda _: None)
    unlucky_page.route("**/v1/deposits/digests", lambda _: None)
    choose(unlucky_page, address, exhibit, digests_only=digests_only)
    unlucky_page.get_by_role("button", name="开始存证").click()
    expect(unlucky_page.get_by_role("progressbar", name="进度")).to_be_visible()
    unlucky_page.get_by_role("button", name="取消").click()
    expect(unlucky_page.get_by_role("alert")).to_contain_text("已取消，没有存证。")
    expect(unlucky_page.get_by_role("progressbar")).to_be_hidden()


def test_an_unknown_deposit_is_explained(unlucky_page: Page, address: str) -> None:
    unlucky_page.goto(f"{address}/?lang=zh&stream=exhibit:{'f' * 32}")
    expect(unlucky_page.get_by_role("status")).to_contain_text("没有找到这个编号的存证")


def test_an_absent_notary_is_asked_again(
    unlucky_page: Page, address: str, exhibit: Path, client: Client
) -> None:
    stream = client.deposit_file(exhibit).stream
    unlucky_page.route("**/v1/deposits/*", lambda route: route.abort(), times=1)
    unlucky_page.goto(f"{address}/?lang=zh&stream={stream}")
    link = unlucky_page.get_by_role("link", name="下载证据包")
    expect(link).to_be_visible(timeout=READY_TIMEOUT_MS)


def test_the_list_is_in_this_browser_alone_and_can_be_cleared(
    page: Page, browser: Browser, address: str, exhibit: Path
) -> None:
    choose(page, address, exhibit)
    stream = submit(page)
    page.goto(f"{address}/?lang=en")
    mine = page.get_by_role("region", name="Deposits made on this device")
    expect(mine).to_contain_text("in this browser on this device only")
    mine.get_by_role("link", name=exhibit.name).click()
    expect(page.locator('[data-row="stream"] dd')).to_have_text(stream)
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    other.goto(f"{address}/?lang=en")
    expect(other.get_by_role("region", name="Deposits made on this device")).to_be_hidden()
    elsewhere.close()
    page.goto(f"{address}/?lang=en")
    page.get_by_role("button", name="Clear this list").click()
    page.reload()
    expect(page.get_by_role("button", name="Deposit", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Deposits made on this device")).to_be_hidden()


def test_without_script_the_page_says_what_to_do(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/?lang=zh")
    expect(page.get_by_text("本页需要 JavaScript")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    context.close()


def test_a_deposit_is_made_with_the_keyboard_alone(page: Page, address: str, exhibit: Path) -> None:
    # Listening from the start: the dialog may otherwise be open before it is listened to.
    page.on("filechooser", lambda _: None)
    page.goto(f"{address}/?lang=en")
    focus(page, page.locator("#file"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(exhibit)
    focus(page, page.locator("#mode-file"))
    page.keyboard.press("ArrowDown")
    expect(page.locator("#mode-digests")).to_be_checked()
    focus(page, page.get_by_label("Where the file comes from"))
    page.keyboard.type("my own camera")
    focus(page, page.get_by_role("button", name="Deposit", exact=True))
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Download the bundle")
    expect(link).to_be_visible(timeout=READY_TIMEOUT_MS)
    focus(page, link)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".evidence.json")


def focus(page: Page, wanted: object) -> None:
    """Presses Tab until `wanted` has the focus, which must be seen."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):  # type: ignore[attr-defined]
            width = wanted.evaluate("element => getComputedStyle(element).outlineWidth")  # type: ignore[attr-defined]
            assert width == "3px"
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab")


@pytest.fixture(scope="module")
def digest_page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/?lang=zh")
    yield page
    context.close()


def test_the_browsers_digests_are_pythons_for_every_length_around_a_block(
    digest_page: Page,
) -> None:
    found = digest_page.evaluate(
        """async () => {
            const { sha256, sm3 } = await import("/static/digest.js");
            return Array.from({ length: 260 }, (_, length) => {
                const data = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
                return [sha256, sm3].map((algorithm) => {
                    const digest = algorithm();
                    digest.update(data);
                    return digest.finish();
                });
            });
        }"""
    )
    assert found == [
        [hashlib.new(name, content).hexdigest() for name in ("sha256", "sm3")]
        for length in range(260)
        for content in [bytes((i * 7 + length) % 256 for i in range(length))]
    ]


def test_the_browsers_digests_do_not_depend_on_the_pieces(digest_page: Page) -> None:
    found = digest_page.evaluate(
        """async () => {
            const { sha256, sm3 } = await import("/static/digest.js");
            const data = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
            return [1, 13, 63, 64, 65, 127, 128, 4999].map((piece) =>
                [sha256, sm3].map((algorithm) => {
                    const digest = algorithm();
                    for (let at = 0; at < data.length; at += piece) {
                        digest.update(data.subarray(at, at + piece));
                    }
                    return digest.finish();
                }));
        }"""
    )
    content = bytes(i % 251 for i in range(5000))
    expected = [hashlib.new(name, content).hexdigest() for name in ("sha256", "sm3")]
    assert found == [expected] * 8


def test_a_length_above_four_gigabits_is_encoded_whole(digest_page: Page) -> None:
    size = 512 * 2**20 + 3
    found = digest_page.evaluate(
        """async (size) => {
            const { sm3 } = await import("/static/digest.js");
            const digest = sm3();
            const piece = new Uint8Array(2 ** 20);
            for (let left = size; left > 0; left -= piece.length) {
                digest.update(piece.subarray(0, Math.min(left, piece.length)));
            }
            return digest.finish();
        }""",
        size,
    )
    expected = hashlib.new("sm3")
    for _ in range(512):
        expected.update(bytes(2**20))
    expected.update(bytes(3))
    assert found == expected.hexdigest()
