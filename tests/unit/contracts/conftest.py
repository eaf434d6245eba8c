"""Fixtures of the contract tests: a deployed ledger with one administrator and one sequencer."""

import pytest
from eth_keys.datatypes import PrivateKey

from tests.unit.contracts.ledger import Ledger, account, address_of


@pytest.fixture
def administrator() -> PrivateKey:
    return account(1)


@pytest.fixture
def sequencer() -> PrivateKey:
    return account(2)


@pytest.fixture
def stranger() -> PrivateKey:
    return account(3)


@pytest.fixture
def log_id() -> bytes:
    return b"\x11" * 32


@pytest.fixture
def ledger(administrator: PrivateKey, sequencer: PrivateKey, log_id: bytes) -> Ledger:
    deployed = Ledger(administrator)
    deployed.call(administrator, "add_sequencer", log_id, address_of(sequencer))
    return deployed
