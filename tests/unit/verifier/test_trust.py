"""The trust root: what is read, and what is refused."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.fields import encode_base64
from evidence.keys import PublicKey
from tests.world import ORIGIN, PERIOD_START, World
from verifier.errors import TrustError
from verifier.trust import (
    MAX_TRUST_ROOT_BYTES,
    MAX_VALIDATORS,
    TrustRoot,
    ValidatorSet,
    encode_trust_root,
    parse_trust_root,
)

TRUST = World(validators=4).trust_root()
MEMBERS = json.loads(encode_trust_root(TRUST))


def with_sets(*ranges: tuple[int, int | None]) -> TrustRoot:
    """Return a trust root whose validators are in office for these ranges of blocks."""
    (now,) = TRUST.ledger.validator_sets
    sets = tuple(replace(now, from_block=first, to_block=last) for first, last in ranges)
    return replace(TRUST, ledger=replace(TRUST.ledger, validator_sets=sets))


def edited(edit: Callable[[Any], object]) -> bytes:
    """Return the JSON of a trust root after `edit` changed its members."""
    members = json.loads(json.dumps(MEMBERS))
    edit(members)
    return json.dumps(members).encode()


def test_encoded_trust_root_is_read_back() -> None:
    assert parse_trust_root(encode_trust_root(TRUST)) == TRUST


def test_trust_root_written_by_a_person_is_read() -> None:
    raw = json.dumps(MEMBERS, indent=4, sort_keys=False).encode()
    assert parse_trust_root(raw) == TRUST


def test_validator_sets_are_read_in_any_order() -> None:
    def reverse(members: Any) -> None:
        members["ledger"]["validator_sets"].reverse()

    expected = with_sets((1, 9), (10, None))
    members = json.loads(encode_trust_root(expected))
    reverse(members)
    assert parse_trust_root(json.dumps(members).encode()) == expected


@pytest.mark.parametrize(
    ("message", "edit"),
    [
        ("type", lambda m: m.update(type="zhenglian/trust-root/v2")),
        ("lacks the field 'ledger'", lambda m: m.pop("ledger")),
        ("unknown fields: 'comment'", lambda m: m.update(comment="")),
        ("assurance", lambda m: m.update(assurance="high")),
        ("unknown fields", lambda m: m["logs"][0].update(url="")),
        ("names 'log.example/zhenglian' twice", lambda m: m["logs"].append(m["logs"][0])),
        ("list of signers", lambda m: m["signers"].append(m["signers"][0])),
        ("algorithm", lambda m: m["signers"][0].update(algorithm="RS256")),
        ("a key for ES256 is 65 bytes", lambda m: m["signers"][0].update(algorithm="ES256")),
        (
            "expected the kid",
            lambda m: m["signers"][0].update(kid=m["signers"][1]["kid"]),
        ),
        ("signers[0].not_before", lambda m: m["signers"][0].update(not_before="2026-01-01")),
        (
            "but only until",
            lambda m: m["signers"][0].update(not_after="2025-12-31T00:00:00.000Z"),
        ),
        ("contract", lambda m: m["ledger"].update(contract="0x00")),
        ("chain_id", lambda m: m["ledger"].update(chain_id=0)),
        (
            "has 1 to 128 validators, found 0",
            lambda m: m["ledger"]["validator_sets"][0].update(validators=[]),
        ),
        (
            "twice",
            lambda m: m["ledger"]["validator_sets"][0]["validators"].append(
                m["ledger"]["validator_sets"][0]["validators"][0]
            ),
        ),
        (
            "class",
            lambda m: m["ledger"]["validator_sets"][0]["validators"][0].update({"class": "judge"}),
        ),
        (
            "list of timestamp authorities",
            lambda m: m["timestamp_authorities"].append(m["timestamp_authorities"][0]),
        ),
    ],
)
def test_trust_root_that_is_not_one_is_refused(message: str, edit: Callable[[Any], object]) -> None:
    with pytest.raises(TrustError) as refusal:
        parse_trust_root(edited(edit))
    assert message in str(refusal.value)


def test_key_given_twice_is_refused() -> None:
    raw = encode_trust_root(TRUST).replace(b'"name":', b'"name":"x","name":', 1)
    with pytest.raises(TrustError, match="twice"):
        parse_trust_root(raw)


def test_trust_root_above_the_limit_is_refused() -> None:
    raw = encode_trust_root(TRUST)
    at_limit = raw + b" " * (MAX_TRUST_ROOT_BYTES - len(raw))
    assert parse_trust_root(at_limit) == TRUST
    with pytest.raises(TrustError, match="at most 1048576 bytes"):
        parse_trust_root(at_limit + b" ")


@pytest.mark.parametrize(
    ("ranges", "overlap"),
    [
        (((1, 9), (10, None)), False),
        (((1, 9), (20, None)), False),
        (((1, 10), (10, None)), True),
        (((1, None), (10, None)), True),
        (((1, None), (10, 20)), True),
        (((1, 20), (5, 6)), True),
    ],
)
def test_overlapping_validator_sets_are_refused(
    ranges: tuple[tuple[int, int | None], ...], overlap: bool
) -> None:
    if overlap:
        with pytest.raises(TrustError, match="one after the other"):
            with_sets(*ranges)
    else:
        assert len(with_sets(*ranges).ledger.validator_sets) == 2


def test_validators_are_those_of_the_block() -> None:
    trust = with_sets((5, 9), (20, None))
    first, second = trust.ledger.validator_sets
    expected: dict[int, ValidatorSet | None] = {
        4: None,
        5: first,
        9: first,
        10: None,
        19: None,
        20: second,
        2**60: second,
    }
    assert {height: trust.validators_at(height) for height in expected} == expected


def test_validator_set_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(TrustError, match="ends before it begins"):
        with_sets((5, 4))


def test_validator_set_above_the_limit_is_refused() -> None:
    (now,) = TRUST.ledger.validator_sets
    many = [replace(now.validators[0], address=n.to_bytes(20, "big")) for n in range(1, 130)]
    assert len(replace(now, validators=tuple(many[:MAX_VALIDATORS])).addresses) == MAX_VALIDATORS
    with pytest.raises(TrustError, match="found 129"):
        replace(now, validators=tuple(many))


def test_keys_are_found_by_their_names() -> None:
    assert TRUST.log(ORIGIN) is TRUST.logs[0]
    assert TRUST.log("other.example/log") is None
    assert TRUST.signer(TRUST.signers[1].kid) is TRUST.signers[1]
    assert TRUST.signer("A" * 43) is None


def test_many_entries_are_looked_up_among_many_signers_in_seconds() -> None:
    signers = tuple(
        replace(TRUST.signers[0], public_key=PublicKey(algorithm="Ed25519", raw=raw))
        for raw in (n.to_bytes(32, "little") for n in range(2, 1002))
    )
    trust = replace(TRUST, signers=signers)
    started = time.process_time()
    assert all(trust.signer("A" * 43) is None for _ in range(1_000))
    assert time.process_time() - started < 2  # Hashing each key each time would take ten.
    assert trust.signer(signers[-1].public_key.kid) is signers[-1]


def test_log_key_of_another_algorithm_is_refused() -> None:
    depositor = World().depositor.public_key
    with pytest.raises(TrustError, match="found one for ES256"):
        replace(TRUST.logs[0], public_key=depositor)


def test_period_of_a_key_includes_both_ends() -> None:
    instant = timedelta(milliseconds=1)
    end = PERIOD_START + timedelta(days=1)
    key = replace(TRUST.logs[0], not_after=end)
    assert key.in_use_at(PERIOD_START)
    assert key.in_use_at(end)
    assert not key.in_use_at(PERIOD_START - instant)
    assert not key.in_use_at(end + instant)
    assert TRUST.logs[0].in_use_at(end + timedelta(days=3650))


def test_certificate_above_the_limit_is_refused() -> None:
    def enlarge(members: Any) -> None:
        large = encode_base64(bytes(32 * 1024 + 1))
        members["timestamp_authorities"][0]["root_certificate"] = large

    with pytest.raises(TrustError, match="root_certificate"):
        parse_trust_root(edited(enlarge))


VERSION = bytes.fromhex("a003020102")
ROOT = TRUST.timestamp_authorities[0].certificate


@pytest.mark.parametrize(
    "other",
    [b"\x00\x01\x02", ROOT + b"\x00", ROOT.replace(VERSION, VERSION[:-1] + b"\x05", 1)],
    ids=["no DER", "a byte after it", "version 6"],
)
def test_root_that_is_no_certificate_is_refused(other: bytes) -> None:
    assert other != ROOT

    def spoil(members: Any) -> None:
        members["timestamp_authorities"][0]["root_certificate"] = encode_base64(other)

    with pytest.raises(TrustError, match="found other bytes"):
        parse_trust_root(edited(spoil))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_a_trust_error(raw: bytes) -> None:
    with pytest.raises(TrustError):
        parse_trust_root(raw)
