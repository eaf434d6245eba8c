"""Whatever a stranger uploads to the verifier is answered by a report or refused in words."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.bundle import MAX_BUNDLE_BYTES
from evidence.canonical import encode_canonical
from evidence.digests import measure_chunks
from tests.integration.bad_input.cases import CHUNKED, LAST_CHUNK, get
from tests.integration.bad_input.raw import Answer, Request, chunked, send, send_part
from tests.integration.serving import served
from verifier.app import create_app
from verifier.report import report_json
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle

VECTORS = Path(__file__).parents[2] / "vectors"
SAMPLE = VECTORS / "one_validator"
BUNDLE = (SAMPLE / "bundle.evidence.json").read_bytes()
EXHIBIT = (SAMPLE / "exhibit.bin").read_bytes()
MAX_EXHIBIT_BYTES = 1_000_000
NOW = datetime(2026, 2, 28, tzinfo=UTC)
BOUNDARY = "XXXX"
FORM = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
END = f"--{BOUNDARY}--\r\n".encode()


def part(field: str, content: bytes, disposition: str = '; filename="x"') -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{disposition}\r\n\r\n'
    return head.encode("latin-1") + content + b"\r\n"


def form(*parts: bytes) -> Request:
    return Request(target="/v1/verify", headers=(FORM,), body=b"".join(parts) + END)


def body(raw: bytes, *headers: tuple[str, str]) -> Request:
    return Request(target="/v1/verify", headers=headers or (FORM,), body=raw)


WHOLE = part("bundle", BUNDLE) + part("exhibit", EXHIBIT) + END

REFUSED = {
    "nothing": (body(b""), "form-malformed"),
    "no form": (body(BUNDLE, ("Content-Type", "application/json")), "form-expected"),
    "no type": (body(BUNDLE, ("Accept", "*/*")), "form-expected"),
    "another form": (
        body(b"bundle=x", ("Content-Type", "application/x-www-form-urlencoded")),
        "form-expected",
    ),
    "no boundary": (body(WHOLE, ("Content-Type", "multipart/form-data")), "form-malformed"),
    "another boundary": (
        body(WHOLE, ("Content-Type", "multipart/form-data; boundary=YYYY")),
        "form-malformed",
    ),
    "boundary not ASCII": (
        body(WHOLE, ("Content-Type", "multipart/form-data; boundary=\xff")),
        "form-malformed",
    ),
    "boundary of 100,000 characters": (
        body(WHOLE, ("Content-Type", "multipart/form-data; boundary=" + "x" * 100_000)),
        "form-malformed",
    ),
    "no end": (body(part("bundle", BUNDLE)), "form-malformed"),
    "cut within the head": (body(WHOLE[:30]), "form-malformed"),
    "cut within the bundle": (body(WHOLE[:3_000]), "form-malformed"),
    "cut within the end": (body(WHOLE[:-4]), "form-malformed"),
    "part without a name": (
        body(f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n".encode() + END),
        "form-malformed",
    ),
    "part without a head": (body(f"--{BOUNDARY}\r\n\r\nx\r\n".encode() + END), "form-malformed"),
    "head that is none": (
        body(f"--{BOUNDARY}\r\n\0\xff\r\n\r\nx\r\n".encode() + END),
        "form-malformed",
    ),
    "no fields": (form(), "bundle-missing"),
    "exhibit alone": (form(part("exhibit", EXHIBIT)), "bundle-missing"),
    "bundle as text": (form(part("bundle", BUNDLE[:1000], "")), "bundle-missing"),
    "bundle without a file name": (form(part("bundle", BUNDLE, '; filename=""')), "bundle-missing"),
    "bundle under another name": (form(part("Bundle", BUNDLE)), "bundle-missing"),
    "three files": (form(*[part("bundle", BUNDLE)] * 3), "form-malformed"),
    "a hundred fields": (form(*[part("x", b"", "")] * 100), "form-malformed"),
    "a field of two megabytes": (form(part("x", bytes(2_000_000), "")), "form-malformed"),
    "announced too large": (body(b"", FORM, ("Content-Length", "9" * 15)), "exhibit-too-large"),
    "too large in chunks": (
        body(
            chunked(part("exhibit", bytes(MAX_EXHIBIT_BYTES + MAX_BUNDLE_BYTES + 2**17)))
            + LAST_CHUNK,
            FORM,
            CHUNKED,
        ),
        "exhibit-too-large",
    ),
}

NO_BUNDLES = {
    "empty": b"",
    "text": b"bundle",
    "binary": bytes(range(256)),
    "null": b"null",
    "a number": b"9" * 100_000,
    "nested": b"[" * 1_000_000,
    "nested objects": b'{"a":' * 200_000,
    "an object": b"{}",
    "another type": b'{"type":"x"}',
    "not canonical": json.dumps(json.loads(BUNDLE), indent=1).encode(),
    "UTF-16": BUNDLE.decode().encode("utf-16"),
    "twice": BUNDLE * 2,
    "half": BUNDLE[: len(BUNDLE) // 2],
    "of the largest size": b"[" + b"0," * (MAX_BUNDLE_BYTES // 2 - 1) + b"0",
    "too large": b" " * (MAX_BUNDLE_BYTES + 1),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = create_app(SAMPLE / "trust.json", clock=lambda: NOW, max_exhibit_bytes=MAX_EXHIBIT_BYTES)
    with served(app) as url:
        yield url


def require_refused(answer: Answer, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json", answer
    problem = answer.json
    assert problem["code"] == code
    assert answer.status == problem["status"]
    assert 400 <= answer.status < 500
    assert problem["detail"]
    assert b"Traceback" not in answer.body
    assert b'File "' not in answer.body


def report_of(answer: Answer) -> dict[str, object]:
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    report = answer.json
    assert report["type"] == "zhenglian/report/v1"
    return dict(report)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_form_of_a_verification_is_refused(url: str, name: str) -> None:
    request, code = REFUSED[name]
    require_refused(send(url, request), code)


def test_the_neighbour_passes(url: str) -> None:
    assert report_of(send(url, body(WHOLE)))["status"] == "PASSED"
    fields = [part("x", b"", "")] * 8
    whole = form(*fields, part("bundle", BUNDLE), part("exhibit", EXHIBIT))
    assert report_of(send(url, whole))["status"] == "PASSED"


def test_without_the_exhibit_the_report_is_indeterminate(url: str) -> None:
    assert report_of(send(url, form(part("bundle", BUNDLE))))["status"] == "INDETERMINATE"
    unchosen = part("exhibit", b"", '; filename=""')
    report = report_of(send(url, form(part("bundle", BUNDLE), unchosen)))
    assert report["status"] == "INDETERMINATE"


@pytest.mark.parametrize("exhibit", [b"", b"x", EXHIBIT[:-1], EXHIBIT + b"\0", bytes(900_000)])
def test_another_exhibit_is_a_failed_report(url: str, exhibit: bytes) -> None:
    request = form(part("bundle", BUNDLE), part("exhibit", exhibit))
    assert report_of(send(url, request))["status"] == "FAILED"


@pytest.mark.parametrize("name", NO_BUNDLES)
def test_what_is_no_bundle_is_a_report_that_says_so(url: str, name: str) -> None:
    report = report_of(send(url, form(part("bundle", NO_BUNDLES[name]), part("exhibit", EXHIBIT))))
    assert report["status"] in ("FAILED", "INDETERMINATE")
    findings = report["findings"]
    assert isinstance(findings, list)
    assert findings[0]["name"] == "bundle"
    assert findings[0]["reason"] in (
        "bundle_malformed",
        "bundle_too_large",
        "bundle_version_unknown",
    )


def test_every_kind_of_damage_is_reported_as_the_offline_verifier_does(url: str) -> None:
    trust = parse_trust_root((SAMPLE / "trust.json").read_bytes())
    for vector in sorted(path for path in VECTORS.iterdir() if path.is_dir()):
        bundle, exhibit = (vector / "bundle.evidence.json").read_bytes(), vector / "exhibit.bin"
        content = exhibit.read_bytes() if exhibit.exists() else EXHIBIT
        expected = verify_bundle(bundle, trust, exhibit=measure_chunks([content]), now=NOW)
        report = report_of(send(url, form(part("bundle", bundle), part("exhibit", content))))
        assert report == json.loads(encode_canonical(report_json(expected))), vector.name


def test_the_page_answers_the_same_refusals_in_words(url: str) -> None:
    for name, (request, _) in REFUSED.items():
        page = send(url, Request(target="/?lang=en", headers=request.headers, body=request.body))
        assert 400 <= page.status < 500, name
        assert page.headers["content-type"].startswith("text/html"), name
        assert b"Traceback" not in page.body


@pytest.mark.parametrize(
    "file_name", ["../../x", "a" * 1_000, "\xff\xfe", "x%00y", "\u202e".encode().decode("latin-1")]
)
def test_the_name_of_a_file_means_nothing(url: str, file_name: str) -> None:
    disposition = f'; filename="{file_name}"'
    request = form(part("bundle", BUNDLE, disposition), part("exhibit", EXHIBIT, disposition))
    assert report_of(send(url, request))["status"] == "PASSED"


def test_an_upload_that_breaks_off_harms_nobody(url: str) -> None:
    for request in (
        body(WHOLE[:-10], FORM, ("Content-Length", str(len(WHOLE)))),
        body(chunked(WHOLE[:-10]), FORM, CHUNKED),
        body(b"", FORM, ("Content-Length", "100")),
    ):
        assert send_part(url, request).status in (0, 400)
    assert report_of(send(url, body(WHOLE)))["status"] == "PASSED"


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v1/verify", 405),
        ("PUT", "/v1/verify", 405),
        ("DELETE", "/", 405),
        ("GET", "/nope", 404),
        ("GET", "/%00", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/..%2f..%2fapp.py", 404),
        ("GET", "/static/%00", 404),
        ("GET", "/static/" + "a" * 5_000, 404),
    ],
)
def test_a_bad_address_is_refused(url: str, method: str, target: str, status: int) -> None:
    answer = send(url, Request(method=method, target=target))
    require_refused(answer, "not-found" if status == 404 else "method-not-allowed")
    assert answer.status == status


@pytest.mark.parametrize("languages", ["", "zh;q=nan", ",;q=", "\xff;;q=1", "," * 20_000])
def test_the_page_answers_in_some_language(url: str, languages: str) -> None:
    answer = send(url, get("/?lang=%00", ("Accept-Language", languages)))
    assert answer.status == 200


pieces = st.sampled_from(
    [WHOLE, part("bundle", BUNDLE[:200]), part("x", b"", ""), END]
) | st.binary(max_size=60)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raw=st.lists(pieces, max_size=4).map(b"".join))
def test_a_generated_form_is_answered(url: str, raw: bytes) -> None:
    answer = send(url, body(raw))
    if answer.status == 200:
        assert report_of(answer)["status"] in ("PASSED", "FAILED", "INDETERMINATE")
    else:
        require_refused(answer, answer.json["code"])
