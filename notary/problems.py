"""Every error as RFC 9457 problem details (application/problem+json).

Owns the HTTP status and title of each error code, and the handlers that turn whatever was raised
into a problem. Leaves raising to the capabilities and rendering to `verifier.problems`. A problem
never shows a stack trace, a path or a key; the cause of an internal error is in the program's own
logging only.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from notary.errors import NO_SPACE, RequestError
from notary.storage.blobs import BlobStoreFullError
from verifier.problems import Kind, ProblemResponse

RETRY_AFTER_S = 1
# A checkpoint is anchored within two seconds on default settings.

PROBLEMS: Mapping[str, Kind] = {
    "upload-truncated": (400, "The upload ended early"),
    "not-found": (404, "There is nothing at this address"),
    "deposit-unknown": (404, "There is no such deposit"),
    "method-not-allowed": (405, "This address does not take this method"),
    "event-not-allowed": (409, "The act has no place where the stream stands"),
    "idempotency-conflict": (409, "The idempotency key was used for another request"),
    "not-anchored-yet": (409, "The deposit is not anchored yet"),
    "exhibit-too-large": (413, "The exhibit is too large"),
    "exhibit-empty": (422, "The exhibit is empty"),
    "invalid-field": (422, "A field of the request is not in its form"),
    "digest-mismatch": (422, "The content is not what was announced"),
    "original-differs": (422, "The original is not the content deposited"),
    "bad-request": (400, "The request cannot be read"),
    "internal-error": (500, "The notary failed"),
    "bundle-refused": (500, "The notary's own check refused the bundle"),
    "not-ready": (503, "The notary cannot do its work at the moment"),
    "storage-full": (507, "There is no space left"),
}
_RETRYABLE = ("not-anchored-yet", "not-ready")
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed"}
_HTTP_DETAILS = {
    "not-found": "There is nothing at this address.",
    "method-not-allowed": "This address does not take this method; see the Allow header.",
}
_WHOLE_PARTS = ("query", "body", "path", "header")

_LOG = logging.getLogger(__name__)


def _problem(
    code: str,
    detail: str,
    *,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    extra = {"retry-after": str(RETRY_AFTER_S)} if code in _RETRYABLE else {}
    return ProblemResponse(
        code, PROBLEMS[code], detail, members=members, headers={**extra, **(headers or {})}
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Whatever `app` raises is answered by a problem."""

    @app.exception_handler(RequestError)
    async def _refused(_request: Request, error: RequestError) -> ProblemResponse:
        return _problem(error.code, str(error), members=error.members)

    @app.exception_handler(BlobStoreFullError)
    async def _full(_request: Request, _error: BlobStoreFullError) -> ProblemResponse:
        return _problem("storage-full", NO_SPACE)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> ProblemResponse:
        # The first finding, without the value found: it may be personal, long or not text.
        first = error.errors()[0]
        path = [str(part) for part in first["loc"] if part not in _WHOLE_PARTS]
        field = ".".join(path) or "body"
        return _problem("invalid-field", f"{field}: {first['msg']}.", members={"field": field})

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> ProblemResponse:
        code = _HTTP_CODES.get(error.status_code, "bad-request")
        detail = _HTTP_DETAILS.get(code, str(error.detail))
        return _problem(code, detail, headers=error.headers)

    @app.exception_handler(Exception)
    async def _failed(request: Request, error: Exception) -> ProblemResponse:
        _LOG.error("%s %r failed", request.method, request.url.path, exc_info=error)
        return _problem(
            "internal-error", "The notary failed to answer; the operator's logging says why."
        )
