"""What no table of cases thought of: generated requests never make a notary fail.

A request is refused by a problem document and leaves nothing, or is accepted and is one entry.
"""

import json
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notary.app import create_app
from notary.settings import Settings
from tests.integration.bad_input.cases import BY_DIGESTS, DEPOSITS, DIGESTS, GOOD, get
from tests.integration.bad_input.raw import Answer, Request, send
from tests.integration.serving import served

MEMBERS = (*GOOD, "file_name", "media_type", "note", "source", "claimed_at", "role", "x")
PARAMETERS = (*MEMBERS, "expect", "confidentiality", "")


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


texts = st.text(max_size=20) | st.text(st.characters(), min_size=250, max_size=260)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(DIGESTS)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
changes = st.dictionaries(st.sampled_from(MEMBERS) | texts, values, max_size=3)
bodies = st.binary(max_size=200) | changes.map(
    lambda change: json.dumps({**GOOD, **change}).encode()
)
queries = st.lists(
    st.tuples(st.sampled_from(PARAMETERS), st.binary(max_size=30) | texts.map(as_bytes)),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={quote_from_bytes(value)}" for name, value in pairs))
header_values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
)
headers = st.dictionaries(
    st.sampled_from(["Idempotency-Key", "Content-Type", "Content-Encoding", "Accept", "Origin"]),
    header_values,
    max_size=2,
).map(lambda pairs: tuple(pairs.items()))

fuzz = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(create_app(Settings(data_dir=tmp_path_factory.mktemp("fuzz") / "data"))) as url:
        # py-evm sets the recursion limit when it is imported, which Hypothesis would complain of.
        assert send(url, get("/readyz")).status == 200
        yield url


def recorded(url: str) -> int:
    status = send(url, get("/v1/status")).json
    return int(status["anchored_size"] + status["pending"])


def require_answered(url: str, request: Request) -> Answer:
    before = recorded(url)
    answer = send(url, request)
    if answer.status == 201:
        assert recorded(url) in (before, before + 1)  # An Idempotency-Key may come twice.
        return answer
    assert 400 <= answer.status < 500, (request, answer)
    assert answer.headers["content-type"] == "application/problem+json", (request, answer)
    assert answer.json["detail"]
    assert b"Traceback" not in answer.body
    assert recorded(url) == before
    return answer


@fuzz
@given(body=bodies, headers=headers)
def test_a_generated_deposit_of_digests_is_accepted_or_refused(
    url: str, body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    answer = require_answered(url, Request(target=BY_DIGESTS, body=body, headers=headers))
    if answer.status == 201:
        # What was recorded is what was said.
        assert answer.json["exhibit"]["size_bytes"] == json.loads(body)["size_bytes"]
        assert answer.json["exhibit"]["digests"] == json.loads(body)["digests"]


@fuzz
@given(query=queries, headers=headers, body=st.binary(max_size=10))
def test_a_generated_upload_is_accepted_or_refused(
    url: str, query: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    request = Request(target=f"{DEPOSITS}?{query}", body=body, headers=headers)
    answer = require_answered(url, request)
    if answer.status == 201:
        assert answer.json["exhibit"]["size_bytes"] == len(body)


@fuzz
@given(
    path=st.binary(max_size=40),
    place=st.sampled_from(["/log/tile/", f"{DEPOSITS}/", "/static/", "/"]),
)
def test_a_generated_address_is_answered(url: str, path: bytes, place: str) -> None:
    answer = send(url, get(place + quote_from_bytes(path)))
    assert answer.status in (200, 307, 404, 405), answer
