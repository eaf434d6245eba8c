"""Sealed QBFT headers for tests: what validators would write, from keys the test holds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coincurve import PrivateKey

from chain.header import BlockHeader
from chain.keccak import keccak256
from chain.mpt import EMPTY_TRIE_ROOT
from chain.qbft import (
    DIFFICULTY,
    EMPTY_OMMERS_HASH,
    MIX_HASH,
    ExtraData,
    encode_extra_data,
    parse_extra_data,
    seal_hash,
)


def validator_keys(count: int) -> list[PrivateKey]:
    """Return the keys of `count` validators, in ascending order of address."""
    keys = [PrivateKey(bytes([number]) * 32) for number in range(1, count + 1)]
    return sorted(keys, key=address_of)


def address_of(key: PrivateKey) -> bytes:
    """Return the 20-byte address of a key."""
    return keccak256(key.public_key.format(compressed=False)[1:])[-20:]


def unsealed_header(keys: Sequence[PrivateKey], **fields: Any) -> BlockHeader:
    """Return a header of block 7 with `keys` as validators and no seals; `fields` replace some."""
    validators = tuple(address_of(key) for key in keys)
    header = BlockHeader(
        parent_hash=keccak256(b"parent"),
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=validators[0],
        state_root=EMPTY_TRIE_ROOT,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        bloom=bytes(range(256)),
        difficulty=DIFFICULTY,
        number=7,
        gas_limit=30_000_000,
        gas_used=21_000,
        timestamp=1_700_000_000,
        extra_data=encode_extra_data(ExtraData(vanity=bytes(32), validators=validators)),
        mix_hash=MIX_HASH,
        nonce=bytes(8),
        base_fee=0,
    )
    return replace(header, **fields)


def with_extra(header: BlockHeader, **fields: Any) -> BlockHeader:
    """Return `header` with some fields of its extra data replaced."""
    extra = replace(parse_extra_data(header.extra_data), **fields)
    return replace(header, extra_data=encode_extra_data(extra))


def seal(header: BlockHeader, keys: Sequence[PrivateKey]) -> BlockHeader:
    """Return `header` with a commit seal of each of `keys`."""
    signed = seal_hash(header)
    return with_extra(header, seals=tuple(key.sign_recoverable(signed, None) for key in keys))
