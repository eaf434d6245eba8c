"""Looking at the chain in a directory without opening it for writing.

Owns reading the file of a chain that may be in use by another process: everything comes from one
SQLite snapshot, and neither the validator key nor the process lock is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chain.embedded.audit import AuditReport, audit_store
from chain.embedded.chain import CHAIN_FILE
from chain.embedded.engine import Identity
from chain.embedded.store import ChainStore
from chain.errors import EngineError
from chain.header import parse_header


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """What the file of a chain says of itself; nothing of it is verified."""

    chain_id: int
    validator: bytes
    """Address, 20 bytes."""
    height: int
    head_hash: bytes
    head_time: datetime
    tx_count: int
    size_bytes: int
    """Of the file, without its write-ahead log."""


def audit_directory(
    directory: Path, progress: Callable[[int, int], None] | None = None
) -> AuditReport:
    """The chain in the directory was executed again from genesis and compared with the file.

    `progress` is called after each block with its number and the height of the chain.

    Raises:
        EngineError: there is no chain in the directory.
    """
    with _reading(directory) as (store, identity):
        return audit_store(store, identity, progress)


def read_status(directory: Path) -> ChainStatus:
    """What the file of the chain in the directory says of itself.

    Raises:
        EngineError: there is no chain in the directory, or its file cannot be read.
    """
    with _reading(directory) as (store, identity):
        head = store.block(store.height())
        if head is None:
            raise EngineError(f"the newest block is missing in {store.path}")
        _, tx_count, _ = store.row_counts()
        return ChainStatus(
            chain_id=identity.chain_id,
            validator=identity.validator,
            height=head.number,
            head_hash=head.hash,
            head_time=datetime.fromtimestamp(parse_header(head.header).timestamp, UTC),
            tx_count=tx_count,
            size_bytes=store.path.stat().st_size,
        )


@contextmanager
def _reading(directory: Path) -> Iterator[tuple[ChainStore, Identity]]:
    path = directory / CHAIN_FILE
    if not path.is_file():
        raise EngineError(f"a chain is expected in {directory}, found no {CHAIN_FILE}")
    store = ChainStore(path)
    try:
        with store.snapshot():
            identity = store.identity()
            if identity is None:
                raise EngineError(f"a chain is expected in {path}, found an empty file")
            yield store, identity
    finally:
        store.close()
