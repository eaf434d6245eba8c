"""Fixtures of the ledger tests: a contract on a new embedded chain, and a log that it may grow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.embedded import EmbeddedChain, open_embedded_chain
from chain.ledger import EvidenceLedger, deploy_ledger
from tests.unit.chain.embedded.sending import SENDER, STRANGER, address_of
from tests.unit.chain.growing import LOG_ID


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[EmbeddedChain]:
    with open_embedded_chain(tmp_path / "chain") as chain:
        yield chain


@pytest.fixture
def ledger(chain: EmbeddedChain) -> EvidenceLedger:
    """SENDER administers it; STRANGER is the sequencer of LOG_ID."""
    web3 = chain.web3()
    ledger = EvidenceLedger(web3, deploy_ledger(web3, SENDER))
    ledger.grant_sequencer(SENDER, LOG_ID, address_of(STRANGER))
    return ledger
