"""Refusals of the HTTP service as problem details (RFC 9457, application/problem+json).

Owns the HTTP status and title of each code and the handlers that turn what was raised into a
problem. Leaves refusing to `routes` and `upload`. A report is never a problem, whatever it says.
"""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:zhenglian:problem:"

PROBLEMS: Mapping[str, tuple[HTTPStatus, str]] = {
    "form-malformed": (HTTPStatus.BAD_REQUEST, "The form is not complete"),
    "not-found": (HTTPStatus.NOT_FOUND, "There is nothing at this address"),
    "method-not-allowed": (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not take this method",
    ),
    "exhibit-too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The exhibit is too large"),
    "form-expected": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The request is not a form"),
    "bundle-missing": (HTTPStatus.UNPROCESSABLE_ENTITY, "There is no bundle in the form"),
    "internal-error": (HTTPStatus.INTERNAL_SERVER_ERROR, "The verifier failed"),
    "not-ready": (HTTPStatus.SERVICE_UNAVAILABLE, "The verifier cannot take uploads"),
}


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

    async def refused(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RefusedError)
        return problem(error)

    async def no_route(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = "not-found" if error.status_code == HTTPStatus.NOT_FOUND else "method-not-allowed"
        answer = problem(RefusedError(code, error.detail))
        answer.headers.update(error.headers or {})
        return answer

    async def failed(_: Request, __: Exception) -> JSONResponse:
        answer = problem(RefusedError("internal-error", "the cause is in the verifier's logging"))
        answer.headers.update(headers)
        return answer

    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(HTTPStatus.NOT_FOUND, no_route)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, no_route)
    app.add_exception_handler(Exception, failed)


def problem(error: RefusedError) -> JSONResponse:
    """Return the problem document of `error`."""
    status, title = PROBLEMS[error.code]
    return JSONResponse(
        {
            "type": TYPE_PREFIX + error.code,
            "title": title,
            "status": status.value,
            "detail": error.detail,
            "code": error.code,
        },
        status_code=status,
        media_type=MEDIA_TYPE,
    )
