"""Tampering with the file of a chain is found by executing it again."""

import re
import sqlite3
from pathlib import Path

import pytest

from chain.embedded import EmbeddedChain, open_embedded_chain
from chain.embedded.audit import AuditReport
from chain.embedded.blocks import StoredBlock
from chain.embedded.chain import CHAIN_FILE
from chain.embedded.directory import read_validator_key
from chain.embedded.engine import execute, seal
from chain.embedded.inspection import audit_directory
from chain.embedded.state import StateOverlay
from chain.header import encode_header
from chain.qbft import block_hash
from tests.unit.chain.embedded.sending import COUNTER, SENDER, SettableClock, sign, sign_creation

HEADER_1 = "SELECT header FROM blocks WHERE number = 1"
RAW_3 = "SELECT raw FROM txs WHERE block_number = 3"
RECEIPT_3 = "SELECT receipt FROM txs WHERE block_number = 3"
SECOND_TX = "block_number = 2 AND tx_index = 1"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A closed chain of three blocks with a contract, logs and a plain transaction."""
    with open_embedded_chain(tmp_path, clock=SettableClock(1_700_000_000)) as chain:
        chain.mine([sign_creation(0, COUNTER)])
        created = chain.web3().eth.get_transaction_receipt(chain.store.block(1).txs[0].hash)
        address = created["contractAddress"]
        chain.mine([sign(1, to=address, data=b"\x07" * 32), sign(2, to=address)])
        chain.mine([sign(3)])
    return tmp_path


def tamper(directory: Path, sql: str, *values: object) -> None:
    """One statement has changed exactly one row or more of the closed file."""
    with sqlite3.connect(directory / CHAIN_FILE) as connection:
        assert connection.execute(sql, values).rowcount > 0
    connection.close()


def test_untouched_chain_agrees(directory: Path) -> None:
    assert audit_directory(directory) == AuditReport(height=3, blocks_verified=4, fault=None)


def test_progress_counts_every_block(directory: Path) -> None:
    seen: list[tuple[int, int]] = []
    audit_directory(directory, lambda number, height: seen.append((number, height)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("sql", "blocks_verified", "fault"),
    [
        ("UPDATE identity SET chain_id = 7", 1, "chain 7 is expected"),
        ("UPDATE identity SET validator = zeroblob(20)", 0, "block 0 does not follow: its extra"),
        ("UPDATE blocks SET hash = zeroblob(32) WHERE number = 2", 2, "a hash that is not its own"),
        ("UPDATE blocks SET header = zeroblob(500) WHERE number = 2", 2, "header"),
        (f"UPDATE blocks SET header = ({HEADER_1}) WHERE number = 2", 2, "block 2 does not follow"),
        ("DELETE FROM blocks WHERE number = 2", 2, "block 2 is missing"),
        (f"UPDATE txs SET raw = ({RAW_3}) WHERE {SECOND_TX}", 2, "nonce too high"),
        (f"UPDATE txs SET hash = zeroblob(32) WHERE {SECOND_TX}", 2, "filed wrongly"),
        (f"UPDATE txs SET receipt = ({RECEIPT_3}) WHERE {SECOND_TX}", 2, "filed wrongly"),
        (f"DELETE FROM txs WHERE {SECOND_TX}", 2, "block 2 does not follow"),
        ("UPDATE logs SET topic0 = zeroblob(32) WHERE block_number = 2", 2, "the log index of"),
        ("DELETE FROM logs WHERE block_number = 2 AND log_index = 0", 2, "the log index of"),
        ("UPDATE state SET value = zeroblob(40)", 1, "state node .* is damaged"),
        ("DELETE FROM state", 1, "state node .* is damaged"),
        (f"INSERT INTO txs SELECT 9, 0, zeroblob(32), raw, receipt FROM txs WHERE {SECOND_TX}", 4,
         "4 transactions are expected in the tables, found 5"),
        ("INSERT INTO logs SELECT 9, 0, 0, address, topic0, topic1, topic2, topic3, data FROM logs"
         " LIMIT 1", 4, "2 logs are expected in the tables, found 3"),
    ],
)  # fmt: skip
def test_tampered_file_is_found(
    directory: Path, sql: str, blocks_verified: int, fault: str
) -> None:
    tamper(directory, sql)
    report = audit_directory(directory)
    assert report.fault is not None
    assert re.search(fault, report.fault), report.fault
    assert report.blocks_verified == blocks_verified


def test_seal_of_another_key_is_found(
    directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    with open_embedded_chain(other, clock=SettableClock(1_700_000_000)) as chain:
        header = chain.mine([sign(0, account=SENDER)]).header
    tamper(directory, "UPDATE blocks SET header = ? WHERE number = 1", header)
    report = audit_directory(directory)
    assert report.fault is not None
    assert "validators" in report.fault


def test_block_time_before_the_parent_is_found(directory: Path) -> None:
    with open_embedded_chain(directory) as chain:
        chain.store.append(_block_of_the_past(chain), {})
    report = audit_directory(directory)
    assert report.fault == "the time of block 4 is before its parent's"


def test_damaged_page_of_the_file_is_found(directory: Path) -> None:
    path = directory / CHAIN_FILE
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\xff" * 4096
    path.write_bytes(content)
    report = audit_directory(directory)
    assert report.fault is not None
    assert "damaged" in report.fault


def _block_of_the_past(chain: EmbeddedChain) -> StoredBlock:
    """An empty block that follows in everything but its time, sealed by the right key."""
    key = read_validator_key(chain.directory)
    assert key is not None
    executed = execute(
        StateOverlay(chain.store),
        chain.head,
        (),
        [],
        identity=chain.identity,
        timestamp=chain.head.timestamp - 1,
    )
    header = seal(executed.header, key)
    return StoredBlock(
        number=header.number, hash=block_hash(header), header=encode_header(header), txs=()
    )
