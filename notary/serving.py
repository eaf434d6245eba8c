"""Runs the notary's application under uvicorn, as `notary serve` does.

Owns the server's options and what is written to the terminal. Leaves the application to
`notary.app`.
"""

import contextlib
import logging

import uvicorn

from notary.app import create_app
from notary.settings import Settings
from verifier.errors import AddressError
from verifier.listening import require_free

_LOG = logging.getLogger(__name__)

_LET_REQUESTS_END_S = 10
"""How long a stop waits for requests under way; an upload that is cut off is not acknowledged."""


def run_service(settings: Settings) -> bool:
    """The service has run and ended. False if it could not start, which the logging then explains.

    Ends on SIGINT and SIGTERM.
    """
    _write_logging_to_the_terminal()
    try:
        # Asked before the chain and the database are opened, which takes seconds.
        require_free(settings.host, settings.port)
    except AddressError as error:
        _LOG.critical("the notary cannot start: %s", error)
        return False
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        server_header=False,
        # An access log would keep file names, notes and sources, which queries carry.
        access_log=False,
        timeout_graceful_shutdown=_LET_REQUESTS_END_S,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_no_explained_traceback)
    server = uvicorn.Server(config)
    # uvicorn leaves by SystemExit when it cannot start, and by KeyboardInterrupt after Ctrl-C.
    with contextlib.suppress(SystemExit, KeyboardInterrupt):
        server.run()
    return server.started


def _write_logging_to_the_terminal() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s:     %(message)s"))
    logger = logging.getLogger("notary")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _is_no_explained_traceback(record: logging.LogRecord) -> bool:
    """False for the traceback of an error of ours, about which the application has said it all."""
    message = record.getMessage()
    return not (message.startswith("Traceback") and "\nnotary.errors." in message)
