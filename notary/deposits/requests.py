"""Reading what a request says beside its content, strictly and before anything else.

Owns the query, the Idempotency-Key and the JSON body as they come off the wire: text that is not
UTF-8, a name given twice, a header that would change what the body means. Leaves their meaning to
`notary.deposits.schemas`.

All of it is `async`, though nothing waits: the framework would run each plain function in a thread
of its own, which costs a small deposit more than its signature.
"""

import re
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from evidence.canonical import parse_json
from evidence.errors import CanonicalError
from notary.deposits.schemas import DigestsRequest
from notary.errors import InvalidFieldError

MAX_JSON_BYTES = 64 * 2**10
# Twice the longest statement: note and source of 2,000 characters, escaped, are 48 kB.

_JSON_TYPE = "application/json"
_REPEATABLE = frozenset({"expect"})
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


async def require_plain_query(request: Request) -> None:
    """Return only when the query is UTF-8 and gives each name once.

    The framework would replace what is not UTF-8 and silently take the last of two values.

    Raises:
        InvalidFieldError: naming the field.
    """
    raw: bytes = request.scope["query_string"]
    seen: set[str] = set()
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1"):
        if name in seen and name not in _REPEATABLE:
            raise InvalidFieldError(name, f"{name} is given once, found it twice.")
        seen.add(name)
        try:
            value.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidFieldError(name, f"{name} is text in UTF-8, found other bytes.") from error


async def require_raw_body(request: Request) -> None:
    """Return only when the body is the exhibit itself, byte for byte.

    Raises:
        InvalidFieldError: a form or a compressed body would be recorded instead of the exhibit.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise InvalidFieldError("Content-Type", "The body is the exhibit itself, found a form.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise InvalidFieldError(
            "Content-Encoding", "The body is the exhibit itself, found it encoded."
        )


async def read_idempotency_key(
    request: Request,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> str | None:
    """Return the key, or None when the request has none.

    Raises:
        InvalidFieldError: it is given twice, or is not 1 to 255 printable ASCII characters without
            space.
    """
    if len(request.headers.getlist("Idempotency-Key")) > 1:
        # The framework would take one of them, and a caller could not know which.
        raise InvalidFieldError(
            "Idempotency-Key", "Idempotency-Key is given once, found it more often."
        )
    if idempotency_key is not None and not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise InvalidFieldError(
            "Idempotency-Key",
            "Idempotency-Key is 1 to 255 printable ASCII characters without space.",
        )
    return idempotency_key


def announced_bytes(request: Request) -> int | None:
    """Return the Content-Length, or None for a body of unknown length."""
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not _LENGTH.fullmatch(text):
        raise InvalidFieldError("Content-Length", "Content-Length is a number of bytes.")
    return int(text)


async def read_digests_request(request: Request) -> DigestsRequest:
    """Return what the JSON body asks for.

    Raises:
        InvalidFieldError: it is not said to be JSON, is too long, or is not JSON of the strict
            kind we sign; or there is a query, which would go unheard.
        RequestValidationError: a member is missing, unknown or of another type.
    """
    if request.scope["query_string"]:
        raise InvalidFieldError("query", "The body says everything, found a query besides.")
    # A form of a foreign page can send text under other types, but JSON only if we allowed it.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON_TYPE:
        raise InvalidFieldError("Content-Type", f"The body is {_JSON_TYPE}, found another type.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise InvalidFieldError("body", f"The body is at most {MAX_JSON_BYTES} bytes of JSON.")
    try:
        return DigestsRequest.model_validate(parse_json(bytes(body), limit_bytes=MAX_JSON_BYTES))
    except CanonicalError as error:
        raise InvalidFieldError("body", f"{error}.") from error
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


PlainQuery = Depends(require_plain_query)
RawBody = Depends(require_raw_body)
IdempotencyKey = Annotated[str | None, Depends(read_idempotency_key)]
