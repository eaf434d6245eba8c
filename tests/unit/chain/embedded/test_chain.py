"""The embedded chain as its users see it: blocks, refusals, reopening, threads."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chain.embedded import DEFAULT_CHAIN_ID, EmbeddedChain, open_embedded_chain
from chain.embedded.engine import read_transaction
from chain.embedded.receipts import parse_receipt
from chain.embedded.refusal import RefusedError
from chain.errors import ChainLockedError, EngineError, SealError, WrongChainError
from chain.header import parse_header
from chain.keccak import keccak256
from chain.qbft import block_hash, parse_extra_data, verify_commit_seals
from tests.unit.chain.embedded.sending import (
    COUNTER,
    REFUSER,
    SENDER,
    STRANGER,
    SettableClock,
    address_of,
    sign,
    sign_creation,
    sign_typed,
)


def test_block_is_sealed_by_the_validator(chain: EmbeddedChain) -> None:
    block = chain.mine([sign(0)])
    sealed = verify_commit_seals(parse_header(block.header), [chain.identity.validator])
    assert sealed.block_hash == block.hash
    assert sealed.committers == (chain.identity.validator,)


def test_block_does_not_verify_under_another_validator(chain: EmbeddedChain) -> None:
    block = chain.mine([sign(0)])
    with pytest.raises(SealError):
        verify_commit_seals(parse_header(block.header), [bytes(20)])


def test_vanity_states_that_the_chain_is_a_sandbox(chain: EmbeddedChain) -> None:
    chain.mine([])
    vanity = parse_extra_data(chain.head.extra_data).vanity
    assert vanity == b"zhenglian embedded sandbox".ljust(32, b"\x00")


def test_block_names_its_parent_by_the_hash_without_seals(chain: EmbeddedChain) -> None:
    first, second = chain.mine([]), chain.mine([])
    assert parse_header(second.header).parent_hash == first.hash
    assert first.hash != keccak256(first.header)


def test_mined_transactions_keep_their_order(chain: EmbeddedChain) -> None:
    raws = [sign(0), sign_typed(1), sign(0, account=STRANGER)]
    assert [tx.raw for tx in chain.mine(raws).txs] == raws


def test_reverted_transaction_is_mined_with_status_0(chain: EmbeddedChain) -> None:
    block = chain.mine([sign_creation(0, REFUSER), sign_creation(1, COUNTER)])
    assert [parse_receipt(tx.receipt).status for tx in block.txs] == [0, 1]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (sign(1), "nonce too high"),
        (sign(0, value=1), "balance"),
        (sign(0, gasPrice=1), "cannot afford"),
        (sign(0, gas=20_999), "intrinsic gas too low"),
        (sign(0, gas=100_000_001), "exceeds block gas limit"),
        (sign(0, chainId=1), "a transaction for chain 20180907 is expected, got 1"),
        (sign(0)[:-1], "cannot be read"),
        (sign(0) + b"\x00", "cannot be read"),
        (sign_typed(0)[:-1], "cannot be read"),
        (b"", "cannot be read"),
        (b"\x7f", "cannot be read"),
    ],
)
def test_transaction_that_cannot_be_mined_is_refused(
    chain: EmbeddedChain, raw: bytes, message: str
) -> None:
    with pytest.raises(RefusedError, match=message):
        chain.mine([raw])
    assert chain.head.number == 0


@settings(max_examples=150, deadline=None)
@given(
    raw=st.sampled_from([sign(0), sign_typed(0), sign_creation(0, COUNTER)]),
    position=st.integers(min_value=0, max_value=90),
    byte=st.integers(min_value=0, max_value=255),
)
def test_altered_transaction_is_refused_or_of_another_sender(
    raw: bytes, position: int, byte: int
) -> None:
    altered = raw[:position] + bytes([byte]) + raw[position + 1 :]
    assume(altered != raw)
    try:
        transaction = read_transaction(altered, DEFAULT_CHAIN_ID)
    except RefusedError:
        return
    assert transaction.sender != address_of(SENDER)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(RefusedError):
        read_transaction(raw, DEFAULT_CHAIN_ID)


def test_closed_chain_refuses_everything(tmp_path: Path) -> None:
    chain = open_embedded_chain(tmp_path)
    chain.close()
    with pytest.raises(EngineError, match="closed"):
        chain.mine([])


def test_block_with_one_refused_transaction_is_not_mined(chain: EmbeddedChain) -> None:
    with pytest.raises(RefusedError, match="nonce too low"):
        chain.mine([sign(0), sign(0, gas=21_000)])
    assert chain.head.number == 0
    assert chain.mine([sign(0), sign(1, gas=21_000)]).number == 1


def test_transaction_sent_twice_is_already_known(chain: EmbeddedChain) -> None:
    chain.mine([sign(0)])
    with pytest.raises(RefusedError, match="already known"):
        chain.mine([sign(0)])


def test_block_time_follows_the_clock_in_whole_seconds(
    chain: EmbeddedChain, clock: SettableClock
) -> None:
    clock.now = 1_700_000_009.9
    assert parse_header(chain.mine([]).header).timestamp == 1_700_000_009


def test_block_time_never_goes_back(chain: EmbeddedChain, clock: SettableClock) -> None:
    clock.now = 1_600_000_000
    assert parse_header(chain.mine([]).header).timestamp == 1_700_000_000


def test_reopened_chain_continues_where_it_stopped(tmp_path: Path) -> None:
    with open_embedded_chain(tmp_path) as chain:
        block = chain.mine([sign(0)])
    with open_embedded_chain(tmp_path) as chain:
        assert block_hash(chain.head) == block.hash
        assert chain.mine([sign(1)]).number == 2


def test_chain_open_elsewhere_is_refused_with_its_path(chain: EmbeddedChain) -> None:
    with pytest.raises(ChainLockedError, match=str(chain.directory)):
        open_embedded_chain(chain.directory)


def test_closed_chain_can_be_opened_again(tmp_path: Path) -> None:
    open_embedded_chain(tmp_path).close()
    open_embedded_chain(tmp_path).close()


def test_another_chain_id_is_refused(tmp_path: Path) -> None:
    open_embedded_chain(tmp_path).close()
    with pytest.raises(WrongChainError, match=f"chain 7 is expected .*{DEFAULT_CHAIN_ID}"):
        open_embedded_chain(tmp_path, chain_id=7)
    open_embedded_chain(tmp_path).close()


def test_another_validator_key_is_refused(tmp_path: Path) -> None:
    open_embedded_chain(tmp_path).close()
    (tmp_path / "validator.key").write_text("11" * 32)
    with pytest.raises(WrongChainError, match="the key of validator"):
        open_embedded_chain(tmp_path)


def test_missing_validator_key_is_refused_and_not_replaced(tmp_path: Path) -> None:
    open_embedded_chain(tmp_path).close()
    (tmp_path / "validator.key").unlink()
    with pytest.raises(WrongChainError, match="found no key"):
        open_embedded_chain(tmp_path)
    assert not (tmp_path / "validator.key").exists()


def test_key_left_by_a_first_start_that_ended_early_is_used(tmp_path: Path) -> None:
    (tmp_path / "validator.key").write_text("11" * 32)
    with open_embedded_chain(tmp_path) as chain:
        assert chain.mine([]).number == 1
    assert (tmp_path / "validator.key").read_text() == "11" * 32


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chain.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(EngineError, match="cannot be used"):
        open_embedded_chain(tmp_path)


def test_file_of_another_schema_version_is_refused(tmp_path: Path) -> None:
    open_embedded_chain(tmp_path).close()
    with sqlite3.connect(tmp_path / "chain.sqlite3") as connection:
        connection.execute("PRAGMA user_version=2")
    connection.close()
    with pytest.raises(EngineError, match=r"schema version 1 is expected .* found 2"):
        open_embedded_chain(tmp_path)


def test_block_that_cannot_be_written_leaves_the_chain_as_it_was(chain: EmbeddedChain) -> None:
    block = chain.mine([sign(0)])
    clash = replace(block, number=2)  # its transaction is filed already
    with pytest.raises(EngineError, match="UNIQUE"):
        chain.store.append(clash, {b"\x01" * 32: b"node"})
    assert chain.head.number == 1
    assert chain.store.state_value(b"\x01" * 32) is None
    assert chain.mine([sign(1)]).number == 2


def test_chain_whose_state_is_gone_is_refused(chain: EmbeddedChain) -> None:
    chain.mine([sign(0)])
    with sqlite3.connect(chain.store.path) as connection:
        connection.execute("DELETE FROM state")
    connection.close()
    with pytest.raises(EngineError, match="not complete"):
        chain.mine([sign(1)])
    with pytest.raises(EngineError, match="not complete"):
        chain.web3().eth.get_balance(STRANGER.address)


def test_threads_mine_one_after_the_other(chain: EmbeddedChain) -> None:
    ready = threading.Barrier(4)

    def mine_three() -> None:
        ready.wait()
        for _ in range(3):
            chain.mine([])

    threads = [threading.Thread(target=mine_three) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chain.head.number == 12
    assert chain.audit().ok
