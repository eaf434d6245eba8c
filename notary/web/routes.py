"""The routes of the pages: the deposit form, the state of one deposit, their static files.

Owns which page is shown and how long it is kept. Leaves every deposit to the HTTP interface, which
the scripts of the pages use like anyone else, and what all our pages share to `verifier.web.pages`.
"""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from starlette.staticfiles import StaticFiles

from notary.web.texts import PAGE, PROBLEMS, SANDBOX, SCRIPT
from notary.wiring import CurrentNotary
from verifier.trust import Assurance
from verifier.web.pages import SECURITY_HEADERS, choose_language, open_templates
from verifier.web.texts import FRAME

# A stream id stands in the address of the page; no cache on the way keeps it.
_PAGE_CACHING = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
# Kept, but asked about each time by its ETag: after an upgrade no old script meets a new page.
_STATIC_CACHING = {"Cache-Control": "no-cache"}


async def shown_assurance(notary: CurrentNotary) -> Assurance:
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
        sandbox=SANDBOX.in_(language) if assurance is Assurance.SANDBOX else None,
        t={name: text.in_(language) for name, text in {**FRAME, **PAGE}.items()},
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
    response = await _static().get_response(name, request.scope)
    response.headers.update({**SECURITY_HEADERS, **_STATIC_CACHING})
    return response


@cache
def _static() -> StaticFiles:
    """The files of these pages, and those which all pages share."""
    own = Path(__file__).parent / "static"
    return StaticFiles(directory=own, packages=[("verifier", "web/static")])


@cache
def _templates() -> Environment:
    return open_templates("notary", "verifier")
