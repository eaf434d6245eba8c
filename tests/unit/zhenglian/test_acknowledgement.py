"""An acknowledgement is believed only when a trusted signer promised this very deposit."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.zhenglian.stub_notary import LOG, StubNotary, b64url, canonical, measure
from zhenglian.acknowledgement import Signer, read_signers, thumbprint, verify_acknowledgement
from zhenglian.deposit import Deposit, read_deposit
from zhenglian.errors import AcknowledgementError, TrustRootError


@pytest.fixture
def stub() -> StubNotary:
    return StubNotary()


def deposited(stub: StubNotary) -> Deposit:
    return read_deposit(stub.deposit("FILE", *measure(b"exhibit")))


def promise_of(deposit: Deposit, **members: Any) -> dict[str, Any]:
    return {
        "type": "zhenglian/acknowledgement/v1",
        "log": LOG,
        "stream": deposit.stream,
        "sequence": 0,
        "leaf_hash": deposit.entries[0].leaf_hash,
        "recorded_at": "2026-01-31T08:00:00.000Z",
        "exhibit": {
            "digests": list(deposit.digests),
            "size_bytes": deposit.exhibit.size_bytes,
        },
        **members,
    }


def test_the_notarys_acknowledgement_verifies(stub: StubNotary) -> None:
    verify_acknowledgement(deposited(stub), read_signers(stub.trust_root()))


def test_an_es256_acknowledgement_verifies_and_one_changed_bit_does_not(stub: StubNotary) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    signer = Signer(algorithm="ES256", public_key=point, not_before=None, not_after=None)
    kid = thumbprint(signer)
    deposit = deposited(stub)
    header = {"alg": "ES256", "kid": kid, "typ": "zhenglian-acknowledgement+jws"}
    protected, payload = b64url(canonical(header)), b64url(canonical(promise_of(deposit)))
    r, s = decode_dss_signature(key.sign(f"{protected}.{payload}".encode(), ec.ECDSA(SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def signed(raw: bytes) -> Deposit:
        entry = {"protected": protected, "signature": b64url(raw)}
        return replace(deposit, acknowledgement={"payload": payload, "signatures": [entry]})

    verify_acknowledgement(signed(signature), {kid: signer})
    for wrong in (bytes([signature[0] ^ 1]) + signature[1:], signature[:-1]):
        with pytest.raises(AcknowledgementError, match="does not verify"):
            verify_acknowledgement(signed(wrong), {kid: signer})


def test_a_signer_the_trust_root_does_not_name_is_rejected(stub: StubNotary) -> None:
    with pytest.raises(AcknowledgementError, match="names no signer"):
        verify_acknowledgement(deposited(stub), read_signers(StubNotary().trust_root()))


def test_a_forged_signature_is_rejected(stub: StubNotary) -> None:
    signers = read_signers(stub.trust_root())
    genuine = stub.signer
    stub.key = Ed25519PrivateKey.generate()
    deposit = deposited(stub)
    header = {"alg": "Ed25519", "kid": genuine["kid"], "typ": "zhenglian-acknowledgement+jws"}
    forged = json.loads(json.dumps(deposit.acknowledgement))
    forged["signatures"][0]["protected"] = b64url(canonical(header))
    with pytest.raises(AcknowledgementError, match="does not verify"):
        verify_acknowledgement(replace(deposit, acknowledgement=forged), signers)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "zhenglian/entry/v1"),
        ("log", "another.test/log"),
        ("stream", "exhibit:" + "f" * 32),
        ("leaf_hash", "0" * 64),
        ("exhibit", {"digests": ["sha256:" + "0" * 64, "sm3:" + "0" * 64], "size_bytes": 7}),
        ("sequence", 1),
    ],
)
def test_a_promise_for_something_else_is_rejected(
    stub: StubNotary, member: str, value: object
) -> None:
    deposit = deposited(stub)
    other = stub.sign(promise_of(deposit, **{member: value}))
    with pytest.raises(AcknowledgementError, match=r"which the answer lacks|says " + member):
        verify_acknowledgement(
            replace(deposit, acknowledgement=other), read_signers(stub.trust_root())
        )


def test_a_signature_of_another_type_is_rejected(stub: StubNotary) -> None:
    deposit = deposited(stub)
    entry = stub.sign(promise_of(deposit), typ="zhenglian-entry+jws")
    with pytest.raises(AcknowledgementError, match="expected typ"):
        verify_acknowledgement(
            replace(deposit, acknowledgement=entry), read_signers(stub.trust_root())
        )


@pytest.mark.parametrize(
    ("period", "accepted"),
    [
        ({"not_before": "2026-01-31T08:00:00.000Z"}, True),
        ({"not_before": "2026-01-31T08:00:00.001Z"}, False),
        ({"not_after": "2026-01-31T08:00:00.000Z"}, True),
        ({"not_after": "2026-01-31T07:59:59.999Z"}, False),
    ],
)
def test_a_signer_signs_only_in_its_period(
    stub: StubNotary, period: dict[str, str], accepted: bool
) -> None:
    signers = read_signers(stub.trust_root(**period))
    if accepted:
        verify_acknowledgement(deposited(stub), signers)
    else:
        with pytest.raises(AcknowledgementError, match="not in its period"):
            verify_acknowledgement(deposited(stub), signers)


@pytest.mark.parametrize(
    "acknowledgement",
    [{}, {"payload": "%%%", "signatures": []}, {"payload": "e30", "signatures": []}],
)
def test_what_is_no_acknowledgement_is_rejected(
    stub: StubNotary, acknowledgement: dict[str, Any]
) -> None:
    with pytest.raises(AcknowledgementError, match="cannot be read"):
        verify_acknowledgement(
            replace(deposited(stub), acknowledgement=acknowledgement),
            read_signers(stub.trust_root()),
        )


def test_an_acknowledgement_without_a_signature_is_rejected(stub: StubNotary) -> None:
    deposit = deposited(stub)
    bare = {**deposit.acknowledgement, "signatures": []}
    with pytest.raises(AcknowledgementError, match="carries no signature"):
        verify_acknowledgement(
            replace(deposit, acknowledgement=bare), read_signers(stub.trust_root())
        )


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"signers": [{"kid": "x"}]}', b'{"signers": 1}']
)
def test_what_is_no_trust_root_is_refused(raw: bytes) -> None:
    with pytest.raises(TrustRootError, match="cannot be read"):
        read_signers(raw)


@pytest.mark.parametrize(
    "member", [{"kid": "another"}, {"algorithm": "RS256"}, {"public_key": "AAEC"}]
)
def test_a_signer_whose_kid_is_not_its_keys_is_refused(
    stub: StubNotary, member: dict[str, str]
) -> None:
    with pytest.raises(TrustRootError, match="cannot be read"):
        read_signers(stub.trust_root(**member))
