"""Public keys that verify, and signers that sign.

Owns the two signature algorithms of format section 5, the raw forms of their keys and signatures,
and the name of a key: its RFC 7638 thumbprint. Leaves what is signed to `evidence.envelope` and
`evidence.checkpoint`, which key is trusted to the verifier, and where private keys are kept to
whoever implements `Signer`.

Ed25519: RFC 8032, RFC 8037 §2, RFC 9864. ES256: RFC 7518 §3.4, signatures by RFC 6979.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence.canonical import Json, encode_canonical
from evidence.errors import SignatureError
from evidence.fields import encode_base64url

Algorithm: TypeAlias = Literal["Ed25519", "ES256"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("Ed25519", "ES256")

SIGNATURE_BYTES: Final = 64
"""Both algorithms: R ‖ S of Ed25519, r ‖ s of ES256."""

KID_BYTES: Final = 32
"""A key is named by the SHA-256 of its JWK."""

_KEY_BYTES: Final[dict[Algorithm, int]] = {"Ed25519": 32, "ES256": 65}
_COORDINATE_BYTES = 32
_UNCOMPRESSED = b"\x04"

_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            "little",
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            "little",
        ),
    }
)
# The y coordinates of the points whose order divides 8. Under such a key one signature verifies
# for many messages, so it identifies nobody.


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key that verifies. Constructing one raises SignatureError for bytes that are no such key.

    raw: Ed25519, the 32 bytes of RFC 8032; ES256, the 65 bytes of the uncompressed P-256 point.
    """

    algorithm: Algorithm
    raw: bytes

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise SignatureError(f"a key is for {' or '.join(ALGORITHMS)}, found another algorithm")
        expected = _KEY_BYTES[self.algorithm]
        if len(self.raw) != expected:
            raise SignatureError(
                f"a key for {self.algorithm} is {expected} bytes, found {len(self.raw)}"
            )
        if self.algorithm == "Ed25519":
            _check_ed25519_point(self.raw)
        else:
            _p256_key(self.raw)

    @property
    def kid(self) -> str:
        """Return the RFC 7638 SHA-256 thumbprint in base64url, 43 characters."""
        return encode_base64url(sha256(encode_canonical(self._jwk())).digest())

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return only when `signature` is this key's over `message`.

        Raises:
            SignatureError: the signature has another length, or does not verify.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise SignatureError(
                f"a signature is {SIGNATURE_BYTES} bytes, found {len(signature)} bytes"
            )
        try:
            if self.algorithm == "Ed25519":
                Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
            else:
                _p256_key(self.raw).verify(_der(signature), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError) as error:
            raise SignatureError(
                f"the {self.algorithm} signature does not verify under the key {self.kid}"
            ) from error

    def _jwk(self) -> dict[str, Json]:
        """Return the members that RFC 7638 §3.2 and RFC 8037 §2 name for a thumbprint."""
        if self.algorithm == "Ed25519":
            return {"crv": "Ed25519", "kty": "OKP", "x": encode_base64url(self.raw)}
        x, y = self.raw[1 : 1 + _COORDINATE_BYTES], self.raw[1 + _COORDINATE_BYTES :]
        return {"crv": "P-256", "kty": "EC", "x": encode_base64url(x), "y": encode_base64url(y)}


class Signer(Protocol):
    """A private key somewhere: in memory, in a file, in a hardware module.

    Signing keeps no state, so calls may run at the same time and a failed call may be repeated.
    An implementation whose key is out of reach raises SignatureError; nothing was signed then.
    """

    @property
    def algorithm(self) -> Algorithm: ...

    @property
    def kid(self) -> str: ...

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes that `public_key` verifies over `message`."""
        ...


class PrivateKeySigner:
    """Signs with a private key held in memory; the same message gives the same signature."""

    def __init__(self, private_key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> None:
        """Take the key; raises SignatureError for a curve other than P-256."""
        self._private_key = private_key
        if isinstance(private_key, Ed25519PrivateKey):
            self._public_key = PublicKey(
                algorithm="Ed25519", raw=private_key.public_key().public_bytes_raw()
            )
        elif isinstance(private_key.curve, ec.SECP256R1):
            point = private_key.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
            self._public_key = PublicKey(algorithm="ES256", raw=point)
        else:
            raise SignatureError(f"ES256 signs on P-256, found the curve {private_key.curve.name}")
        self._kid = self._public_key.kid

    @property
    def algorithm(self) -> Algorithm:
        return self._public_key.algorithm

    @property
    def kid(self) -> str:
        return self._kid

    @property
    def public_key(self) -> PublicKey:
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes that `public_key` verifies over `message`."""
        if isinstance(self._private_key, Ed25519PrivateKey):
            return self._private_key.sign(message)
        der = self._private_key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return b"".join(n.to_bytes(_COORDINATE_BYTES, "big") for n in decode_dss_signature(der))


def _check_ed25519_point(raw: bytes) -> None:
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _FIELD_PRIME or y in _SMALL_ORDER:
        raise SignatureError(
            "an Ed25519 key is a canonical point of large order, found another encoding"
        )


def _p256_key(raw: bytes) -> ec.EllipticCurvePublicKey:
    if not raw.startswith(_UNCOMPRESSED):
        raise SignatureError("an ES256 key is an uncompressed point, found another form")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError as error:
        raise SignatureError("an ES256 key is a point of P-256, found one off the curve") from error


def _der(signature: bytes) -> bytes:
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
