"""The routes of the hosted verifier: the HTTP interface and the page.

Owns turning requests into verifications and reports into answers. Leaves wiring to `verifier.app`,
reading forms to `verifier.upload`, and deciding to `verifier.verify`. A report is an answer like
any other: 200 whatever its status. Only requests that are none are problems.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool

from evidence.canonical import encode_canonical
from evidence.digests import Measurement
from verifier.problems import RefusedError
from verifier.reading import measure_file, read_bundle
from verifier.report import Report, report_json
from verifier.summary import sandbox_warning, summarise
from verifier.trust import TrustRoot, encode_trust_root
from verifier.upload import Upload, receive_upload
from verifier.verify import verify_bundle
from verifier.web.pages import choose_language
from verifier.web.texts import FRAME, PAGE
from verifier.words import LABELS, SYMBOLS, Language

_FORM_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["bundle"],
                    "properties": {
                        "bundle": {"type": "string", "format": "binary"},
                        "exhibit": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every route needs; made once, never changed."""

    trust: TrustRoot
    clock: Callable[[], datetime]
    max_exhibit_bytes: int
    templates: Environment


def make_router(context: Context) -> APIRouter:
    """Return the routes, bound to `context`."""
    router = APIRouter()

    @router.post("/v1/verify", openapi_extra=_FORM_SCHEMA)
    async def verify(request: Request) -> Response:
        """Verify the bundle and compare the exhibit, if given; answer the report."""
        async with receive_upload(request, context.max_exhibit_bytes) as upload:
            report, _ = await run_in_threadpool(_verify, context, upload, context.clock())
        return _canonical(encode_canonical(report_json(report)))

    @router.get("/v1/trust-root")
    async def trust_root() -> Response:
        """Answer the trust root that every report of this service starts from."""
        return _canonical(encode_trust_root(context.trust))

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answer as long as the process lives."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> dict[str, str]:
        """Answer 200 when uploads can be received."""
        await run_in_threadpool(_require_spool)
        return {"status": "ready", "assurance": context.trust.assurance.value}

    @router.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def form_page(request: Request) -> HTMLResponse:
        return _page(context, request, "form.html")

    @router.post("/", response_class=HTMLResponse, include_in_schema=False)
    async def result_page(request: Request) -> HTMLResponse:
        try:
            async with receive_upload(request, context.max_exhibit_bytes) as upload:
                now = context.clock()
                report, exhibit = await run_in_threadpool(_verify, context, upload, now)
        except RefusedError as refusal:
            return _page(context, request, "form.html", refusal.status, problem=refusal.code)
        summary = summarise(report, exhibit, now, _language(request))
        return _page(context, request, "result.html", summary=summary)

    return router


def _verify(context: Context, upload: Upload, now: datetime) -> tuple[Report, Measurement | None]:
    exhibit = None if upload.exhibit is None else measure_file(upload.exhibit)
    unverified_bundle = read_bundle(upload.unverified_bundle)
    return verify_bundle(unverified_bundle, context.trust, exhibit=exhibit, now=now), exhibit


def _canonical(raw: bytes) -> Response:
    return Response(raw, media_type="application/json")


def _require_spool() -> None:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"\0")
    except OSError as error:
        raise RefusedError(
            "not-ready", f"expected room for temporary files, found: {error.strerror}"
        ) from error


def _page(
    context: Context,
    request: Request,
    template: str,
    status: int = 200,
    **values: object,
) -> HTMLResponse:
    language = _language(request)
    html = context.templates.get_template(template).render(
        values,
        lang=language.value,
        t={name: text.in_(language) for name, text in {**LABELS, **FRAME, **PAGE}.items()},
        symbols=SYMBOLS,
        sandbox=sandbox_warning(context.trust.assurance, language),
        trust_name=context.trust.name,
    )
    return HTMLResponse(html, status, headers={"Content-Language": language.value})


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang")
    return choose_language(asked, request.headers.get("accept-language", ""))
