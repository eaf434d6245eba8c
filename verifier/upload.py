"""The form of a verification: one bundle, perhaps one exhibit, received and then forgotten.

Owns reading multipart/form-data (RFC 7578) under a limit of size, into files that have no name in
the file system and end with the request. Leaves measuring and verifying to `verifier.routes`.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from evidence.bundle import MAX_BUNDLE_BYTES
from verifier.problems import RefusedError

MAX_EXHIBIT_BYTES = 4 * 2**30
# Hours of video; about half a minute of hashing. Larger files are verified with the command line.

FORM_OVERHEAD_BYTES = 2**16
# Boundaries, part headers and file names.

MAX_FIELDS = 8
# Besides the two files a browser may send hidden fields; none is read.


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The files of one request; open as long as the request lasts."""

    unverified_bundle: BinaryIO
    exhibit: BinaryIO | None


@asynccontextmanager
async def receive_upload(request: Request, max_exhibit_bytes: int) -> AsyncIterator[Upload]:
    """Give the files of the form in `request`; nothing of them is left afterwards.

    Raises RefusedError for what is not such a form, is broken off, or is over the limit.
    """
    form = await _receive_form(request, max_exhibit_bytes)
    try:
        bundle = _file(form, "bundle")
        if bundle is None:
            raise RefusedError("bundle-missing", "expected a file in the field bundle, found none")
        yield Upload(unverified_bundle=bundle, exhibit=_file(form, "exhibit"))
    finally:
        await form.close()


async def _receive_form(request: Request, max_exhibit_bytes: int) -> FormData:
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise RefusedError(
            "form-expected", "expected multipart/form-data with the fields bundle and exhibit"
        )
    limit_bytes = max_exhibit_bytes + MAX_BUNDLE_BYTES + FORM_OVERHEAD_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise _too_large(max_exhibit_bytes)
    try:
        return await _FormParser(request, limit_bytes).parse()
    except _OverLimitError as error:
        raise _too_large(max_exhibit_bytes) from error
    except MultiPartException as error:
        raise _malformed(error.message) from error
    except ClientDisconnect as error:
        raise _malformed("the connection ended before the form did") from error


class _OverLimitError(Exception):
    """More bytes came than a form may have."""


class _FormParser(MultiPartParser):
    """Refuses besides a form that is too long, and one without its end: the base takes both.

    Both are refused from within the stream of chunks, so that the base class closes its files.
    """

    def __init__(self, request: Request, limit_bytes: int) -> None:
        chunks = self._checked(request.stream(), limit_bytes)
        super().__init__(request.headers, chunks, max_files=2, max_fields=MAX_FIELDS)
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _checked(
        self, chunks: AsyncIterator[bytes], limit_bytes: int
    ) -> AsyncGenerator[bytes, None]:
        size_bytes = 0
        async for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise _OverLimitError
            yield chunk
        if not self._ended:
            raise MultiPartException("no closing boundary")


def _file(form: FormData, field: str) -> BinaryIO | None:
    """Return the file of `field`; a browser sends an empty name when none was chosen."""
    value = form.get(field)
    return value.file if isinstance(value, UploadFile) and value.filename else None


def _malformed(found: str) -> RefusedError:
    return RefusedError(
        "form-malformed",
        f"expected a complete form of one bundle and at most one exhibit, found: {found}",
    )


def _too_large(max_exhibit_bytes: int) -> RefusedError:
    return RefusedError(
        "exhibit-too-large",
        f"expected an exhibit of at most {max_exhibit_bytes} bytes; "
        "the command line verifies larger ones",
    )
