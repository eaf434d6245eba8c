import json
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from evidence.bundle import MAX_BUNDLE_BYTES
from evidence.canonical import encode_canonical
from verifier.app import HEADERS, create_app
from verifier.errors import TrustError
from verifier.problems import PROBLEMS
from verifier.trust import encode_trust_root, parse_trust_root
from verifier.upload import FORM_OVERHEAD_BYTES

VECTORS = Path(__file__).parents[2] / "vectors"
PASSED = VECTORS / "one_validator"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAX_EXHIBIT_BYTES = 2**20
BUNDLE = (PASSED / "bundle.evidence.json").read_bytes()
EXHIBIT = (PASSED / "exhibit.bin").read_bytes()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = create_app(PASSED / "trust.json", clock=lambda: NOW, max_exhibit_bytes=MAX_EXHIBIT_BYTES)
    with TestClient(app) as client:
        yield client


def files(bundle: bytes = BUNDLE, exhibit: bytes | None = EXHIBIT) -> dict[str, Any]:
    chosen = {"bundle": ("deposit.evidence.json", bundle)}
    return chosen if exhibit is None else {**chosen, "exhibit": ("photo.jpg", exhibit)}


def expect_problem(response: Any, status: int, code: str) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["type"] == f"urn:zhenglian:problem:{code}"
    assert (document["status"], document["code"]) == (status, code)
    assert document["title"] == PROBLEMS[code][1]
    return str(document["detail"])


def test_report_is_that_of_the_vector_and_canonical(client: TestClient) -> None:
    response = client.post("/v1/verify", files=files())
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    report = response.json()
    assert encode_canonical(report) == response.content
    for finding in report["findings"]:
        assert finding.pop("detail")
    assert report == json.loads((PASSED / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("form", "status", "reason"),
    [
        (files(exhibit=None), "INDETERMINATE", "exhibit_not_given"),
        (files(exhibit=EXHIBIT + b"!"), "FAILED", "exhibit_differs"),
        (files(exhibit=b""), "FAILED", "exhibit_differs"),
        (files(b""), "FAILED", "bundle_malformed"),
        (files(b"\xff\xd8photo"), "FAILED", "bundle_malformed"),
        (files(BUNDLE.replace(b"bundle/v1", b"bundle/v9")), "INDETERMINATE", None),
        (files(b" " * (MAX_BUNDLE_BYTES + 1)), "FAILED", "bundle_too_large"),
    ],
)
def test_report_is_answered_whatever_it_says(
    client: TestClient, form: dict[str, Any], status: str, reason: str | None
) -> None:
    response = client.post("/v1/verify", files=form)
    assert response.status_code == 200
    report = response.json()
    assert report["status"] == status
    reasons = [finding["reason"] for finding in report["findings"]]
    assert (reason or "bundle_version_unknown") in reasons


def test_moment_of_verification_is_that_of_the_clock() -> None:
    early = create_app(PASSED / "trust.json", clock=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    with TestClient(early) as client:
        report = client.post("/v1/verify", files=files()).json()
    assert "times_contradict" in [finding["reason"] for finding in report["findings"]]


def test_form_without_bundle_is_a_problem(client: TestClient) -> None:
    exhibit = {"exhibit": ("photo.jpg", EXHIBIT)}
    text = {"bundle": (None, "a field and no file")}
    nameless = {"bundle": ("", BUNDLE)}
    for form in (exhibit, text, nameless):
        response = client.post("/v1/verify", files=form)
        expect_problem(response, 422, "bundle-missing")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "text/html", ""]
)
def test_request_that_is_no_form_is_a_problem(client: TestClient, kind: str) -> None:
    response = client.post("/v1/verify", content=BUNDLE, headers={"content-type": kind})
    expect_problem(response, 415, "form-expected")


def multipart(body: bytes, boundary: str = "b") -> dict[str, Any]:
    kind = "multipart/form-data" + (f"; boundary={boundary}" if boundary else "")
    return {"content": body, "headers": {"content-type": kind}}


PART = b'--b\r\nContent-Disposition: form-data; name="bundle"; filename="b"\r\n\r\n{}\r\n'


def test_form_must_come_to_its_end(client: TestClient) -> None:
    assert client.post("/v1/verify", **multipart(PART + b"--b--\r\n")).status_code == 200
    for body in (b"", PART, PART[:-4], PART[:20], b"nonsense", PART + b"--b"):
        expect_problem(client.post("/v1/verify", **multipart(body)), 400, "form-malformed")
    response = client.post("/v1/verify", **multipart(PART, boundary=""))
    expect_problem(response, 400, "form-malformed")


def test_surplus_files_and_fields_are_a_problem(client: TestClient) -> None:
    more = [("bundle", ("b", b"{}")), ("exhibit", ("e", b"e")), ("exhibit", ("f", b"f"))]
    expect_problem(client.post("/v1/verify", files=more), 400, "form-malformed")
    fields = {f"f{n}": "x" for n in range(20)}
    response = client.post("/v1/verify", files=files(), data=fields)
    expect_problem(response, 400, "form-malformed")


def test_upload_over_the_limit_is_a_problem_announced_or_not(client: TestClient) -> None:
    limit = MAX_EXHIBIT_BYTES + MAX_BUNDLE_BYTES + FORM_OVERHEAD_BYTES
    largest = client.post("/v1/verify", files=files(exhibit=bytes(MAX_EXHIBIT_BYTES)))
    assert largest.json()["status"] == "FAILED"
    response = client.post("/v1/verify", files=files(exhibit=bytes(limit + 1)))
    expect_problem(response, 413, "exhibit-too-large")

    def unannounced() -> Iterator[bytes]:
        yield PART.removesuffix(b"\r\n")
        for _ in range(limit // 2**20 + 1):
            yield bytes(2**20)

    request = multipart(b"")
    response = client.post("/v1/verify", content=unannounced(), headers=request["headers"])
    assert "the command line" in expect_problem(response, 413, "exhibit-too-large")


def test_nothing_uploaded_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with TestClient(create_app(PASSED / "trust.json")) as client:
        # Larger than what is held in memory, hence spooled to the disk.
        client.post("/v1/verify", files=files(exhibit=bytes(3 * 2**20)))
        client.post("/", files=files(exhibit=bytes(3 * 2**20)))
        client.post("/v1/verify", **multipart(PART[:-6] + bytes(3 * 2**20)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/static/look.css", 200),
        ("GET", "/static/verifier.css", 200),
        ("GET", "/static/verifier.js", 200),
        ("GET", "/static/icon.svg", 200),
        ("GET", "/v1/trust-root", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/v1/verify", 405),
        ("POST", "/", 415),
    ],
)
def test_every_answer_has_the_security_headers(
    client: TestClient, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]


def test_refusals_of_the_framework_are_problems_too(client: TestClient) -> None:
    expect_problem(client.get("/nowhere"), 404, "not-found")
    response = client.get("/v1/verify")
    expect_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "POST"


def test_failure_of_our_own_shows_no_stack_trace() -> None:
    def broken() -> datetime:
        raise RuntimeError("secret")

    app = create_app(PASSED / "trust.json", clock=broken)
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.post("/v1/verify", files=files())
    expect_problem(response, 500, "internal-error")
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_trust_root_is_shown(client: TestClient) -> None:
    trust = parse_trust_root((PASSED / "trust.json").read_bytes())
    assert client.get("/v1/trust-root").content == encode_trust_root(trust)


def test_service_is_not_ready_without_room_for_uploads(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "assurance": "sandbox"}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    expect_problem(client.get("/readyz"), 503, "not-ready")
    assert client.get("/healthz").status_code == 200


def test_application_does_not_start_from_a_malformed_trust_root(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_bytes(b"{}")
    for name in ("trust.json", "missing.json"):
        with pytest.raises(TrustError):
            create_app(tmp_path / name)


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "zh-CN"),
        ("", "fr", "zh-CN"),
        ("", "en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("", "en;q=0.2, zh-TW;q=0.7", "zh-CN"),
        ("", "en;q=nonsense, ;;,", "zh-CN"),
        ("?lang=en", "zh", "en"),
        ("?lang=zh", "en", "zh-CN"),
        ("?lang=<script>", "en", "zh-CN"),
    ],
)
def test_page_is_in_the_readers_language(
    client: TestClient, query: str, accept: str, language: str
) -> None:
    response = client.get("/" + query, headers={"accept-language": accept})
    assert response.headers["content-language"] == language
    assert f'<html lang="{language}">' in response.text
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    ("query", "conclusion"), [("?lang=zh", "核验一致"), ("?lang=en", "Verified: matches")]
)
def test_page_shows_the_result_without_any_script(
    client: TestClient, query: str, conclusion: str
) -> None:
    response = client.post("/" + query, files=files())
    assert response.status_code == 200
    assert conclusion in response.text
    assert "sha256:" in response.text


def test_page_asks_for_the_bundle_it_was_not_given(client: TestClient) -> None:
    # As a browser sends a form in which nothing was chosen.
    empty = {"bundle": ("", b""), "exhibit": ("", b"")}
    response = client.post("/?lang=zh", files=empty)
    assert response.status_code == 422
    assert "请先选择证据包" in response.text
    assert 'role="alert"' in response.text


def test_page_without_a_chosen_exhibit_verifies_the_bundle(client: TestClient) -> None:
    form = {"bundle": ("b", BUNDLE), "exhibit": ("", b"")}
    assert "证据包本身通过核验，但没有提交文件" in client.post("/?lang=zh", files=form).text


def test_every_page_carries_the_mark_of_the_sandbox(client: TestClient, tmp_path: Path) -> None:
    pages = [client.get("/"), client.post("/", files=files()), client.post("/")]
    assert all("沙箱演示" in page.text for page in pages)
    production = (PASSED / "trust.json").read_text("utf-8").replace("sandbox", "production")
    (tmp_path / "trust.json").write_text(production, "utf-8")
    with TestClient(create_app(tmp_path / "trust.json")) as other:
        pages = [other.get("/"), other.post("/", files=files()), other.post("/")]
    assert not any("沙箱" in page.text for page in pages)


def test_text_of_a_stranger_is_escaped_on_the_page(client: TestClient) -> None:
    hostile = json.loads(BUNDLE)
    hostile["log"] = "<img/src=x>"
    page = client.post("/?lang=en", files=files(encode_canonical(hostile))).text
    assert "&lt;img/src=x&gt;" in page
    assert "<img" not in page


def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(client: TestClient) -> None:
    for page in (client.get("/").text, client.post("/", files=files()).text):
        assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=|javascript:|https?://", page)
        assert page.count("<h1") == 1
