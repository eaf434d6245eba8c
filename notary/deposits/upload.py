"""Reading an upload: from the socket into the blob store in constant memory.

Owns cutting the body into blocks, handing them to a thread, and noticing that a body broke off.
Leaves storing and measuring to the blob store's writer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from anyio import to_thread
from starlette.requests import ClientDisconnect

from notary.errors import ExhibitTooLargeError, UploadTruncatedError

BLOCK_BYTES = 2**20
# The hand-over to a thread costs about 0.1 ms; below a mebibyte that outweighs the hashing.


async def receive_upload(
    chunks: AsyncIterator[bytes],
    write: Callable[[bytes], None],
    *,
    announced_bytes: int | None,
    limit_bytes: int,
) -> None:
    """Every byte of the body was written, in order, by `write` in another thread.

    One block is received while the one before is written, so at most two are in memory.
    `announced_bytes` is the Content-Length, None when the body is chunked.

    Raises:
        ExhibitTooLargeError: the body is, or is announced to be, longer than `limit_bytes`.
        UploadTruncatedError: the body ended before `announced_bytes`, or the connection broke.
        Exception: whatever `write` raised.
    """
    _require_within(announced_bytes or 0, limit_bytes)
    received = held = 0
    pieces: list[bytes] = []
    writing: asyncio.Future[None] | None = None
    try:
        async for chunk in chunks:
            received += len(chunk)
            _require_within(received, limit_bytes)
            pieces.append(chunk)
            held += len(chunk)
            if held >= BLOCK_BYTES:
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(to_thread.run_sync(write, b"".join(pieces)))
                pieces, held = [], 0
    except ClientDisconnect as error:
        raise UploadTruncatedError(
            f"The connection ended after {received} bytes; nothing was recorded."
        ) from error
    finally:
        # Also when the upload fails: the writer may be aborted only when nobody writes.
        if writing is not None:
            await asyncio.wait([writing])
    if writing is not None:
        writing.result()
    if announced_bytes is not None and received != announced_bytes:
        raise UploadTruncatedError(
            f"The upload was announced as {announced_bytes} bytes and ended after {received};"
            " nothing was recorded."
        )
    if pieces:
        await to_thread.run_sync(write, b"".join(pieces))


def _require_within(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise ExhibitTooLargeError(
            f"This notary takes exhibits of at most {limit_bytes} bytes, found more.",
            limit_bytes=limit_bytes,
        )
