"""Whatever a stranger sends to a notary is refused in words, or does exactly what it says.

Real requests over a real socket. Each refused one is a problem document of the right status and
leaves no entry; each stands beside a neighbour that is good and is accepted.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evidence.digests import digests_of
from notary.app import create_app
from notary.problems import PROBLEMS
from notary.settings import Settings
from tests.integration.bad_input.cases import (
    ACCEPTED,
    BROKEN_OFF,
    BY_DIGESTS,
    DEPOSITS,
    DIGESTS,
    GOOD,
    LIMIT_BYTES,
    NO_REQUESTS,
    REFUSED_ADDRESSES,
    REFUSED_BODIES,
    REFUSED_UPLOADS,
    SOME_DIGEST,
    by_digests,
    get,
    keyed,
    named,
    upload,
)
from tests.integration.bad_input.raw import Answer, Request, connect, send, send_part
from tests.integration.serving import served


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notary") / "data"


@pytest.fixture(scope="module")
def url(data_dir: Path) -> Iterator[str]:
    settings = Settings(data_dir=data_dir, max_exhibit_bytes=LIMIT_BYTES)
    with served(create_app(settings)) as url:
        yield url


def recorded(url: str) -> int:
    """How many entries the notary holds."""
    status = send(url, get("/v1/status")).json
    return int(status["anchored_size"] + status["pending"])


def require_refused(url: str, request: Request, code: str, data_dir: Path) -> Answer:
    """The request is refused by a problem of this code, and nothing was recorded."""
    before = recorded(url)
    answer = send(url, request)
    status, title = PROBLEMS[code]
    assert answer.headers["content-type"] == "application/problem+json", answer
    assert answer.status == status, answer
    problem = answer.json
    assert (problem["code"], problem["status"], problem["title"]) == (code, status, title)
    assert problem["type"] == f"urn:zhenglian:problem:{code}"
    assert problem["detail"].endswith(".")
    require_nothing_inner(answer, data_dir)
    assert recorded(url) == before
    assert list((data_dir / "blobs" / "incoming").iterdir()) == []
    return answer


def require_nothing_inner(answer: Answer, data_dir: Path) -> None:
    for inner in (b"Traceback", b'File "', b".py", str(data_dir).encode(), b"SELECT"):
        assert inner not in answer.body


def send_eight_at_once(url: str, request: Request) -> list[Answer]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: send(url, request), range(8)))


@pytest.mark.parametrize("name", REFUSED_UPLOADS)
def test_a_bad_upload_is_refused(url: str, data_dir: Path, name: str) -> None:
    request, code = REFUSED_UPLOADS[name]
    require_refused(url, request, code, data_dir)


@pytest.mark.parametrize("name", REFUSED_BODIES)
def test_a_bad_deposit_of_digests_is_refused(url: str, data_dir: Path, name: str) -> None:
    request = by_digests(REFUSED_BODIES[name])
    require_refused(url, request, "invalid-field", data_dir)


@pytest.mark.parametrize("address", REFUSED_ADDRESSES, ids=lambda text: text[:60])
def test_nothing_is_found_at_a_bad_address(url: str, data_dir: Path, address: str) -> None:
    require_refused(url, get(address), REFUSED_ADDRESSES[address], data_dir)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "GET"])
def test_another_method_is_refused(url: str, data_dir: Path, method: str) -> None:
    request = Request(method=method, target=DEPOSITS)
    answer = require_refused(url, request, "method-not-allowed", data_dir)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_not_http_is_refused_in_one_line(url: str, data_dir: Path, name: str) -> None:
    before = recorded(url)
    answer = send(url, NO_REQUESTS[name])
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (400, "text/plain")
    require_nothing_inner(answer, data_dir)
    assert recorded(url) == before


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_good_neighbour_is_accepted(url: str, name: str) -> None:
    before = recorded(url)
    answer = send(url, ACCEPTED[name])
    assert answer.status == 201, answer
    assert recorded(url) == before + 1


@pytest.mark.parametrize("name", BROKEN_OFF)
def test_an_upload_that_breaks_off_is_not_recorded(url: str, data_dir: Path, name: str) -> None:
    before = recorded(url)
    # Who closed the connection hears no answer.
    assert send_part(url, BROKEN_OFF[name]).status in (0, 400)
    assert send(url, upload(body=name.encode())).status == 201
    assert recorded(url) == before + 1
    incoming = data_dir / "blobs" / "incoming"
    deadline = time.monotonic() + 5
    while list(incoming.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_query_beside_the_body_of_digests_is_refused(url: str, data_dir: Path) -> None:
    request = Request(target=f"{BY_DIGESTS}?confidentiality=SECRET", body=json.dumps(GOOD).encode())
    require_refused(url, request, "invalid-field", data_dir)


def test_a_refusal_names_the_field(url: str, data_dir: Path) -> None:
    fields = {
        upload("role=JUDGE"): "role",
        upload("note=a&note=b"): "note",
        named("%ff"): "file_name",
        named(".%2f."): "file_name",
        keyed("a", "b"): "Idempotency-Key",
        by_digests({**GOOD, "size_bytes": 0}): "size_bytes",
        by_digests({**GOOD, "digests": []}): "digests",
    }
    for request, field in fields.items():
        assert require_refused(url, request, "invalid-field", data_dir).json["field"] == field


def test_a_digest_mismatch_shows_both(url: str, data_dir: Path) -> None:
    request = upload(f"expect={SOME_DIGEST}")
    problem = require_refused(url, request, "digest-mismatch", data_dir).json
    assert problem["expected"] == [SOME_DIGEST]
    assert problem["found"] == DIGESTS


def test_a_key_that_is_used_again_for_something_else_is_a_conflict(
    url: str, data_dir: Path
) -> None:
    first = send(url, upload("", ("Idempotency-Key", "used"), body=b"first"))
    for other in (
        upload("", ("Idempotency-Key", "used"), body=b"second"),
        upload("note=other", ("Idempotency-Key", "used"), body=b"first"),
        by_digests(GOOD, ("Idempotency-Key", "used")),
    ):
        require_refused(url, other, "idempotency-conflict", data_dir)
    before = recorded(url)
    again = send(url, upload("", ("Idempotency-Key", "used"), body=b"first"))
    assert (again.status, again.json["stream"]) == (201, first.json["stream"])
    assert recorded(url) == before


def test_a_key_used_by_many_at_once_makes_one_deposit(url: str) -> None:
    before = recorded(url)
    request = upload("", ("Idempotency-Key", "at-once"), body=b"at once" * 10_000)
    answers = send_eight_at_once(url, request)
    assert [answer.status for answer in answers] == [201] * 8
    assert len({answer.json["stream"] for answer in answers}) == 1
    assert recorded(url) == before + 1


def test_the_original_is_added_once_though_many_bring_it(url: str) -> None:
    content = b"brought by many"
    body = {"digests": digests_of(content).texts(), "size_bytes": len(content)}
    stream = send(url, by_digests(body)).json["stream"]
    before = recorded(url)
    request = Request(target=f"{DEPOSITS}/{stream}/original", body=content)
    answers = send_eight_at_once(url, request)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert recorded(url) == before + 1


def test_another_original_is_refused_and_the_right_one_still_accepted(
    url: str, data_dir: Path
) -> None:
    stream = send(url, by_digests(GOOD)).json["stream"]
    target = f"{DEPOSITS}/{stream}/original"
    wrong = {b"y": "original-differs", b"xx": "original-differs", b"": "exhibit-empty"}
    for content, code in wrong.items():
        require_refused(url, Request(target=target, body=content), code, data_dir)
    assert send(url, Request(target=target, body=b"x")).status == 201
    require_refused(url, Request(target=target, body=b"x"), "event-not-allowed", data_dir)


@pytest.mark.parametrize(
    "languages",
    ["", "zh;q=nan", "en;q=inf, zh;q=-1", ",;,;=", "ÿ;;q=1", "," * 20_000, "en" * 9_000],
    ids=lambda text: text[:20],
)
def test_the_page_answers_in_some_language(url: str, languages: str) -> None:
    answer = send(url, get("/", ("Accept-Language", languages)))
    assert answer.status == 200
    assert answer.headers["content-language"] in ("zh-CN", "zh", "en")


@pytest.mark.parametrize("query", ["lang=%00", "lang=a&lang=b", "stream=%ed%a0%80", "x=%ff"])
def test_the_page_of_a_strange_query_is_a_page(url: str, query: str) -> None:
    assert send(url, get(f"/?{query}")).status == 200


def test_the_page_shows_a_strange_stream_as_text(url: str) -> None:
    answer = send(url, get("/?stream=%3Cscript%3Ealert(1)%3C/script%3E"))
    assert answer.status == 200
    assert b"<script>alert" not in answer.body


def test_a_silent_connection_keeps_nobody_else_waiting(url: str) -> None:
    silent = [connect(url) for _ in range(50)]
    for connection in silent[::2]:
        connection.sendall(b"POST /v1/deposits HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx")
    assert send(url, upload()).status == 201
    for connection in silent:
        connection.close()
