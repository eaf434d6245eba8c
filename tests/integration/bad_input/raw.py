"""HTTP spoken by hand over a socket: a client that says anything, also what no library would."""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it goes over the wire."""

    target: str
    """Path and query, each character as its Latin-1 byte."""
    method: str = "POST"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    """Besides Host and Connection. Without a Content-Length or Transfer-Encoding among them the
    length of the body is announced."""

    def encode(self) -> bytes:
        given = {name.lower() for name, _ in self.headers}
        headers = [("Host", "localhost"), ("Connection", "close"), *self.headers]
        if not given & {"content-length", "transfer-encoding"}:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            *(f"{n}: {v}" for n, v in headers),
            "",
            "",
        ]
        return "\r\n".join(lines).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; `status` is 0 when the connection was closed without one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(url: str, request: Request) -> Answer:
    """Return what is answered to the request."""
    return _exchange(url, request, breaks_off=False)


def send_part(url: str, request: Request) -> Answer:
    """Return what is answered when the client closes its side after the body it has."""
    return _exchange(url, request, breaks_off=True)


def connect(url: str) -> socket.socket:
    """Return a connection on which nothing was said."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    return socket.create_connection((address.hostname, address.port), TIMEOUT_S)


def chunked(*chunks: bytes) -> bytes:
    """Return the body in chunks (RFC 9112 §7.1), without the last one that ends it."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def _exchange(url: str, request: Request, *, breaks_off: bool) -> Answer:
    with connect(url) as connection:
        # A server that has heard enough closes; what it answered can still be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request.encode())
            if breaks_off:
                connection.shutdown(socket.SHUT_WR)
        return _read(connection, request.method)


def _read(connection: socket.socket, method: str) -> Answer:
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        body = response.read()
    except (HTTPException, ConnectionResetError):
        return Answer(status=0)
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=headers, body=body)
