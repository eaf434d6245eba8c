"""Events and storage of the ledger, decoded without a chain client."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode

from chain.contract import (
    EXTENDED_TOPIC,
    HEAD_MOVED_TOPIC,
    HEADS_SLOT,
    HeadMove,
    LedgerExtension,
    head_commitment,
    head_slot,
    parse_extended,
    parse_head_moved,
)
from chain.errors import ContractError
from chain.keccak import keccak256
from chain.proof import EvmLog
from contracts import load_artifact

CONTRACT, SEQUENCER = b"\xc0" * 20, b"\x5e" * 20
LOG, STREAM, ROOT, LEAF = (bytes([n]) * 32 for n in (1, 2, 3, 4))
EXTENDED = EvmLog(
    address=CONTRACT,
    topics=(EXTENDED_TOPIC, LOG),
    data=encode(
        ["uint64", "uint64", "bytes32", "address"], [5, 2**64 - 1, ROOT, "0x" + SEQUENCER.hex()]
    ),
)
HEAD_MOVED = EvmLog(
    address=CONTRACT,
    topics=(HEAD_MOVED_TOPIC, LOG, STREAM),
    data=encode(["uint64", "bytes32"], [7, LEAF]),
)


def with_word(log: EvmLog, index: int, word: bytes) -> EvmLog:
    start = index * 32
    return replace(log, data=log.data[:start] + word + log.data[start + 32 :])


def test_topics_and_slot_are_those_of_the_artifact() -> None:
    artifact = load_artifact()
    events = {part["name"]: part["inputs"] for part in artifact.abi if part["type"] == "event"}
    for name, topic in (("Extended", EXTENDED_TOPIC), ("HeadMoved", HEAD_MOVED_TOPIC)):
        signature = f"{name}({','.join(parameter['type'] for parameter in events[name])})"
        assert keccak256(signature.encode()) == topic
    assert artifact.storage_slots["heads"] == HEADS_SLOT


def test_extension_is_read() -> None:
    assert parse_extended(EXTENDED, CONTRACT) == LedgerExtension(
        log_id=LOG, previous_size=5, size=2**64 - 1, root=ROOT, sequencer=SEQUENCER
    )


def test_move_of_a_head_is_read() -> None:
    assert parse_head_moved(HEAD_MOVED, CONTRACT) == HeadMove(
        log_id=LOG, stream=STREAM, sequence=7, leaf=LEAF
    )


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (replace(EXTENDED, address=SEQUENCER), "one of 5e5e"),
        (HEAD_MOVED, "not the event Extended"),
        (replace(EXTENDED, topics=()), "not the event Extended"),
        (replace(EXTENDED, topics=(LOG, EXTENDED_TOPIC)), "not the event Extended"),
        (replace(EXTENDED, topics=(EXTENDED_TOPIC,)), "expected 1 indexed"),
        (replace(EXTENDED, topics=(EXTENDED_TOPIC, LOG, LOG)), "expected 1 indexed"),
        (replace(EXTENDED, data=EXTENDED.data[:-1]), "127 bytes"),
        (replace(EXTENDED, data=EXTENDED.data + bytes(32)), "160 bytes"),
        (with_word(EXTENDED, 0, bytes(23) + b"\x01" + bytes(8)), "value of 8 bytes"),
        (with_word(EXTENDED, 1, b"\x01" + bytes(31)), "value of 8 bytes"),
        (with_word(EXTENDED, 3, bytes(11) + b"\x01" + SEQUENCER), "value of 20 bytes"),
    ],
)
def test_evm_log_that_is_no_extension_of_this_contract_is_rejected(log: EvmLog, why: str) -> None:
    with pytest.raises(ContractError, match=why):
        parse_extended(log, CONTRACT)


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (replace(HEAD_MOVED, address=SEQUENCER), "one of 5e5e"),
        (EXTENDED, "not the event HeadMoved"),
        (replace(HEAD_MOVED, topics=(HEAD_MOVED_TOPIC, LOG)), "expected 2 indexed"),
        (replace(HEAD_MOVED, data=HEAD_MOVED.data[32:]), "32 bytes"),
        (with_word(HEAD_MOVED, 0, b"\x01" + bytes(31)), "value of 8 bytes"),
    ],
)
def test_evm_log_that_is_no_move_of_a_head_is_rejected(log: EvmLog, why: str) -> None:
    with pytest.raises(ContractError, match=why):
        parse_head_moved(log, CONTRACT)


def test_commitment_is_the_hash_of_two_words() -> None:
    assert head_commitment(1, LEAF) == keccak256(bytes(31) + b"\x01" + LEAF)
    assert head_commitment(258, LEAF) == keccak256(bytes(30) + b"\x01\x02" + LEAF)


@pytest.mark.parametrize(
    ("sequence", "leaf"), [(0, LEAF), (-1, LEAF), (2**64, LEAF), (1, LEAF[1:]), (1, b"")]
)
def test_first_entry_and_malformed_ones_have_no_commitment(sequence: int, leaf: bytes) -> None:
    with pytest.raises(ContractError):
        head_commitment(sequence, leaf)


def test_slot_depends_on_log_and_stream() -> None:
    assert head_slot(LOG, STREAM) == keccak256(
        keccak256(HEADS_SLOT.to_bytes(32, "big") + LOG) + STREAM
    )
    assert len({head_slot(LOG, STREAM), head_slot(STREAM, LOG), head_slot(LOG, LOG)}) == 3


@pytest.mark.parametrize(("log_id", "stream"), [(LOG[1:], STREAM), (LOG, STREAM + b"\x00")])
def test_slot_of_keys_that_are_no_words_is_rejected(log_id: bytes, stream: bytes) -> None:
    with pytest.raises(ContractError, match="expected 32 bytes"):
        head_slot(log_id, stream)
