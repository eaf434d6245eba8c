"""The routes of the pages: the deposit form, the state of one deposit, their static files.

Owns language choice and the headers that keep a page from being framed or fed foreign scripts.
Leaves every deposit to the HTTP interface, which the scripts of the pages use like anyone else.
"""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.staticfiles import StaticFiles

from notary.web.texts import PAGE, PROBLEMS, SCRIPT
from notary.wiring import CurrentNotary
from verifier.trust import Assurance
from verifier.words import Language

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A stream id stands in the address of the page; no cache on the way keeps it.
_PAGE_CACHING = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
# Kept, but asked about each time by its ETag: after an upgrade no old script meets a new page.
_STATIC_CACHING = {"Cache-Control": "no-cache"}
_STATIC = Path(__file__).parent / "static"


def shown_assurance(notary: CurrentNotary) -> Assurance:
    """Whether the pages must warn of a sandbox."""
    return notary.trust.assurance


ShownAssurance = Annotated[Assurance, Depends(shown_assurance)]
router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def page(
    request: Request,
    assurance: ShownAssurance,
    lang: Annotated[str | None, Query()] = None,
    stream: Annotated[str | None, Query()] = None,
) -> HTMLResponse:
    """The deposit form or, with a stream id, the state of that deposit."""
    language = choose_language(lang, request.headers.get("accept-language", ""))
    template = _templates().get_template("form.html" if stream is None else "deposit.html")
    html = template.render(
        lang=language.value,
        stream=stream,
        sandbox=assurance is Assurance.SANDBOX,
        t={name: text.in_(language) for name, text in PAGE.items()},
        words={
            "lang": language.value,
            **{name: text.in_(language) for name, text in SCRIPT.items()},
            "problems": {code: text.in_(language) for code, text in PROBLEMS.items()},
        },
    )
    headers = {**SECURITY_HEADERS, **_PAGE_CACHING, "Content-Language": language.value}
    return HTMLResponse(html, headers=headers)


@router.get("/static/{name}")
async def static_file(request: Request, name: str) -> Response:
    """A script, style or picture of the pages; 304 to whoever has it already."""
    response = await StaticFiles(directory=_STATIC).get_response(name, request.scope)
    response.headers.update({**SECURITY_HEADERS, **_STATIC_CACHING})
    return response


def choose_language(asked: str | None, accept_language: str) -> Language:
    """The language of ?lang=, else the reader's first in Accept-Language, else Chinese."""
    wanted = [asked.lower()] if asked else _accepted(accept_language)
    known = {"zh": Language.ZH, "en": Language.EN}
    return next((known[tag[:2]] for tag in wanted if tag[:2] in known), Language.ZH)


def _accepted(header: str) -> list[str]:
    """The language tags of Accept-Language (RFC 9110 §12.5.4), most wanted first."""
    weighted = []
    for item in header.lower().split(","):
        tag, _, quality = item.replace(" ", "").partition(";q=")
        try:
            weighted.append((float(quality or 1), tag))
        except ValueError:
            continue  # An item nobody can read says nothing about what its reader wants.
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("notary", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
