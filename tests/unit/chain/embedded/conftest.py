"""Fixtures of the embedded chain: a new chain with a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.embedded import EmbeddedChain, open_embedded_chain
from tests.unit.chain.embedded.sending import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(1_700_000_000.5)


@pytest.fixture
def chain(tmp_path: Path, clock: SettableClock) -> Iterator[EmbeddedChain]:
    with open_embedded_chain(tmp_path, clock=clock) as chain:
        yield chain
