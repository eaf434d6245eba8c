"""The EvidenceLedger contract as seen from outside: its events and its storage.

Owns the decoding of the contract's events and the place of a stream's head in its storage, for any
engine. Leaves calling the contract to the engines and the meaning of logs, streams and leaves to
`evidence`.

Solidity ABI specification (events, words); Vyper storage layout of mappings: keccak(slot ‖ key).
"""

from dataclasses import dataclass

from chain.errors import ContractError
from chain.keccak import keccak256
from chain.proof import EvmLog

HEADS_SLOT = 5
"""Storage slot of `heads` in the committed artifact."""

EXTENDED_TOPIC = keccak256(b"Extended(bytes32,uint64,uint64,bytes32,address)")
HEAD_MOVED_TOPIC = keccak256(b"HeadMoved(bytes32,bytes32,uint64,bytes32)")

NO_HEAD = bytes(32)
"""What the contract stores for a stream without a head."""

_WORD_BYTES = 32
_ADDRESS_BYTES = 20
_UINT64_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerExtension:
    """A log grew: the contract accepted a larger tree that contains the former one."""

    log_id: bytes
    """32 bytes."""
    previous_size: int
    size: int
    root: bytes
    """32 bytes: RFC 9162 root of the first `size` leaves."""
    sequencer: bytes
    """20 bytes: the account that extended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMove:
    """A stream of a log has a new last entry."""

    log_id: bytes
    """32 bytes."""
    stream: bytes
    """32 bytes."""
    sequence: int
    """At least 1."""
    leaf: bytes
    """32 bytes."""


def parse_extended(log: EvmLog, contract: bytes) -> LedgerExtension:
    """Return the extension that `contract`, a 20-byte address, reported in `log`.

    Raises:
        ContractError: the EVM log is of another contract or event, or is malformed.
    """
    (log_id,), (previous_size, size, root, sequencer) = _event(
        log, contract, "Extended", EXTENDED_TOPIC, indexed=1, words=4
    )
    return LedgerExtension(
        log_id=log_id,
        previous_size=_uint64(previous_size),
        size=_uint64(size),
        root=root,
        sequencer=_strip(sequencer, _ADDRESS_BYTES),
    )


def parse_head_moved(log: EvmLog, contract: bytes) -> HeadMove:
    """Return the move of a head that `contract`, a 20-byte address, reported in `log`.

    Raises:
        ContractError: the EVM log is of another contract or event, or is malformed.
    """
    (log_id, stream), (sequence, leaf) = _event(
        log, contract, "HeadMoved", HEAD_MOVED_TOPIC, indexed=2, words=2
    )
    return HeadMove(log_id=log_id, stream=stream, sequence=_uint64(sequence), leaf=leaf)


def head_commitment(sequence: int, leaf: bytes) -> bytes:
    """Return the 32 bytes the contract stores for a stream whose last entry is this one.

    `sequence` is at least 1, for a stream that holds only its first entry has no head; `leaf` is
    the entry's 32-byte leaf hash.

    Raises:
        ContractError: the sequence does not fit a head, or the leaf is not 32 bytes.
    """
    if not 1 <= sequence < 1 << 64:
        raise ContractError(f"expected a head of sequence 1 or more in 64 bits, found {sequence}")
    return keccak256(sequence.to_bytes(_WORD_BYTES, "big") + _word("leaf", leaf))


def head_slot(log_id: bytes, stream_key: bytes) -> bytes:
    """Return the 32-byte storage key of a stream's head; both arguments are 32 bytes.

    Raises:
        ContractError: an argument is not 32 bytes.
    """
    of_log = keccak256(HEADS_SLOT.to_bytes(_WORD_BYTES, "big") + _word("log id", log_id))
    return keccak256(of_log + _word("stream key", stream_key))


def _event(
    log: EvmLog, contract: bytes, name: str, topic: bytes, *, indexed: int, words: int
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the indexed and the other words of an event of `contract`."""
    if log.address != contract:
        raise ContractError(
            f"expected an EVM log of contract {contract.hex()}, found one of {log.address.hex()}"
        )
    if log.topics[:1] != (topic,):
        raise ContractError(f"the EVM log is not the event {name}")
    if len(log.topics) != 1 + indexed or len(log.data) != words * _WORD_BYTES:
        raise ContractError(
            f"expected {indexed} indexed and {words} other words in {name}, "
            f"found {len(log.topics) - 1} and {len(log.data)} bytes"
        )
    return log.topics[1:], tuple(
        log.data[start : start + _WORD_BYTES] for start in range(0, len(log.data), _WORD_BYTES)
    )


def _uint64(word: bytes) -> int:
    return int.from_bytes(_strip(word, _UINT64_BYTES), "big")


def _strip(word: bytes, length: int) -> bytes:
    """Return the last `length` bytes of a word whose other bytes are zero."""
    if any(word[:-length]):
        raise ContractError(f"expected a value of {length} bytes in an event, found {word.hex()}")
    return word[-length:]


def _word(name: str, value: bytes) -> bytes:
    if len(value) != _WORD_BYTES:
        raise ContractError(f"expected 32 bytes as {name}, found {len(value)}")
    return value
