from collections.abc import AsyncIterator, Sequence

import anyio
import pytest
from starlette.requests import ClientDisconnect

from notary.deposits.upload import BLOCK_BYTES, receive_upload
from notary.errors import ExhibitTooLargeError, UploadTruncatedError


class Sink:
    """Keeps the blocks it is given; fails at the block of a number."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.blocks: list[bytes] = []
        self._fail_at = fail_at

    def write(self, block: bytes) -> None:
        if len(self.blocks) == self._fail_at:
            raise OSError("no more")
        self.blocks.append(block)


async def body(chunks: Sequence[bytes], *, broken: bool = False) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if broken:
        raise ClientDisconnect


def receive(
    sink: Sink,
    chunks: Sequence[bytes],
    *,
    broken: bool = False,
    announced: int | None = None,
    limit: int = 100 * BLOCK_BYTES,
) -> None:
    async def run() -> None:
        await receive_upload(
            body(chunks, broken=broken), sink.write, announced_bytes=announced, limit_bytes=limit
        )

    anyio.run(run)


@pytest.mark.parametrize(
    "sizes", [[], [0], [1], [BLOCK_BYTES], [BLOCK_BYTES - 1, 2], [65_536] * 100, [3 * BLOCK_BYTES]]
)
def test_every_byte_is_written_in_order_in_large_blocks(sizes: list[int]) -> None:
    chunks = [bytes([n % 251]) * size for n, size in enumerate(sizes)]
    sink = Sink()
    receive(sink, chunks, announced=sum(sizes))
    assert b"".join(sink.blocks) == b"".join(chunks)
    assert all(len(block) >= BLOCK_BYTES for block in sink.blocks[:-1])


def test_a_body_of_unannounced_length_is_received() -> None:
    sink = Sink()
    receive(sink, [b"abc"], announced=None)
    assert sink.blocks == [b"abc"]


def test_a_body_shorter_than_announced_is_rejected() -> None:
    with pytest.raises(UploadTruncatedError, match="announced as 4 bytes and ended after 3"):
        receive(Sink(), [b"abc"], announced=4)


@pytest.mark.parametrize("size", [3, 5 * BLOCK_BYTES])
def test_a_connection_that_breaks_is_a_truncated_upload(size: int) -> None:
    with pytest.raises(UploadTruncatedError, match=f"after {size} bytes"):
        receive(Sink(), [bytes(size)], broken=True, announced=size)


def test_a_body_of_the_longest_size_is_received() -> None:
    sink = Sink()
    receive(sink, [b"abc"], limit=3, announced=3)
    assert sink.blocks == [b"abc"]


def test_a_body_announced_too_long_is_refused_before_it_is_read() -> None:
    async def unread() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    async def run() -> None:
        await receive_upload(unread(), Sink().write, announced_bytes=4, limit_bytes=3)

    with pytest.raises(ExhibitTooLargeError):
        anyio.run(run)


def test_a_body_that_turns_out_too_long_is_refused() -> None:
    with pytest.raises(ExhibitTooLargeError) as refusal:
        receive(Sink(), [b"ab", b"cd"], limit=3)
    assert refusal.value.members == {"limit_bytes": 3}


@pytest.mark.parametrize("fail_at", [0, 1, 3])
def test_what_the_writer_raises_ends_the_upload(fail_at: int) -> None:
    with pytest.raises(OSError, match="no more"):
        receive(Sink(fail_at), [bytes(BLOCK_BYTES)] * 3 + [b"rest"])
