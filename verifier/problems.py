"""Refusals of the HTTP service as problem details (RFC 9457, application/problem+json).

Owns the HTTP status and title of each code, the handlers that turn what was raised into a problem,
and its rendering, which the notary shares. Leaves refusing to `routes` and `upload`. A report is
never a problem, whatever it says.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

Kind = tuple[int, str]
"""The HTTP status and the title of a code."""

PROBLEMS: Mapping[str, Kind] = {
    "form-malformed": (400, "The form is not complete"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not take this method"),
    "exhibit-too-large": (413, "The exhibit is too large"),
    "form-expected": (415, "The request is not a form"),
    "bundle-missing": (422, "There is no bundle in the form"),
    "internal-error": (500, "The verifier failed"),
    "not-ready": (503, "The verifier cannot take uploads"),
}


class ProblemResponse(JSONResponse):
    """The problem details of one refusal; `members` are further facts for programs."""

    media_type = "application/problem+json"

    def __init__(
        self,
        code: str,
        kind: Kind,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status, title = kind
        content = {
            **(members or {}),
            "type": f"urn:zhenglian:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
        }
        super().__init__(content, status_code=status, headers=headers)


class RefusedError(Exception):
    """A request that cannot be carried out; `code` is one of PROBLEMS."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = PROBLEMS[code][0]


def add_problem_handlers(app: FastAPI, headers: Mapping[str, str]) -> None:
    """Make every refusal and failure of `app` a problem; `headers` go with internal errors.

    The framework answers those outside its middleware, so they must bring the headers themselves.
    """

    async def refused(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RefusedError)
        return _problem(error.code, error.detail)

    async def no_route(_: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, HTTPException)
        code = "not-found" if error.status_code == HTTPStatus.NOT_FOUND else "method-not-allowed"
        return _problem(code, error.detail, error.headers)

    async def failed(_: Request, __: Exception) -> ProblemResponse:
        return _problem("internal-error", "the cause is in the verifier's logging", headers)

    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(HTTPStatus.NOT_FOUND, no_route)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, no_route)
    app.add_exception_handler(Exception, failed)


def _problem(code: str, detail: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    return ProblemResponse(code, PROBLEMS[code], detail, headers=headers)
