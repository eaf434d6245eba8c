"""The demo authority's tokens satisfy outside programs, and say what they are."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.timestamp import TokenImprintError, UnknownAuthorityError, verify_token
from notary.anchoring.tsa import TimestampAuthority, create_demo_authority

MESSAGE = b"a checkpoint"
NOW = datetime(2026, 1, 31, 12, 0, 0, 250_999, UTC)
ROOT_KEY, SIGNING_KEY = (ec.derive_private_key(secret, ec.SECP256R1()) for secret in (11, 12))


def authority(now: datetime = NOW, serial: int = 2**64 - 1) -> "TimestampAuthority":
    return create_demo_authority(
        lambda: now, root_key=ROOT_KEY, signing_key=SIGNING_KEY, new_serial=lambda: serial
    )


def test_token_verifies_and_states_the_clock_to_the_millisecond() -> None:
    demo = create_demo_authority(lambda: NOW)
    roots = {demo.name: demo.root_certificate}
    stated = verify_token(demo.stamp(MESSAGE), MESSAGE, roots)
    assert stated.time == NOW.replace(microsecond=250_000)
    assert stated.accuracy == timedelta(seconds=1)
    with pytest.raises(TokenImprintError):
        verify_token(demo.stamp(b"another"), MESSAGE, roots)


def test_token_of_another_demo_authority_is_unknown() -> None:
    one, other = create_demo_authority(lambda: NOW), create_demo_authority(lambda: NOW)
    with pytest.raises(UnknownAuthorityError):
        verify_token(one.stamp(MESSAGE), MESSAGE, {"other": other.root_certificate})


def test_same_keys_clock_and_serial_give_the_same_token() -> None:
    assert authority().stamp(MESSAGE) == authority().stamp(MESSAGE)
    assert authority(serial=1).stamp(MESSAGE) != authority().stamp(MESSAGE)


def test_same_keys_give_the_same_root_and_new_keys_another() -> None:
    def root(key: ec.EllipticCurvePrivateKey | None) -> bytes:
        return create_demo_authority(lambda: NOW, root_key=key).root_certificate

    assert root(ROOT_KEY) == root(ROOT_KEY)
    assert root(None) != root(None)


def test_clock_in_another_zone_states_the_same_moment() -> None:
    beijing = NOW.astimezone(timezone(timedelta(hours=8)))
    assert authority(now=beijing).stamp(MESSAGE) == authority().stamp(MESSAGE)


def test_stamping_again_gives_a_token_with_a_number_of_its_own() -> None:
    demo = create_demo_authority(lambda: NOW)
    serials = set()
    for _ in range(3):
        content = cms.ContentInfo.load(demo.stamp(MESSAGE))["content"]
        serials.add(content["encap_content_info"]["content"].parsed["serial_number"].native)
    assert len(serials) == 3
    assert all(0 <= serial < 2**64 for serial in serials)


def test_certificates_say_that_they_are_a_demo() -> None:
    demo = create_demo_authority(lambda: NOW)
    content = cms.ContentInfo.load(demo.stamp(MESSAGE))["content"]
    signer = content["certificates"][0].chosen.subject.human_friendly
    root = x509.load_der_x509_certificate(demo.root_certificate).subject.rfc4514_string()
    for name in (signer, root, demo.name):
        assert "Zhenglian DEMO timestamp authority – sandbox" in name


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
@pytest.mark.parametrize(("message", "accepted"), [(MESSAGE, True), (b"another", False)])
def test_openssl_verifies_the_token(tmp_path: Path, message: bytes, accepted: bool) -> None:
    demo = create_demo_authority(lambda: datetime.now(UTC))
    root = x509.load_der_x509_certificate(demo.root_certificate)
    (tmp_path / "token").write_bytes(demo.stamp(MESSAGE))
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (tmp_path / "message").write_bytes(message)
    verified = subprocess.run(
        [
            "openssl",
            "ts",
            "-verify",
            "-token_in",
            "-in",
            "token",
            "-data",
            "message",
            "-CAfile",
            "root.pem",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (verified.returncode == 0) is accepted, verified.stderr.decode()
