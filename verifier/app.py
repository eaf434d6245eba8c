"""The hosted verifier as one ASGI application.

Owns wiring: trust root, templates, static files, security headers and problem documents. Leaves
the routes to `verifier.routes`. Nothing uploaded outlives its request and nothing is written down.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verifier.problems import add_problem_handlers
from verifier.reading import read_trust_root
from verifier.routes import Context, make_router
from verifier.upload import MAX_EXHIBIT_BYTES
from verifier.web.pages import SECURITY_HEADERS, open_templates

# Reports are about somebody's evidence; no cache on the way keeps them.
HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-store"}

_STATIC = Path(__file__).parent / "web" / "static"


def create_app(
    trust_root: Path,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    max_exhibit_bytes: int = MAX_EXHIBIT_BYTES,
) -> FastAPI:
    """Return the application that verifies against the trust root in the file `trust_root`.

    Raises TrustError when that is not a trust root.
    """
    context = Context(
        trust=read_trust_root(trust_root),
        clock=clock,
        max_exhibit_bytes=max_exhibit_bytes,
        templates=open_templates("verifier"),
    )
    # The documentation pages of FastAPI load scripts from elsewhere, which an intranet has not.
    app = FastAPI(title="Zhenglian verifier", version="1", docs_url=None, redoc_url=None)
    app.add_middleware(_Headers)
    add_problem_handlers(app, HEADERS)
    app.include_router(make_router(context))
    app.mount("/static", StaticFiles(directory=_STATIC))
    return app


class _Headers:
    """Adds HEADERS to every answer, refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
