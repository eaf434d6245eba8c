"""The pages as the server sends them: language, warning, headers, static files."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from notary.web import routes
from verifier.trust import Assurance

STREAM = "exhibit:" + "0" * 32


def client_of(assurance: Assurance) -> TestClient:
    app = FastAPI()
    app.include_router(routes.router)
    app.dependency_overrides[routes.shown_assurance] = lambda: assurance
    return TestClient(app)


@pytest.fixture
def client() -> TestClient:
    return client_of(Assurance.SANDBOX)


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/?lang=zh", "<h1>存证一个文件</h1>"),
        ("/?lang=en", "<h1>Deposit a file</h1>"),
        (f"/?lang=zh&stream={STREAM}", "<h1>存证状态</h1>"),
        (f"/?lang=en&stream={STREAM}", "<h1>State of the deposit</h1>"),
    ],
)
def test_each_page_comes_in_each_language(client: TestClient, path: str, heading: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert heading in answer.text
    assert answer.headers["content-language"] in answer.text.split("<head>")[0]


def test_a_page_nobody_asked_for_by_language_comes_in_the_readers(client: TestClient) -> None:
    for accepted, language in (("en-GB", "en"), ("zh", "zh-CN"), ("fr", "zh-CN")):
        answer = client.get("/", headers={"Accept-Language": accepted})
        assert answer.headers["content-language"] == language


def test_the_other_language_is_offered_for_the_same_deposit(client: TestClient) -> None:
    page = client.get(f"/?lang=zh&stream={STREAM}").text
    assert f'href="/?lang=en&amp;stream={STREAM}"'.replace("exhibit:", "exhibit%3A") in page


def test_a_sandbox_says_so_and_a_production_notary_does_not(client: TestClient) -> None:
    assert "不构成独立证据" in client.get("/?lang=zh").text
    assert "no independent evidence" in client.get("/?lang=en").text
    production = client_of(Assurance.PRODUCTION)
    assert "不构成独立证据" not in production.get("/?lang=zh").text


def test_what_a_stream_id_holds_cannot_become_markup(client: TestClient) -> None:
    page = client.get("/", params={"stream": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("path", ["/", f"/?stream={STREAM}", "/static/form.js"])
def test_nothing_may_frame_the_pages_or_feed_them_scripts(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_page_carries_script_or_style_of_its_own(client: TestClient) -> None:
    for path in ("/", f"/?stream={STREAM}"):
        page = client.get(path).text
        assert page.count("<script") == 2
        assert '<script type="application/json" id="words">' in page
        assert '<script type="module" src="/static/' in page
        assert "<style" not in page
        assert " style=" not in page
        assert "http://" not in page
        assert "https://" not in page


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("notary.css", "text/css"),
        ("look.css", "text/css"),
        ("form.js", "text/javascript"),
        ("deposit.js", "text/javascript"),
        ("digest-worker.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_static_files_are_kept_and_asked_about(
    client: TestClient, name: str, media_type: str
) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["absent.js", "..%2Froutes.py", "%2e%2e%2ftexts.py", "..%2Ftemplates%2Fbase.html"]
)
def test_nothing_but_static_files_is_handed_out(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_page_is_not_kept_by_caches(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["cache-control"] == "no-store"
    assert "accept-language" in headers["vary"].lower()
