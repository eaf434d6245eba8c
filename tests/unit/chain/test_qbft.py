"""Only headers sealed by a quorum of the trusted validators are accepted, and every byte counts."""

from dataclasses import replace
from typing import Any

import pytest
import rlp as other_rlp
from coincurve import PrivateKey
from eth_keys.backends import NativeECCBackend
from eth_keys.main import KeyAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import rlp
from chain.errors import ChainError, SealError
from chain.header import encode_header, parse_header
from chain.keccak import keccak256
from chain.qbft import (
    NO_VOTE,
    ExtraData,
    block_hash,
    encode_extra_data,
    parse_extra_data,
    quorum,
    seal_hash,
    verify_commit_seals,
)
from tests.unit.chain.sealing import address_of, seal, unsealed_header, validator_keys, with_extra

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FOUR = validator_keys(4)
TRUSTED = [address_of(key) for key in FOUR]
STRANGER = PrivateKey(b"\x77" * 32)


def refused(header: Any, why: str, trusted: list[bytes] = TRUSTED) -> None:
    with pytest.raises(SealError, match=why):
        verify_commit_seals(header, trusted)


# Extra data


@pytest.mark.parametrize(
    "extra",
    [
        ExtraData(vanity=bytes(32), validators=()),
        ExtraData(vanity=b"v" * 32, validators=tuple(TRUSTED), round=2**32 - 1),
        ExtraData(vanity=bytes(32), validators=(), vote=rlp.encode([TRUSTED[0], b"\xff"])),
        ExtraData(vanity=bytes(32), validators=(), vote=rlp.encode([TRUSTED[0], b""])),
        ExtraData(vanity=bytes(32), validators=(), round=1, seals=(b"s" * 65, b"t" * 65)),
    ],
)
def test_extra_data_is_read_back(extra: ExtraData) -> None:
    assert parse_extra_data(encode_extra_data(extra)) == extra


@pytest.mark.parametrize(
    "items",
    [
        b"",
        b"bytes",
        [bytes(32), [], [], b""],
        [bytes(32), [], [], b"", [], b""],
        [bytes(31), [], [], b"", []],
        [[], [], [], b"", []],
        [[b""] * 32, [], [], b"", []],
        [bytes(32), b"", [], b"", []],
        [bytes(32), [bytes(19)], [], b"", []],
        [bytes(32), [[]], [], b"", []],
        [bytes(32), [[b""] * 20], [], b"", []],
        [bytes(32), [], b"", b"", []],
        [bytes(32), [], [bytes(20)], b"", []],
        [bytes(32), [], [bytes(19), b""], b"", []],
        [bytes(32), [], [bytes(20), b"\x01"], b"", []],
        [bytes(32), [], [bytes(20), b"\x00"], b"", []],
        [bytes(32), [], [bytes(20), []], b"", []],
        [bytes(32), [], [], b"\x00", []],
        [bytes(32), [], [], b"\x01" * 5, []],
        [bytes(32), [], [], [], []],
        [bytes(32), [], [], b"", b""],
        [bytes(32), [], [], b"", [bytes(64)]],
        [bytes(32), [], [], b"", [bytes(66)]],
    ],
)
def test_malformed_extra_data_is_rejected(items: Any) -> None:
    with pytest.raises(SealError):
        parse_extra_data(rlp.encode(items))


def test_extra_data_followed_by_a_byte_is_rejected() -> None:
    raw = encode_extra_data(ExtraData(vanity=bytes(32), validators=()))
    with pytest.raises(SealError, match="cannot be read"):
        parse_extra_data(raw + b"\x00")


# The two hashes


def test_hashes_are_those_of_the_header_without_seals() -> None:
    header = seal(with_extra(unsealed_header(FOUR), round=3), FOUR)
    fields = list(other_rlp.decode(encode_header(header)))
    fields[12] = other_rlp.encode([bytes(32), TRUSTED, [], 3, []])
    assert seal_hash(header) == keccak256(other_rlp.encode(fields))
    fields[12] = other_rlp.encode([bytes(32), TRUSTED, [], 0, []])
    assert block_hash(header) == keccak256(other_rlp.encode(fields))


def test_hashes_differ_only_by_the_round() -> None:
    header = unsealed_header(FOUR)
    assert block_hash(header) == seal_hash(header)
    later = with_extra(header, round=1)
    assert block_hash(later) == block_hash(header)
    assert seal_hash(later) != seal_hash(header)


def test_genesis_is_hashed_as_it_is() -> None:
    genesis = with_extra(unsealed_header(FOUR, number=0), round=5, seals=(b"s" * 65,))
    assert block_hash(genesis) == keccak256(encode_header(genesis))


def test_quorum_is_two_thirds_rounded_up() -> None:
    assert {count: quorum(count) for count in (1, 2, 3, 4, 5, 6, 7, 10)} == {
        1: 1, 2: 2, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 10: 7,
    }  # fmt: skip


# Commit seals


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 10])
def test_quorum_of_seals_is_accepted_and_one_less_is_not(count: int) -> None:
    keys = validator_keys(count)
    trusted = [address_of(key) for key in keys]
    header = with_extra(unsealed_header(keys), round=1)
    signers = keys[: quorum(count)]
    sealed = verify_commit_seals(seal(header, signers), trusted)
    assert sealed.committers == tuple(address_of(key) for key in signers)
    assert sealed.header == seal(header, signers)
    assert sealed.block_hash == block_hash(header)
    refused(seal(header, signers[1:]), "commit seals", trusted)


def test_seal_of_an_independent_implementation_is_accepted() -> None:
    (key,) = validator_keys(1)
    header = unsealed_header([key])
    native = KeyAPI(NativeECCBackend()).PrivateKey(key.secret)
    made = native.sign_msg_hash(seal_hash(header)).to_bytes()
    sealed = verify_commit_seals(with_extra(header, seals=(made,)), [address_of(key)])
    assert sealed.committers == (native.public_key.to_canonical_address(),)


def test_surplus_seals_in_any_order_are_accepted() -> None:
    header = seal(unsealed_header(FOUR), FOUR[::-1])
    assert verify_commit_seals(header, set(TRUSTED)).committers == tuple(TRUSTED[::-1])


def test_vote_does_not_change_the_decision() -> None:
    vote = rlp.encode([address_of(STRANGER), b"\xff"])
    header = with_extra(unsealed_header(FOUR), vote=vote)
    assert verify_commit_seals(seal(header, FOUR), TRUSTED)
    refused(with_extra(seal(header, FOUR), vote=NO_VOTE), "not a trusted validator")


def test_seal_of_a_stranger_is_rejected_even_beside_a_quorum() -> None:
    refused(seal(unsealed_header(FOUR), [*FOUR[:3], STRANGER]), "not a trusted validator")


def test_two_seals_of_one_validator_are_rejected() -> None:
    refused(seal(unsealed_header(FOUR), [*FOUR[:3], FOUR[0]]), "sealed the header twice")
    refused(seal(unsealed_header(FOUR), [FOUR[0]] * 3), "sealed the header twice")


def test_more_seals_than_validators_are_rejected_unread() -> None:
    refused(seal(unsealed_header(FOUR), [*FOUR, STRANGER]), "cannot have made 5 seals")


def test_seal_with_the_high_form_of_s_is_rejected() -> None:
    header = seal(unsealed_header(FOUR), FOUR)
    first, *others = parse_extra_data(header.extra_data).seals
    low_s = int.from_bytes(first[32:64], "big")
    high = first[:32] + (ORDER - low_s).to_bytes(32, "big") + bytes([first[64] ^ 1])
    refused(with_extra(header, seals=(high, *others)), "high form of s")


def test_half_of_the_group_order_is_the_highest_low_s() -> None:
    header = seal(unsealed_header(FOUR), FOUR)
    r = parse_extra_data(header.extra_data).seals[0][:32]
    for s, why in ((ORDER // 2, "not a trusted validator"), (ORDER // 2 + 1, "high form of s")):
        refused(with_extra(header, seals=(r + s.to_bytes(32, "big") + b"\x00",)), why)


@pytest.mark.parametrize("last", [2, 3, 4, 27, 28, 255])
def test_seal_with_another_recovery_byte_is_rejected(last: int) -> None:
    header = seal(unsealed_header(FOUR), FOUR)
    first, *others = parse_extra_data(header.extra_data).seals
    refused(with_extra(header, seals=(first[:64] + bytes([last]), *others)), "0 or 1")


@pytest.mark.parametrize(
    "made",
    [
        bytes(65),
        bytes(31) + b"\x01" + bytes(33),
        bytes(63) + b"\x01\x00",
        b"\xff" * 32 + bytes(31) + b"\x01\x00",
        ORDER.to_bytes(32, "big") + bytes(31) + b"\x01\x00",
    ],
)
def test_seal_from_which_no_key_can_be_recovered_is_rejected(made: bytes) -> None:
    header = seal(unsealed_header(FOUR), FOUR)
    refused(with_extra(header, seals=(made,)), "no public key can be recovered")


def test_seals_over_the_block_hash_are_rejected_in_a_later_round() -> None:
    header = with_extra(unsealed_header(FOUR), round=1)
    signed = block_hash(header)
    seals = tuple(key.sign_recoverable(signed, None) for key in FOUR)
    refused(with_extra(header, seals=seals), "not a trusted validator")


# Header rules


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("mix_hash", bytes(32), "mix hash"),
        ("difficulty", 0, "difficulty 1, found 0"),
        ("difficulty", 2, "difficulty 1, found 2"),
        ("ommers_hash", bytes(32), "no ommers"),
        ("number", 0, "genesis"),
        ("coinbase", address_of(STRANGER), "proposer"),
    ],
)
def test_header_that_breaks_a_rule_is_rejected_whoever_sealed_it(
    field: str, value: Any, why: str
) -> None:
    refused(seal(replace(unsealed_header(FOUR), **{field: value}), FOUR), why)


def test_any_trusted_validator_may_propose() -> None:
    for validator in TRUSTED:
        header = seal(unsealed_header(FOUR, coinbase=validator), FOUR)
        assert verify_commit_seals(header, TRUSTED).header.coinbase == validator


@pytest.mark.parametrize(
    ("validators", "why"),
    [
        (TRUSTED[::-1], "ascending order"),
        ([TRUSTED[0], *TRUSTED], "ascending order"),
        (TRUSTED[:3], "not the trusted ones"),
        (sorted([*TRUSTED, address_of(STRANGER)]), "not the trusted ones"),
        (sorted([*TRUSTED[:3], address_of(STRANGER)]), "not the trusted ones"),
        ([], "not the trusted ones"),
    ],
)
def test_header_with_another_list_of_validators_is_rejected(
    validators: list[bytes], why: str
) -> None:
    header = with_extra(unsealed_header(FOUR), validators=tuple(validators))
    refused(seal(header, FOUR), why)


def test_trust_in_other_or_no_validators_is_not_met() -> None:
    header = seal(unsealed_header(FOUR), FOUR)
    refused(header, "not the trusted ones", TRUSTED[:3])
    refused(header, "not the trusted ones", [address_of(STRANGER)])
    refused(header, "at least one trusted validator", [])


def test_header_without_qbft_extra_data_is_rejected() -> None:
    refused(unsealed_header(FOUR, extra_data=b"geth"), "cannot be read|five fields")


# Every byte counts


def sealed_bytes(validators: int, signers: int) -> tuple[bytes, list[bytes]]:
    keys = validator_keys(validators)
    header = seal(with_extra(unsealed_header(keys), round=1), keys[:signers])
    return encode_header(header), [address_of(key) for key in keys]


def is_accepted(raw: bytes, trusted: list[bytes]) -> bool:
    try:
        verify_commit_seals(parse_header(raw), trusted)
    except ChainError:
        return False
    return True


@pytest.mark.parametrize(("validators", "signers"), [(1, 1), (4, 3), (4, 4)])
def test_no_header_with_a_flipped_bit_in_any_byte_is_accepted(
    validators: int, signers: int
) -> None:
    raw, trusted = sealed_bytes(validators, signers)
    assert is_accepted(raw, trusted)
    for index, byte in enumerate(raw):
        mutated = raw[:index] + bytes([byte ^ (1 << index % 8)]) + raw[index + 1 :]
        assert not is_accepted(mutated, trusted), index


@settings(max_examples=300, deadline=None)
@given(data=st.data(), shape=st.sampled_from([(1, 1), (4, 3), (4, 4)]))
def test_no_header_with_a_changed_byte_is_accepted(
    data: st.DataObject, shape: tuple[int, int]
) -> None:
    raw, trusted = sealed_bytes(*shape)
    index = data.draw(st.integers(0, len(raw) - 1))
    mask = data.draw(st.integers(1, 255))
    mutated = raw[:index] + bytes([raw[index] ^ mask]) + raw[index + 1 :]
    assert not is_accepted(mutated, trusted)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_header_with_a_byte_more_or_less_is_accepted(data: st.DataObject) -> None:
    raw, trusted = sealed_bytes(4, 3)
    index = data.draw(st.integers(0, len(raw) - 1))
    added = data.draw(st.binary(min_size=1, max_size=1))
    assert not is_accepted(raw[:index] + raw[index + 1 :], trusted)
    assert not is_accepted(raw[:index] + added + raw[index:], trusted)
