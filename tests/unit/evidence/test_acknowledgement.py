"""An acknowledgement says exactly what was signed, and nothing else passes for one."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.acknowledgement import (
    Acknowledgement,
    sign_acknowledgement,
    verify_acknowledgement,
)
from evidence.canonical import encode_canonical
from evidence.entry import Exhibit
from evidence.envelope import (
    ACKNOWLEDGEMENT_TYP,
    ENTRY_TYP,
    UnknownSignerError,
    encode_envelope,
    parse_envelope,
    sign_envelope,
)
from evidence.errors import EntryError, SignatureError
from evidence.keys import PublicKey
from tests.unit.evidence import samples
from tests.unit.evidence.samples import EXHIBIT, LOG, NOON, NOTARY, STREAM

ACKNOWLEDGEMENT = Acknowledgement(
    log=LOG, stream=STREAM, sequence=0, leaf_hash=b"\x09" * 32, recorded_at=NOON, exhibit=EXHIBIT
)


def key_of(kid: str) -> PublicKey | None:
    return NOTARY.public_key if kid == NOTARY.kid else None


@given(
    st.builds(
        Acknowledgement,
        log=st.just(LOG),
        stream=st.just(STREAM),
        sequence=st.integers(0, 2**53 - 1),
        leaf_hash=samples.digests32,
        recorded_at=samples.times,
        exhibit=samples.exhibits,
    )
)
@settings(max_examples=50, deadline=None)
def test_acknowledgement_round_trips(acknowledgement: Acknowledgement) -> None:
    raw = encode_envelope(sign_acknowledgement(acknowledgement, NOTARY))
    envelope = parse_envelope(raw, ACKNOWLEDGEMENT_TYP)
    assert verify_acknowledgement(envelope, key_of) == acknowledgement


def test_acknowledgement_has_exactly_the_members_of_the_format() -> None:
    assert json.loads(sign_acknowledgement(ACKNOWLEDGEMENT, NOTARY).payload) == {
        "type": "zhenglian/acknowledgement/v1",
        "log": LOG,
        "stream": STREAM,
        "sequence": 0,
        "leaf_hash": "09" * 32,
        "recorded_at": "2026-01-31T12:00:00.250Z",
        "exhibit": {"digests": ["sha256:" + "01" * 32, "sm3:" + "02" * 32], "size_bytes": 5},
    }


def test_acknowledgement_is_no_entry_envelope() -> None:
    raw = encode_envelope(sign_acknowledgement(ACKNOWLEDGEMENT, NOTARY))
    with pytest.raises(SignatureError, match="typ"):
        parse_envelope(raw, ENTRY_TYP)


def test_acknowledgement_of_an_unknown_key_is_undecided() -> None:
    with pytest.raises(UnknownSignerError):
        verify_acknowledgement(sign_acknowledgement(ACKNOWLEDGEMENT, NOTARY), lambda kid: None)


def test_acknowledgement_with_another_payload_is_rejected() -> None:
    signed = sign_acknowledgement(ACKNOWLEDGEMENT, NOTARY)
    other = sign_acknowledgement(replace(ACKNOWLEDGEMENT, sequence=1), NOTARY)
    with pytest.raises(SignatureError, match="does not verify"):
        verify_acknowledgement(replace(signed, payload=other.payload), key_of)


@pytest.mark.parametrize(
    "change",
    [
        {"note": "extra"},
        {"type": "zhenglian/entry/v1"},
        {"sequence": -1},
        {"stream": "exhibit:1"},
        {"log": "two words"},
        {"leaf_hash": "09" * 31},
        {"exhibit": None},
    ],
)
def test_payload_outside_its_form_is_refused(change: dict[str, Any]) -> None:
    value = json.loads(sign_acknowledgement(ACKNOWLEDGEMENT, NOTARY).payload)
    payload = encode_canonical({**value, **change})
    with pytest.raises(EntryError):
        verify_acknowledgement(sign_envelope(payload, [NOTARY], ACKNOWLEDGEMENT_TYP), key_of)


@pytest.mark.parametrize(
    "acknowledgement",
    [
        replace(ACKNOWLEDGEMENT, leaf_hash=bytes(31)),
        replace(ACKNOWLEDGEMENT, recorded_at=NOON.replace(microsecond=1)),
        replace(ACKNOWLEDGEMENT, exhibit=Exhibit(size_bytes=0, digests=EXHIBIT.digests)),
    ],
)
def test_acknowledgement_that_nobody_could_read_is_not_signed(
    acknowledgement: Acknowledgement,
) -> None:
    with pytest.raises(EntryError):
        sign_acknowledgement(acknowledgement, NOTARY)
