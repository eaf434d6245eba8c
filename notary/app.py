"""The notary as one ASGI application. Wiring only: every part lives elsewhere."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import to_thread
from fastapi import FastAPI

from notary.bundles import routes as bundles
from notary.deposits import routes as deposits
from notary.errors import LogForkError, StartError
from notary.log import routes as log
from notary.operations import routes as operations
from notary.problems import add_problem_handlers
from notary.settings import Settings
from notary.web import routes as web
from notary.wiring import Seams, open_notary

_LOG = logging.getLogger(__name__)


def create_app(settings: Settings, *, seams: Seams | None = None) -> FastAPI:
    """Return the application that serves the notary of `settings`; starting it opens the notary."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            with open_notary(settings, seams or Seams()) as notary:
                app.state.notary = notary
                notary.loop.start()
                try:
                    yield
                finally:
                    await to_thread.run_sync(notary.loop.stop)
        except (StartError, LogForkError) as error:
            _LOG.critical("the notary cannot start: %s", error)
            raise

    app = FastAPI(
        title="Zhenglian notary 证链",
        version=version("zhenglian"),
        lifespan=lifespan,
        # FastAPI's own pages load scripts from elsewhere; /openapi.json is all there is.
        docs_url=None,
        redoc_url=None,
    )
    add_problem_handlers(app)
    for routes in (deposits, bundles, log, operations, web):
        app.include_router(routes.router)
    return app
