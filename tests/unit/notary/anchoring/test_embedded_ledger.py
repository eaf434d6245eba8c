from datetime import UTC, datetime
from pathlib import Path

import pytest
from eth_account import Account

from chain.embedded import DEFAULT_CHAIN_ID, open_embedded_chain
from chain.jsonrpc import ask, from_hex
from chain.ledger import deploy_ledger
from contracts import load_artifact
from notary.anchoring.embedded import EmbeddedLedger, contract_address, open_embedded_ledger
from notary.anchoring.model import NOTHING
from notary.errors import StartError

SECRET = b"\x11" * 32
ACCOUNT = Account.from_key(SECRET)
ADDRESS = from_hex(ACCOUNT.address)
LOG_ID = b"\x22" * 32


def now() -> datetime:
    return datetime(2026, 1, 31, 8, tzinfo=UTC)


def open_ledger(directory: Path, secret: bytes = SECRET) -> EmbeddedLedger:
    return open_embedded_ledger(
        directory, secret=secret, log_id=LOG_ID, chain_id=DEFAULT_CHAIN_ID, clock=now
    )


def height(ledger: EmbeddedLedger) -> int:
    return ledger._chain.head.number


def test_the_first_start_deploys_and_grants_and_no_later_one_does(tmp_path: Path) -> None:
    heights, contracts = [], []
    for _ in range(3):
        ledger = open_ledger(tmp_path / "chain")
        heights.append(height(ledger))
        contracts.append(ledger.contract)
        assert ledger.state() == NOTHING
        ledger.close()
    assert heights == [2, 2, 2]
    assert set(contracts) == {contract_address(ADDRESS)}


def test_a_crash_between_deploying_and_granting_is_made_up_for(tmp_path: Path) -> None:
    with open_embedded_chain(tmp_path / "chain", clock=lambda: now().timestamp()) as chain:
        assert deploy_ledger(chain.web3(), ACCOUNT) == contract_address(ADDRESS)
    ledger = open_ledger(tmp_path / "chain")
    assert height(ledger) == 2
    ledger.close()


def test_an_account_that_made_something_else_first_is_refused(tmp_path: Path) -> None:
    with open_embedded_chain(tmp_path / "chain", clock=lambda: now().timestamp()) as chain:
        other = ACCOUNT.sign_transaction(
            {
                "chainId": DEFAULT_CHAIN_ID,
                "nonce": 0,
                "gasPrice": 0,
                "gas": 50_000,
                "value": 0,
                "to": "0x" + 40 * "1",
                "data": b"",
            }
        )
        chain.web3().eth.send_raw_transaction(other.raw_transaction)
    with pytest.raises(StartError, match="EvidenceLedger contract is expected"):
        open_ledger(tmp_path / "chain")
    # The chain was closed again: it can be opened by whoever mends it.
    open_embedded_chain(tmp_path / "chain", clock=lambda: now().timestamp()).close()


def test_another_account_has_a_contract_of_its_own(tmp_path: Path) -> None:
    first = open_ledger(tmp_path / "chain")
    first.close()
    second = open_ledger(tmp_path / "chain", b"\x33" * 32)
    assert second.contract != first.contract
    second.close()


def test_a_chain_open_elsewhere_is_refused(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "chain")
    with pytest.raises(StartError, match="cannot be used"):
        open_ledger(tmp_path / "chain")
    ledger.close()


def test_the_contract_is_the_committed_one(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "chain")
    code = ask(ledger._chain.web3(), "eth_getCode", "0x" + ledger.contract.hex(), "latest")
    assert from_hex(code) == load_artifact().runtime_bytecode
    ledger.close()
