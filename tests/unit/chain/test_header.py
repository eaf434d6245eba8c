"""Block headers are read strictly and written back to the same bytes."""

from dataclasses import replace

import pytest
import rlp as other_rlp
from eth.chains.mainnet import MAINNET_GENESIS_HEADER
from eth.vm.forks.london.blocks import LondonBlockHeader

from chain import rlp
from chain.errors import HeaderError
from chain.header import BlockHeader, encode_header, parse_header
from chain.keccak import keccak256

HEADER = BlockHeader(
    parent_hash=b"\x01" * 32,
    ommers_hash=b"\x02" * 32,
    coinbase=b"\x03" * 20,
    state_root=b"\x04" * 32,
    transactions_root=b"\x05" * 32,
    receipts_root=b"\x06" * 32,
    bloom=b"\x07" * 256,
    difficulty=1,
    number=8,
    gas_limit=9,
    gas_used=0,
    timestamp=1_700_000_000,
    extra_data=b"extra",
    mix_hash=b"\x0a" * 32,
    nonce=b"\x0b" * 8,
    base_fee=0,
)
FIELDS = rlp.decode(encode_header(HEADER))


def test_genesis_of_the_public_chain_has_its_known_hash() -> None:
    raw = other_rlp.encode(MAINNET_GENESIS_HEADER)
    header = parse_header(raw)
    assert header.base_fee is None
    assert keccak256(encode_header(header)).hex() == (
        "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"
    )


def test_london_header_agrees_with_py_evm() -> None:
    theirs = LondonBlockHeader(
        difficulty=HEADER.difficulty,
        block_number=HEADER.number,
        gas_limit=HEADER.gas_limit,
        timestamp=HEADER.timestamp,
        coinbase=HEADER.coinbase,
        parent_hash=HEADER.parent_hash,
        uncles_hash=HEADER.ommers_hash,
        state_root=HEADER.state_root,
        transaction_root=HEADER.transactions_root,
        receipt_root=HEADER.receipts_root,
        bloom=int.from_bytes(HEADER.bloom, "big"),
        gas_used=HEADER.gas_used,
        extra_data=HEADER.extra_data,
        mix_hash=HEADER.mix_hash,
        nonce=HEADER.nonce,
        base_fee_per_gas=0,
    )
    assert other_rlp.encode(theirs) == encode_header(HEADER)
    assert keccak256(encode_header(HEADER)) == theirs.hash


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        replace(HEADER, base_fee=None),
        replace(HEADER, base_fee=2**256 - 1, later_fields=(b"", b"\x00", bytes(32))),
        replace(HEADER, later_fields=(b"later",) * 16),
        replace(HEADER, number=2**64 - 1, gas_used=2**64 - 1, difficulty=2**256 - 1),
    ],
)
def test_header_is_read_back(header: BlockHeader) -> None:
    assert parse_header(encode_header(header)) == header


@pytest.mark.parametrize("index", [0, 1, 2, 3, 4, 5, 6, 13, 14])
@pytest.mark.parametrize("change", [b"\x00", None])
def test_field_of_another_length_is_rejected(index: int, change: bytes | None) -> None:
    fields = list(FIELDS)
    fields[index] = fields[index] + change if change else fields[index][1:]
    with pytest.raises(HeaderError, match=r"expected \d+ bytes in the header field"):
        parse_header(rlp.encode(fields))


@pytest.mark.parametrize(("index", "most"), [(7, 32), (8, 8), (9, 8), (10, 8), (11, 8), (15, 32)])
def test_number_that_is_too_long_or_not_shortest_is_rejected(index: int, most: int) -> None:
    for bad in (b"\x00", b"\x00\x01", b"\x01" * (most + 1)):
        fields = list(FIELDS)
        fields[index] = bad
        with pytest.raises(HeaderError, match="scalar"):
            parse_header(rlp.encode(fields))


@pytest.mark.parametrize("index", range(17))
def test_list_in_place_of_a_field_is_rejected(index: int) -> None:
    fields = [*FIELDS, b""]
    fields[index] = []
    with pytest.raises(HeaderError, match="found a list"):
        parse_header(rlp.encode(fields))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        rlp.encode(b"bytes, not fields"),
        rlp.encode(FIELDS[:14]),
        rlp.encode([*FIELDS, *[b""] * 17]),
        encode_header(HEADER) + b"\x00",
        encode_header(HEADER)[:-1],
    ],
)
def test_anything_but_a_list_of_header_fields_is_rejected(raw: bytes) -> None:
    with pytest.raises(HeaderError):
        parse_header(raw)


def test_later_fields_without_a_base_fee_cannot_be_written() -> None:
    with pytest.raises(HeaderError, match="base fee"):
        encode_header(replace(HEADER, base_fee=None, later_fields=(b"",)))
