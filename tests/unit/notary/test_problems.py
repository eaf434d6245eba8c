import inspect
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from starlette.testclient import TestClient

from notary import errors
from notary.errors import DigestMismatchError, NotAnchoredYetError, RequestError
from notary.problems import PROBLEMS, add_problem_handlers
from notary.storage.blobs import BlobStoreFullError


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    add_problem_handlers(app)

    @app.get("/mismatch")
    def mismatch() -> None:
        raise DigestMismatchError("They differ.", expected=["sha256:aa"], found=["sha256:bb"])

    @app.get("/later")
    def later() -> None:
        raise NotAnchoredYetError("Not yet.")

    @app.get("/number")
    def number(n: Annotated[int, Query()]) -> int:
        return n

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret is 42")

    @app.get("/full")
    def full() -> None:
        raise BlobStoreFullError("no space in /srv/data")

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_every_code_a_request_can_fail_with_has_a_problem() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, RequestError) and kind is not RequestError
    ]
    assert len(kinds) > 10
    assert {kind.code for kind in kinds} <= set(PROBLEMS)


def test_a_refusal_is_a_problem_with_its_members(client: TestClient) -> None:
    answer = client.get("/mismatch")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:zhenglian:problem:digest-mismatch",
        "title": "The content is not what was announced",
        "status": 422,
        "detail": "They differ.",
        "code": "digest-mismatch",
        "expected": ["sha256:aa"],
        "found": ["sha256:bb"],
    }


def test_what_will_pass_says_when_to_ask_again(client: TestClient) -> None:
    assert client.get("/later").headers["retry-after"] == "1"
    assert "retry-after" not in client.get("/mismatch").headers


def test_a_parameter_of_another_type_names_the_field_and_not_the_value(client: TestClient) -> None:
    answer = client.get("/number", params={"n": "张三"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-field")
    assert answer.json()["field"] == "n"
    assert "张三" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("POST", "/number", 405, "method-not-allowed"),
        ("GET", "/full", 507, "storage-full"),
        ("GET", "/broken", 500, "internal-error"),
    ],
)
def test_every_other_failure_is_a_problem_too(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "42" not in answer.text
    assert "/srv" not in answer.text
    assert "Traceback" not in answer.text


def test_a_method_not_allowed_still_says_which_are(client: TestClient) -> None:
    assert client.post("/number").headers["allow"] == "GET"
