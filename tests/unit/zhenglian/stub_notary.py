"""A notary's HTTP interface over real sockets, with faults at command: what the SDK must live with.

It keeps deposits in memory, signs acknowledgements and never anchors by itself; `anchor_after` says
how often a deposit must be asked for until it is anchored. The faults are what a real notary does
not do when told: to drop a connection, to be busy, to record other bytes than it was sent.
"""

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LOG = "example.test/log"
RECORDED_AT = "2026-01-31T08:00:00.000Z"
BUNDLE = b'{"type":"zhenglian/bundle/v1"}'

Json = dict[str, Any]
Fault = Callable[["_Handler"], bool]
"""Given the request, answers it (and returns True) or leaves it to the notary (False)."""


class StubNotary:
    """What the stub knows, and what it will do to the next requests."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.url = ""
        self.deposits: dict[str, Json] = {}
        self.answers: dict[str, Json] = {}
        """Answers by idempotency key."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request, in order."""
        self.queries: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        """Idempotency key of every request."""
        self.lengths: list[str | None] = []
        """Content-Length of every request."""
        self.faults: deque[Fault] = deque()
        self.anchor_after = 1
        self.recorded: Callable[[bytes], bytes] = lambda content: content
        """What the notary takes the content for; other than the identity, it is a wrong one."""

    @property
    def signer(self) -> Json:
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {
            "kid": kid_of(raw),
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(raw).decode(),
            "name": "stub",
            "not_before": None,
            "not_after": None,
        }

    def trust_root(self, **signer: Any) -> bytes:
        """A trust root that names the stub's key, with members of the signer replaced."""
        return json.dumps(
            {"type": "zhenglian/trust-root/v1", "signers": [{**self.signer, **signer}]}
        ).encode()

    def deposit(self, mode: str, digests: list[str], size_bytes: int) -> Json:
        stream = f"exhibit:{len(self.deposits):032x}"
        leaf_hash = hashlib.sha256(stream.encode()).hexdigest()
        exhibit = {"digests": digests, "size_bytes": size_bytes}
        self.deposits[stream] = {
            "stream": stream,
            "log": LOG,
            "assurance": "sandbox",
            "mode": mode,
            "exhibit": exhibit,
            "cid": "bafkrei" if mode == "FILE" else None,
            "state": "acknowledged",
            "waiting_for": "the next checkpoint",
            "entries": [
                {
                    "sequence": 0,
                    "event": "DEPOSITED",
                    "recorded_at": RECORDED_AT,
                    "leaf_hash": leaf_hash,
                    "index": None,
                }
            ],
            "acknowledgement": self.sign(
                {
                    "type": "zhenglian/acknowledgement/v1",
                    "log": LOG,
                    "stream": stream,
                    "sequence": 0,
                    "leaf_hash": leaf_hash,
                    "recorded_at": RECORDED_AT,
                    "exhibit": exhibit,
                }
            ),
            "existed_by": None,
            "links": {},
        }
        return self.deposits[stream]

    def sign(self, promise: Json, typ: str = "zhenglian-acknowledgement+jws") -> Json:
        header = {"alg": "Ed25519", "kid": self.signer["kid"], "typ": typ}
        protected, payload = (b64url(canonical(value)) for value in (header, promise))
        signature = self.key.sign(f"{protected}.{payload}".encode())
        return {
            "payload": payload,
            "signatures": [{"protected": protected, "signature": b64url(signature)}],
        }

    def view(self, stream: str) -> Json | None:
        deposit = self.deposits.get(stream)
        if deposit is not None:
            polls = deposit["_polls"] = deposit.get("_polls", 0) + 1
            if polls > self.anchor_after:
                deposit |= {"state": "anchored", "waiting_for": None, "existed_by": RECORDED_AT}
        return deposit


def refuse(code: str, status: int, *, retry_after: str | None = None, **fields: Any) -> Fault:
    """The request is refused by a problem."""

    def fault(request: "_Handler") -> bool:
        request.body()
        request.problem(code, status, retry_after=retry_after, **fields)
        return True

    return fault


def cut(request: "_Handler") -> bool:
    """The connection ends before the request was read."""
    request.close_connection = True
    request.connection.close()
    return True


def carry_out_then_cut(request: "_Handler") -> bool:
    """The request is carried out, and its answer lost."""
    request.muted = True
    request.handle_request()
    return cut(request)


def answer_early(request: "_Handler") -> bool:
    """A deposit is answered before the content was sent, and nothing more is read."""
    request.send_json(201, request.stub.deposit("FILE", *measure(b"something else")))
    return cut(request)


def answer(raw: bytes, status: int = 200) -> Fault:
    """The request is answered by something else."""

    def fault(request: "_Handler") -> bool:
        request.body()
        request.send(status, raw, "text/html")
        return True

    return fault


@contextmanager
def running_stub() -> Iterator[StubNotary]:
    """A stub notary on a free loopback port."""
    stub = StubNotary()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": stub}))
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: StubNotary
    muted = False

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        self.take_request()

    def do_POST(self) -> None:
        self.take_request()

    def take_request(self) -> None:
        url = urlsplit(self.path)
        self.stub.requests.append((self.command, url.path))
        self.stub.queries.append({name: values[0] for name, values in parse_qs(url.query).items()})
        self.stub.keys.append(self.headers.get("Idempotency-Key"))
        self.stub.lengths.append(self.headers.get("Content-Length"))
        if self.stub.faults and self.stub.faults.popleft()(self):
            return
        try:
            self.handle_request()
        except ConnectionAbortedError:
            # A notary records nothing of an upload that broke off, and nobody is left to tell.
            self.close_connection = True

    def handle_request(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.body()
        key = self.headers.get("Idempotency-Key")
        if key in self.stub.answers:
            self.send_json(201, self.stub.answers[key])
        elif path == "/v1/deposits":
            self.deposited(key, "FILE", *measure(self.stub.recorded(body)))
        elif path == "/v1/deposits/digests":
            request = json.loads(body)
            self.stub.queries[-1] = request
            self.deposited(key, "DIGESTS", request["digests"], request["size_bytes"])
        elif path == "/v1/status":
            self.send_json(200, STATUS)
        elif path == "/v1/trust-root":
            self.send(200, self.stub.trust_root(), "application/json")
        else:
            self.answer_about_deposit(path, body)

    def deposited(self, key: str | None, mode: str, digests: list[str], size_bytes: int) -> None:
        view = self.stub.deposit(mode, digests, size_bytes)
        if key is not None:
            self.stub.answers[key] = view
        self.send_json(201, view)

    def answer_about_deposit(self, path: str, body: bytes) -> None:
        _, _, _, stream, *rest = path.split("/")
        view = self.stub.view(stream)
        if view is None:
            self.problem("deposit-unknown", 404)
        elif rest == ["original"]:
            digests, _ = measure(body)
            if digests != view["exhibit"]["digests"]:
                self.problem("original-differs", 422)
            else:
                self.send_json(201, view)
        elif rest == ["bundle"]:
            if view["state"] == "anchored":
                self.send(200, BUNDLE, "application/vnd.zhenglian.bundle+json")
            else:
                self.problem("not-anchored-yet", 409, retry_after="1")
        else:
            self.send_json(200, view)

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            announced = int(self.headers.get("Content-Length", 0))
            received = self.rfile.read(announced)
            if len(received) < announced:
                raise ConnectionAbortedError("the body ended early")
            return received
        chunks = []
        while size := self.chunk_size():
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def chunk_size(self) -> int:
        line = self.rfile.readline()
        if not line:
            raise ConnectionAbortedError("the body ended early")
        return int(line, 16)

    def problem(
        self, code: str, status: int, *, retry_after: str | None = None, **fields: Any
    ) -> None:
        problem = {
            "type": f"urn:zhenglian:problem:{code}",
            "title": f"The title of {code}",
            "status": status,
            "detail": f"The detail of {code}.",
            "code": code,
            **fields,
        }
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        self.send(status, json.dumps(problem).encode(), "application/problem+json", headers)

    def send_json(self, status: int, value: Json) -> None:
        shown = {name: member for name, member in value.items() if not name.startswith("_")}
        self.send(status, json.dumps(shown).encode(), "application/json")

    def send(
        self, status: int, raw: bytes, media_type: str, headers: dict[str, str] | None = None
    ) -> None:
        if self.muted:
            return
        self.send_response(status)
        for name, text in {"Content-Type": media_type, **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        # A client that is tested for giving up does not wait for the answer.
        with suppress(ConnectionError):
            self.wfile.write(raw)


STATUS: Json = {
    "log": LOG,
    "assurance": "sandbox",
    "log_size": 3,
    "anchored_size": 2,
    "pending": 1,
    "last_anchored_at": RECORDED_AT,
    "chain": {"chain_id": 1},
    "software": "stub",
    "a_member_of_a_later_version": 1,
}


def measure(content: bytes) -> tuple[list[str], int]:
    """The digests of `content`, all at once, and its size."""
    sm3 = hashlib.new("sm3", content).hexdigest()
    return [f"sha256:{hashlib.sha256(content).hexdigest()}", f"sm3:{sm3}"], len(content)


def canonical(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def kid_of(raw: bytes) -> str:
    jwk = canonical({"crv": "Ed25519", "kty": "OKP", "x": b64url(raw)})
    return b64url(hashlib.sha256(jwk).digest())
