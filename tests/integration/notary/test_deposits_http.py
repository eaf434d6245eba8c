from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from evidence.digests import digests_of, measure_chunks
from notary.app import create_app
from notary.settings import Settings
from verifier.report import Status
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle

Anchored = Callable[[TestClient, str], dict[str, Any]]

UNKNOWN = "/v1/deposits/exhibit:" + 32 * "0"


def digests_body(content: bytes, **more: object) -> dict[str, object]:
    return {"digests": digests_of(content).texts(), "size_bytes": len(content), **more}


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert problem["type"] == f"urn:zhenglian:problem:{code}"
    return problem


def test_a_file_is_deposited_anchored_and_proved_to_a_stranger(
    shared_client: TestClient, anchored: Anchored
) -> None:
    content = "第一份合同".encode() * 1000
    answer = shared_client.post(
        "/v1/deposits",
        params={"file_name": "合同.txt", "media_type": "text/plain", "note": "甲方"},
        content=content,
    )
    view = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == view["links"]["self"]
    assert (view["state"], view["mode"], view["assurance"]) == ("acknowledged", "FILE", "sandbox")
    assert view["exhibit"] == digests_body(content)
    assert view["cid"] == measure_chunks([content]).cid
    assert view["waiting_for"] is not None

    later = anchored(shared_client, view["links"]["self"])
    assert later["waiting_for"] is None
    assert later["existed_by"] is not None
    assert later["entries"][0]["index"] is not None
    assert later["acknowledgement"] == view["acknowledgement"]

    bundle = shared_client.get(view["links"]["bundle"])
    assert bundle.headers["content-type"] == "application/vnd.zhenglian.bundle+json"
    name = view["stream"].removeprefix("exhibit:") + ".evidence.json"
    assert bundle.headers["content-disposition"] == f'attachment; filename="{name}"'
    trust = parse_trust_root(shared_client.get("/v1/trust-root").content)
    report = verify_bundle(bundle.content, trust, exhibit=measure_chunks([content]))
    assert report.status is Status.PASSED
    forged = verify_bundle(bundle.content, trust, exhibit=measure_chunks([content + b"!"]))
    assert forged.status is Status.FAILED


def test_digests_are_deposited_and_the_original_follows(
    shared_client: TestClient, anchored: Anchored
) -> None:
    created = shared_client.post("/v1/deposits/digests", json=digests_body(b"content", note="摘要"))
    view = created.json()
    assert created.status_code == 201
    assert (view["mode"], view["cid"]) == ("DIGESTS", None)
    anchored(shared_client, view["links"]["self"])
    before = shared_client.get(view["links"]["bundle"]).content

    added = shared_client.post(view["links"]["self"] + "/original", content=b"content")
    assert added.status_code == 201
    assert [entry["event"] for entry in added.json()["entries"]] == ["DEPOSITED", "ORIGINAL_ADDED"]
    assert added.json()["cid"] == measure_chunks([b"content"]).cid
    anchored(shared_client, view["links"]["self"])

    trust = parse_trust_root(shared_client.get("/v1/trust-root").content)
    exhibit = measure_chunks([b"content"])
    for bundle in (before, shared_client.get(view["links"]["bundle"]).content):
        assert verify_bundle(bundle, trust, exhibit=exhibit).status is Status.PASSED


def test_the_announced_digests_are_compared(shared_client: TestClient) -> None:
    sha256, sm3 = digests_of(b"content").texts()
    good = shared_client.post("/v1/deposits", params={"expect": [sha256, sm3]}, content=b"content")
    assert good.status_code == 201
    bad = shared_client.post("/v1/deposits", params={"expect": [sha256]}, content=b"Content")
    problem = refused(bad, 422, "digest-mismatch")
    assert problem["expected"] == [sha256]
    assert problem["found"] == digests_of(b"Content").texts()


def test_an_empty_exhibit_is_refused(shared_client: TestClient) -> None:
    refused(shared_client.post("/v1/deposits", content=b""), 422, "exhibit-empty")
    assert shared_client.post("/v1/deposits", content=b"\0").status_code == 201


def test_an_exhibit_above_the_limit_is_refused(settings: Settings) -> None:
    limited = settings.model_copy(update={"max_exhibit_bytes": 3})
    with TestClient(create_app(limited)) as client:
        assert client.post("/v1/deposits", content=b"abc").status_code == 201
        refused(client.post("/v1/deposits", content=b"abcd"), 413, "exhibit-too-large")
        chunked = client.post("/v1/deposits", content=iter([b"ab", b"cd"]))
        refused(chunked, 413, "exhibit-too-large")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("file_name=..%2Fpasswd", "file_name"),
        ("file_name=a%5Cb", "file_name"),
        ("file_name=a%00b", "file_name"),
        ("file_name=" + 256 * "a", "file_name"),
        ("file_name=%FF%FE", "file_name"),
        ("file_name=%ED%A0%80", "file_name"),
        ("file_name=a&file_name=b", "file_name"),
        ("media_type=text", "media_type"),
        ("note=" + 2001 * "n", "note"),
        ("source=" + 2001 * "s", "source"),
        ("claimed_at=yesterday", "claimed_at"),
        ("confidentiality=HIDDEN", "confidentiality"),
        ("role=JUDGE", "role"),
        ("expect=md5:00", "expect.0"),
        ("unknown=1", "unknown"),
    ],
)
def test_a_parameter_outside_its_form_is_refused_by_name(
    shared_client: TestClient, query: str, field: str
) -> None:
    answer = shared_client.post(f"/v1/deposits?{query}", content=b"x")
    assert refused(answer, 422, "invalid-field")["field"] == field


def test_every_parameter_in_its_form_is_accepted(shared_client: TestClient) -> None:
    parameters = {
        "file_name": "a b (1)…合同.pdf",
        "media_type": "application/pdf",
        "note": "",
        "source": "https://example.org/?a=1&b=2",
        "claimed_at": "2026-01-31T16:00:00+08:00",
        "confidentiality": "SECRET",
        "role": "AGENT",
    }
    assert shared_client.post("/v1/deposits", params=parameters, content=b"x").status_code == 201


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Content-Type": "multipart/form-data; boundary=x"}, "Content-Type"),
        ({"Content-Encoding": "gzip"}, "Content-Encoding"),
        ({"Idempotency-Key": ""}, "Idempotency-Key"),
        ({"Idempotency-Key": "a b"}, "Idempotency-Key"),
        ({"Idempotency-Key": 256 * "k"}, "Idempotency-Key"),
    ],
)
def test_a_header_outside_its_form_is_refused_by_name(
    shared_client: TestClient, headers: dict[str, str], field: str
) -> None:
    answer = shared_client.post("/v1/deposits", headers=headers, content=b"x")
    assert refused(answer, 422, "invalid-field")["field"] == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"digests": ["sha256:00"]}, "digests"),
        ({"digests": list(reversed(digests_of(b"x").texts()))}, "digests"),
        ({"digests": None}, "digests"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": "1"}, "size_bytes"),
        ({"size_bytes": True}, "size_bytes"),
        ({"file_name": "a/b"}, "file_name"),
        ({"more": 1}, "more"),
    ],
)
def test_a_member_outside_its_form_is_refused_by_name(
    shared_client: TestClient, change: dict[str, object], field: str
) -> None:
    assert shared_client.post("/v1/deposits/digests", json=digests_body(b"x")).status_code == 201
    answer = shared_client.post("/v1/deposits/digests", json=digests_body(b"x", **change))
    assert refused(answer, 422, "invalid-field")["field"] == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"digests":[],"digests":[]}',
        b'"\xff"',
        b'{"a":"' + 70_000 * b"a" + b'"}',
    ],
)
def test_a_body_that_is_no_json_object_of_ours_is_refused(
    shared_client: TestClient, body: bytes
) -> None:
    refused(shared_client.post("/v1/deposits/digests", content=body), 422, "invalid-field")


def test_a_repeated_request_has_the_same_answer_and_one_deposit(shared_client: TestClient) -> None:
    headers = {"Idempotency-Key": "order-4711"}
    first = shared_client.post("/v1/deposits?note=n", headers=headers, content=b"content")
    second = shared_client.post("/v1/deposits?note=n", headers=headers, content=b"content")
    assert first.status_code == second.status_code == 201
    assert first.json()["stream"] == second.json()["stream"]
    assert first.json()["acknowledgement"] == second.json()["acknowledgement"]
    other = shared_client.post("/v1/deposits?note=other", headers=headers, content=b"content")
    refused(other, 409, "idempotency-conflict")
    other = shared_client.post("/v1/deposits?note=n", headers=headers, content=b"other")
    refused(other, 409, "idempotency-conflict")
    other = shared_client.post(
        "/v1/deposits/digests", headers=headers, json=digests_body(b"content")
    )
    refused(other, 409, "idempotency-conflict")


def test_an_original_that_does_not_fit_is_refused(shared_client: TestClient) -> None:
    stream = shared_client.post("/v1/deposits/digests", json=digests_body(b"content")).json()[
        "stream"
    ]
    path = f"/v1/deposits/{stream}/original"
    problem = refused(shared_client.post(path, content=b"Content"), 422, "original-differs")
    assert problem["expected"] == digests_of(b"content").texts()
    assert problem["found"] == digests_of(b"Content").texts()
    assert shared_client.post(path, content=b"content").status_code == 201
    refused(shared_client.post(path, content=b"content"), 409, "event-not-allowed")


def test_a_repeated_original_has_the_same_answer(shared_client: TestClient) -> None:
    stream = shared_client.post("/v1/deposits/digests", json=digests_body(b"content")).json()[
        "stream"
    ]
    path, headers = f"/v1/deposits/{stream}/original", {"Idempotency-Key": "k"}
    answers = [shared_client.post(path, headers=headers, content=b"content") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["acknowledgement"] == answers[1].json()["acknowledgement"]


def test_a_file_deposit_takes_no_original(shared_client: TestClient) -> None:
    path = shared_client.post("/v1/deposits", content=b"content").json()["links"]["self"]
    refused(shared_client.post(f"{path}/original", content=b"content"), 409, "event-not-allowed")


@pytest.mark.parametrize("path", [UNKNOWN, UNKNOWN + "/bundle", "/v1/deposits/nonsense"])
def test_an_unknown_deposit_is_not_found(shared_client: TestClient, path: str) -> None:
    refused(shared_client.get(path), 404, "deposit-unknown")


def test_an_original_of_an_unknown_deposit_is_not_found(shared_client: TestClient) -> None:
    refused(shared_client.post(UNKNOWN + "/original", content=b"x"), 404, "deposit-unknown")


def test_the_interface_describes_itself(shared_client: TestClient) -> None:
    paths = shared_client.get("/openapi.json").json()["paths"]
    assert {"/v1/deposits", "/v1/deposits/{stream}/bundle", "/v1/trust-root"} <= set(paths)
    query = {parameter["name"] for parameter in paths["/v1/deposits"]["post"]["parameters"]}
    assert {"file_name", "expect", "Idempotency-Key"} <= query
