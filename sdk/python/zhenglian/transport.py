"""One request to the notary and its answer: retries, time limits, problems turned into errors.

Owns everything that HTTP may do wrong; callers see the errors of `errors`, never those of httpx2.
Leaves which request may be sent twice to the caller, and the meaning of answers to `client`.

RFC 9110 (HTTP), RFC 9457 (problem details).
"""

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from json import loads
from secrets import SystemRandom
from typing import Any, Protocol

import httpx2

from zhenglian.errors import PROBLEMS, AnswerError, ProblemError, TransportError

_WORTH_A_RETRY = frozenset({429, 502, 503, 504})
"""The notary, or a proxy before it, is busy or starting; nothing was refused for good."""
_OK = range(200, 300)
_REFUSED = range(400, 600)
_PROBLEM = "application/problem+json"
_NO_PROXY_FOR = ("all://localhost", "all://127.0.0.1", "all://[::1]")

Params = Mapping[str, str | None]


class Body(Protocol):
    """Gives the body of a request, from its beginning each time it is called."""

    def __call__(self) -> Generator[bytes, None, None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request is tried, and how long it rests in between."""

    attempts: int = 4
    """Tries in all; 1 means that nothing is repeated."""
    first_wait_s: float = 0.25
    """Rest after the first failure; it doubles with each further one."""
    longest_wait_s: float = 8.0
    """No rest is longer, whatever the notary asks for."""

    def wait_s(self, failures: int, retry_after_s: float | None) -> float:
        """The rest after so many failures, spread so that many clients do not return at once."""
        if retry_after_s is not None:
            return min(retry_after_s, self.longest_wait_s)
        longest = min(self.first_wait_s * 2.0 ** (failures - 1), self.longest_wait_s)
        return SystemRandom().uniform(longest / 2, longest)


class Transport:
    """Requests to one notary over kept connections. May be used from several threads."""

    def __init__(
        self, base_url: str, *, timeout_s: float, retry: Retry, headers: Mapping[str, str]
    ) -> None:
        self._base_url = base_url
        self._retry = retry
        try:
            self._http = httpx2.Client(
                base_url=base_url,
                timeout=timeout_s,
                headers=dict(headers),
                # A notary on this machine is never reached through the company's proxy.
                mounts=dict.fromkeys(_NO_PROXY_FOR),
            )
        except httpx2.InvalidURL as error:
            raise ValueError(f"expected the address of a notary, found {base_url!r}") from error

    def close(self) -> None:
        """The connections are closed."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        json: Mapping[str, Any] | None = None,
        repeatable: bool,
    ) -> bytes:
        """The body of the successful answer.

        The request carries a streamed `body`, a `json` object or neither. A `repeatable` one is
        tried again after a failure of the connection and after an answer that says "busy"; any
        other is sent once. Raises ProblemError, TransportError, AnswerError.
        """
        attempts = self._retry.attempts if repeatable else 1

        def send() -> httpx2.Response:
            with contextlib.ExitStack() as stack:
                content = stack.enter_context(contextlib.closing(body())) if body else None
                return self._http.request(
                    method,
                    path,
                    params={
                        name: text for name, text in (params or {}).items() if text is not None
                    },
                    headers=dict(headers or {}),
                    content=content,
                    json=json,
                )

        failures = 0
        while True:
            try:
                return _content(self._answer(send))
            except (ProblemError, TransportError) as error:
                failures += 1
                if failures >= attempts or not _worth_a_retry(error):
                    raise
                retry_after_s = error.retry_after_s if isinstance(error, ProblemError) else None
                time.sleep(self._retry.wait_s(failures, retry_after_s))

    def _answer(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        try:
            return send()
        except httpx2.UnsupportedProtocol as error:
            raise ValueError(f"expected http:// or https://, found {self._base_url!r}") from error
        except httpx2.TimeoutException as error:
            raise TransportError(
                f"the notary at {self._base_url} did not answer in time"
            ) from error
        except httpx2.RequestError as error:
            raise TransportError(
                f"the notary at {self._base_url} could not be reached: {error}"
            ) from error


def read_object(raw: bytes) -> Mapping[str, Any]:
    """The JSON object that `raw` spells. Raises AnswerError when it spells none."""
    try:
        value = loads(raw)
    except ValueError as error:
        raise AnswerError("expected a JSON answer; is this the address of a notary?") from error
    if not isinstance(value, dict):
        raise AnswerError(f"expected a JSON object, found {type(value).__name__}")
    return value


def _content(response: httpx2.Response) -> bytes:
    if response.status_code in _OK:
        return response.content
    if response.status_code in _REFUSED:
        raise _problem(response)
    raise AnswerError(f"expected an answer or a problem, found HTTP {response.status_code}")


def _worth_a_retry(error: ProblemError | TransportError) -> bool:
    return isinstance(error, TransportError) or error.status in _WORTH_A_RETRY


def _problem(response: httpx2.Response) -> ProblemError:
    status = response.status_code
    fields: Mapping[str, Any] = {}
    if response.headers.get("content-type", "").startswith(_PROBLEM):
        fields = read_object(response.content)
    code = str(fields.get("code", f"http-{status}"))
    standard = {"type", "title", "status", "detail", "code", "instance"}
    return PROBLEMS.get(code, ProblemError)(
        code=code,
        status=status,
        title=str(fields.get("title", f"HTTP {status} {response.reason_phrase}")),
        detail=str(fields.get("detail", "")),
        fields={name: value for name, value in fields.items() if name not in standard},
        retry_after_s=_seconds(response.headers.get("retry-after")),
    )


def _seconds(retry_after: str | None) -> float | None:
    """The delay of a Retry-After header; its other form, a date, is passed over."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
