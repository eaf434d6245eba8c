"""An envelope has one byte string, and verifies only when every signature does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet, OKPKey

from evidence.canonical import encode_canonical
from evidence.envelope import (
    ACKNOWLEDGEMENT_TYP,
    ENTRY_TYP,
    MAX_ENVELOPE_BYTES,
    Envelope,
    UnknownSignerError,
    encode_envelope,
    envelope_json,
    parse_envelope,
    read_envelope,
    sign_envelope,
    verify_envelope,
)
from evidence.errors import SignatureError
from evidence.fields import encode_base64url
from evidence.keys import PrivateKeySigner, PublicKey

NOTARY = PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
AGENT = PrivateKeySigner(ec.derive_private_key(0xC0FFEE, ec.SECP256R1()))
PAYLOAD = b'{"act":"deposit"}'


def keys(*signers: PrivateKeySigner) -> Callable[[str], PublicKey | None]:
    return {signer.kid: signer.public_key for signer in signers}.get


def signed() -> Envelope:
    return sign_envelope(PAYLOAD, [NOTARY, AGENT], ENTRY_TYP)


def changed(change: Callable[[Any], object]) -> Any:
    value = json.loads(encode_envelope(signed()))
    change(value)
    return value


def header(**members: object) -> str:
    return encode_base64url(json.dumps(members, sort_keys=True, separators=(",", ":")).encode())


@given(st.binary(max_size=300), st.sampled_from([[NOTARY], [AGENT], [AGENT, NOTARY]]))
@settings(max_examples=30, deadline=None)
def test_envelope_round_trips_and_verifies(payload: bytes, signers: list[PrivateKeySigner]) -> None:
    envelope = sign_envelope(payload, signers, ENTRY_TYP)
    raw = encode_envelope(envelope)
    assert parse_envelope(raw, ENTRY_TYP) == envelope
    assert read_envelope(envelope_json(envelope), ENTRY_TYP) == envelope
    assert verify_envelope(envelope, keys(NOTARY, AGENT)) == tuple(each.kid for each in signers)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_envelope_with_a_changed_byte_does_not_verify(data: st.DataObject) -> None:
    raw = bytearray(encode_envelope(signed()))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SignatureError):
        verify_envelope(parse_envelope(bytes(raw), ENTRY_TYP), keys(NOTARY, AGENT))


def test_another_library_verifies_our_envelope() -> None:
    value = json.loads(encode_envelope(sign_envelope(PAYLOAD, [NOTARY], ENTRY_TYP)))
    jwk = {"kty": "OKP", "crv": "Ed25519", "kid": NOTARY.kid}
    key = OKPKey.import_key({**jwk, "x": encode_base64url(NOTARY.public_key.raw)})
    assert jws.deserialize_json(value, KeySet([key]), ["Ed25519"]).payload == PAYLOAD


def test_protected_header_is_canonical_and_names_algorithm_key_and_type() -> None:
    protected = signed().signatures[0].protected
    assert protected == header(alg="Ed25519", kid=NOTARY.kid, typ=ENTRY_TYP)


def test_envelope_of_another_type_is_refused() -> None:
    with pytest.raises(SignatureError, match="typ"):
        parse_envelope(encode_envelope(signed()), ACKNOWLEDGEMENT_TYP)


def test_signature_of_an_unknown_key_leaves_the_envelope_undecided() -> None:
    with pytest.raises(UnknownSignerError, match=AGENT.kid):
        verify_envelope(signed(), keys(NOTARY))


def test_failing_signature_outweighs_an_unknown_key() -> None:
    envelope = signed()
    other = Envelope(payload=b"another", signatures=envelope.signatures)
    with pytest.raises(SignatureError) as failure:
        verify_envelope(other, keys(AGENT))
    assert not isinstance(failure.value, UnknownSignerError)


def test_second_signature_that_fails_is_noticed() -> None:
    first, _ = signed().signatures
    _, second = sign_envelope(b"another", [NOTARY, AGENT], ENTRY_TYP).signatures
    with pytest.raises(SignatureError, match="does not verify"):
        verify_envelope(Envelope(payload=PAYLOAD, signatures=(first, second)), keys(NOTARY, AGENT))


def test_key_for_another_algorithm_is_refused() -> None:
    envelope = sign_envelope(PAYLOAD, [NOTARY], ENTRY_TYP)
    with pytest.raises(SignatureError, match="is for ES256"):
        verify_envelope(envelope, lambda kid: AGENT.public_key)


@pytest.mark.parametrize(
    "signers", [[], [NOTARY, NOTARY]], ids=["no signer", "the same signer twice"]
)
def test_envelope_needs_one_signature_of_each_signer(signers: list[PrivateKeySigner]) -> None:
    with pytest.raises(SignatureError):
        sign_envelope(PAYLOAD, signers, ENTRY_TYP)


def test_eight_signatures_are_accepted_and_nine_refused() -> None:
    signers = [
        PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(9)
    ]
    assert len(sign_envelope(PAYLOAD, signers[:8], ENTRY_TYP).signatures) == 8
    with pytest.raises(SignatureError, match="found 9"):
        sign_envelope(PAYLOAD, signers, ENTRY_TYP)


def test_envelope_at_its_limit_is_accepted_and_above_it_refused() -> None:
    overhead = len(encode_envelope(sign_envelope(b"", [NOTARY], ENTRY_TYP)))
    largest = bytes((MAX_ENVELOPE_BYTES - overhead) * 3 // 4)
    raw = encode_envelope(sign_envelope(largest, [NOTARY], ENTRY_TYP))
    assert parse_envelope(raw, ENTRY_TYP).payload == largest
    with pytest.raises(SignatureError, match="at most 65536 bytes"):
        sign_envelope(largest + bytes(3), [NOTARY], ENTRY_TYP)


def test_canonical_spelling_is_the_only_one() -> None:
    raw = encode_envelope(signed())
    with pytest.raises(SignatureError, match="canonical"):
        parse_envelope(raw + b"\n", ENTRY_TYP)
    with pytest.raises(SignatureError, match="canonical"):
        parse_envelope(json.dumps(json.loads(raw)).encode(), ENTRY_TYP)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda v: v.update(header={}), "unknown fields"),
        (lambda v: v.pop("payload"), "lacks the field"),
        (lambda v: v.update(signatures=[]), "1 to 8 signatures"),
        (lambda v: v.update(payload=v["payload"] + "="), "base64url"),
        (lambda v: v["signatures"][0].update(header={}), "unknown fields"),
        (lambda v: v["signatures"][0].update(signature="AAEC"), "64 bytes, found 3"),
        (lambda v: v["signatures"].append(v["signatures"][0]), "its own kid"),
        (
            lambda v: v["signatures"][0].update(
                protected=header(alg="none", kid=NOTARY.kid, typ=ENTRY_TYP)
            ),
            "alg",
        ),
        (
            lambda v: v["signatures"][0].update(
                protected=header(alg="EdDSA", kid=NOTARY.kid, typ=ENTRY_TYP)
            ),
            "alg",
        ),
        (
            lambda v: v["signatures"][0].update(
                protected=header(alg="Ed25519", kid=NOTARY.kid, typ=ENTRY_TYP, crit=["b64"])
            ),
            "unknown fields",
        ),
        (
            lambda v: v["signatures"][0].update(
                protected=header(alg="Ed25519", kid="AAEC", typ=ENTRY_TYP)
            ),
            "32 bytes",
        ),
        (
            lambda v: v["signatures"][0].update(
                protected=encode_base64url(b'{"typ":"zhenglian-entry+jws", "alg":"Ed25519"}')
            ),
            "canonical",
        ),
    ],
)
def test_envelope_outside_its_one_form_is_refused(
    change: Callable[[Any], object], complaint: str
) -> None:
    with pytest.raises(SignatureError, match=complaint):
        parse_envelope(encode_canonical(changed(change)), ENTRY_TYP)
