"""Keys and signatures agree with an independent JOSE library, and malformed ones are refused."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, OKPKey

from evidence.errors import SignatureError
from evidence.fields import encode_base64url, parse_base64url
from evidence.keys import Algorithm, PrivateKeySigner, PublicKey

ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
P256 = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SIGNERS = [
    pytest.param(PrivateKeySigner(ED25519), id="Ed25519"),
    pytest.param(PrivateKeySigner(P256), id="ES256"),
]
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FIELD_PRIME = 2**255 - 19


def other_library_key(signer: PrivateKeySigner) -> Any:
    private = ED25519 if signer.algorithm == "Ed25519" else P256
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return OKPKey.import_key(pem) if signer.algorithm == "Ed25519" else ECKey.import_key(pem)


@pytest.mark.parametrize("signer", SIGNERS)
def test_signature_verifies_under_the_signers_public_key(signer: PrivateKeySigner) -> None:
    signer.public_key.verify(signer.sign(b"message"), b"message")


@pytest.mark.parametrize("signer", SIGNERS)
def test_signing_twice_gives_the_same_signature(signer: PrivateKeySigner) -> None:
    assert signer.sign(b"message") == signer.sign(b"message")


@pytest.mark.parametrize("signer", SIGNERS)
def test_signature_over_another_message_is_rejected(signer: PrivateKeySigner) -> None:
    with pytest.raises(SignatureError, match="does not verify"):
        signer.public_key.verify(signer.sign(b"message"), b"another")


@pytest.mark.parametrize("signer", SIGNERS)
def test_signature_of_another_key_is_rejected(signer: PrivateKeySigner) -> None:
    other = PrivateKeySigner(
        Ed25519PrivateKey.from_private_bytes(bytes(32))
        if signer.algorithm == "Ed25519"
        else ec.derive_private_key(7, ec.SECP256R1())
    )
    with pytest.raises(SignatureError, match="does not verify"):
        signer.public_key.verify(other.sign(b"message"), b"message")


@pytest.mark.parametrize("signer", SIGNERS)
def test_every_changed_byte_of_a_signature_is_noticed(signer: PrivateKeySigner) -> None:
    signature = signer.sign(b"message")
    for at in range(len(signature)):
        changed = bytearray(signature)
        changed[at] ^= 0x01
        with pytest.raises(SignatureError):
            signer.public_key.verify(bytes(changed), b"message")


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize("length", [0, 63, 65])
def test_signature_of_another_length_is_rejected(signer: PrivateKeySigner, length: int) -> None:
    with pytest.raises(SignatureError, match=f"64 bytes, found {length}"):
        signer.public_key.verify(bytes(length), b"message")


@pytest.mark.parametrize(("r", "s"), [(0, 0), (0, 1), (1, 0), (P256_ORDER, 1), (1, P256_ORDER)])
def test_es256_signature_outside_the_group_is_rejected(r: int, s: int) -> None:
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    with pytest.raises(SignatureError, match="does not verify"):
        PrivateKeySigner(P256).public_key.verify(signature, b"message")


@pytest.mark.parametrize("signer", SIGNERS)
def test_thumbprint_is_that_of_another_library(signer: PrivateKeySigner) -> None:
    assert signer.kid == other_library_key(signer).thumbprint()


def test_thumbprint_is_that_of_rfc_8037() -> None:
    raw = parse_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert PublicKey(algorithm="Ed25519", raw=raw).kid == expected


@pytest.mark.parametrize("signer", SIGNERS)
def test_another_library_verifies_our_signature(signer: PrivateKeySigner) -> None:
    header = encode_base64url(b'{"alg":"%s"}' % signer.algorithm.encode())
    signed = f"{header}.{encode_base64url(b'message')}"
    compact = f"{signed}.{encode_base64url(signer.sign(signed.encode()))}"
    key = other_library_key(signer)
    assert jws.deserialize_compact(compact, key, [signer.algorithm]).payload == b"message"
    forged = f"{signed}.{encode_base64url(signer.sign(b'other'))}"
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(forged, key, [signer.algorithm])


@pytest.mark.parametrize("signer", SIGNERS)
def test_we_verify_the_signature_of_another_library(signer: PrivateKeySigner) -> None:
    algorithm: Algorithm = signer.algorithm
    key = other_library_key(signer)
    compact = jws.serialize_compact({"alg": algorithm}, b"message", key, [algorithm])
    signed, _, signature = compact.rpartition(".")
    signer.public_key.verify(parse_base64url(signature), signed.encode())


@pytest.mark.parametrize(
    "y",
    [
        0,
        1,
        FIELD_PRIME - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            "little",
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            "little",
        ),
        FIELD_PRIME,
        FIELD_PRIME + 1,
        2**255 - 1,
    ],
)
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_ed25519_key_of_small_order_or_other_spelling_is_refused(y: int, sign_bit: int) -> None:
    raw = (y | sign_bit << 255).to_bytes(32, "little")
    with pytest.raises(SignatureError, match="large order"):
        PublicKey(algorithm="Ed25519", raw=raw)


def test_ed25519_key_off_the_curve_verifies_nothing() -> None:
    key = PublicKey(algorithm="Ed25519", raw=(2).to_bytes(32, "little"))
    with pytest.raises(SignatureError):
        key.verify(PrivateKeySigner(ED25519).sign(b"message"), b"message")


def test_es256_key_off_the_curve_is_refused() -> None:
    raw = bytearray(PrivateKeySigner(P256).public_key.raw)
    raw[-1] ^= 1
    with pytest.raises(SignatureError, match="off the curve"):
        PublicKey(algorithm="ES256", raw=bytes(raw))


def test_es256_key_in_hybrid_form_is_refused() -> None:
    raw = PrivateKeySigner(P256).public_key.raw
    with pytest.raises(SignatureError, match="uncompressed"):
        PublicKey(algorithm="ES256", raw=bytes([6 + raw[-1] % 2]) + raw[1:])


@pytest.mark.parametrize(("algorithm", "length"), [("Ed25519", 33), ("ES256", 33), ("ES256", 64)])
def test_key_of_another_length_is_refused(algorithm: Algorithm, length: int) -> None:
    with pytest.raises(SignatureError, match=f"found {length}"):
        PublicKey(algorithm=algorithm, raw=b"\x04" * length)


def test_signer_on_another_curve_is_refused() -> None:
    with pytest.raises(SignatureError, match="secp256k1"):
        PrivateKeySigner(ec.derive_private_key(7, ec.SECP256K1()))
