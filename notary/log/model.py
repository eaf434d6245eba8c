"""Which entries the next checkpoint takes in, and how a log without a name is called. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

MAX_BATCH = 2**16
# Entries of one checkpoint: their hashes are 2 MiB, and assigning them takes about a second.

MAX_HEADS = 60
# The contract takes at most 64 heads in one extension; a few are left as margin.


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEntry:
    """An acknowledged entry without a place in the log; `id` gives the order of acknowledgement."""

    id: int
    stream: str
    sequence: int


def next_batch(waiting: Sequence[WaitingEntry]) -> Sequence[WaitingEntry]:
    """Return the longest beginning of `waiting` that moves at most MAX_HEADS heads."""
    streams: set[str] = set()
    for n, entry in enumerate(waiting):
        if entry.sequence > 0:
            streams.add(entry.stream)
        if len(streams) > MAX_HEADS:
            return waiting[:n]
    return waiting


def default_origin(public_key: bytes) -> str:
    """Return the origin of a log that was given none: another for each key (32 bytes)."""
    return f"zhenglian.localhost/{sha256(public_key).hexdigest()[:16]}"
