"""Checks that an acknowledgement was signed by the notary the trust root names, for this deposit.

Owns the signature (JWS general JSON serialization, RFC 7515 §7.2.1; Ed25519 and ES256) and the
comparison with the answer. An acknowledgement is a promise: that the entry is in the log and on the
chain is shown by the bundle alone, which the offline verifier checks.

docs/format.md, sections 13 and 14.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from zhenglian.deposit import Deposit, read_time
from zhenglian.errors import AcknowledgementError, TrustRootError

_TYP = "zhenglian-acknowledgement+jws"
_TYPE = "zhenglian/acknowledgement/v1"
_COORDINATE_BYTES = 32
_UNCOMPRESSED_POINT = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key that signs for the notary, and when it did so."""

    algorithm: str
    """`Ed25519` or `ES256`."""
    public_key: bytes
    """32 bytes for Ed25519, the 65 bytes of an uncompressed P-256 point for ES256."""
    not_before: datetime | None
    not_after: datetime | None

    def signs_at(self, time: datetime) -> bool:
        """Whether `time` lies in the period of the key."""
        return (self.not_before is None or self.not_before <= time) and (
            self.not_after is None or time <= self.not_after
        )


def read_signers(trust_root: bytes) -> Mapping[str, Signer]:
    """The signers of the trust root by kid. Raises TrustRootError when it cannot be read."""
    try:
        signers = {}
        for value in json.loads(trust_root)["signers"]:
            signer = Signer(
                algorithm=value["algorithm"],
                public_key=base64.b64decode(value["public_key"], validate=True),
                not_before=_optional_time(value["not_before"]),
                not_after=_optional_time(value["not_after"]),
            )
            if value["kid"] != thumbprint(signer):
                raise ValueError(f"kid {value['kid']!r} is not the thumbprint of its key")
            signers[value["kid"]] = signer
    except (KeyError, TypeError, ValueError) as error:
        raise TrustRootError(f"the trust root cannot be read: {error!r}") from error
    return signers


def verify_acknowledgement(unverified_deposit: Deposit, signers: Mapping[str, Signer]) -> None:
    """The acknowledgement is signed by known signers alone and promises what the answer says.

    Raises AcknowledgementError when a signature does not verify, a signer is unknown or was not in
    its period, or the promise is for another deposit.
    """
    try:
        envelope = unverified_deposit.acknowledgement
        payload = str(envelope["payload"])
        promise = json.loads(_decode(payload))
        recorded_at = read_time(promise["recorded_at"])
        signatures = list(envelope["signatures"])
        if not signatures:
            raise AcknowledgementError("the acknowledgement carries no signature")
        for signature in signatures:
            _verify_signature(signature, payload, signers, recorded_at)
        _require_same_deposit(promise, unverified_deposit)
    except (KeyError, TypeError, ValueError) as error:
        raise AcknowledgementError(f"the acknowledgement cannot be read: {error!r}") from error


def _verify_signature(
    signature: Mapping[str, str], payload: str, signers: Mapping[str, Signer], time: datetime
) -> None:
    protected = signature["protected"]
    header = json.loads(_decode(protected))
    signer = signers.get(header["kid"])
    if signer is None:
        raise AcknowledgementError(f"the trust root names no signer {header['kid']!r}")
    if header["typ"] != _TYP or header["alg"] != signer.algorithm:
        raise AcknowledgementError(
            f"expected typ {_TYP!r} and alg {signer.algorithm!r}, "
            f"found {header['typ']!r} and {header['alg']!r}"
        )
    if not signer.signs_at(time):
        raise AcknowledgementError(f"signer {header['kid']!r} was not in its period at {time}")
    try:
        _verify(signer, _decode(signature["signature"]), f"{protected}.{payload}".encode("ascii"))
    except InvalidSignature as error:
        raise AcknowledgementError(
            f"the signature of {header['kid']!r} does not verify over the acknowledgement"
        ) from error


def _verify(signer: Signer, signature: bytes, message: bytes) -> None:
    if signer.algorithm == "Ed25519":
        Ed25519PublicKey.from_public_bytes(signer.public_key).verify(signature, message)
        return
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise InvalidSignature
    r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), signer.public_key)
    point.verify(der, message, ec.ECDSA(SHA256()))


def _require_same_deposit(promise: Mapping[str, Any], deposit: Deposit) -> None:
    entries = {entry.sequence: entry for entry in deposit.entries}
    entry = entries.get(promise["sequence"])
    if entry is None:
        raise AcknowledgementError(
            f"the acknowledgement is for entry {promise['sequence']}, which the answer lacks"
        )
    expected = {
        "type": _TYPE,
        "log": deposit.log,
        "stream": deposit.stream,
        "leaf_hash": entry.leaf_hash,
        "exhibit": {
            "digests": list(deposit.exhibit.digests),
            "size_bytes": deposit.exhibit.size_bytes,
        },
    }
    for member, value in expected.items():
        if promise[member] != value:
            raise AcknowledgementError(
                f"the acknowledgement says {member} {promise[member]!r}, the answer {value!r}"
            )


def thumbprint(signer: Signer) -> str:
    """The kid of a key: its RFC 7638 thumbprint."""
    key = signer.public_key
    if signer.algorithm == "Ed25519" and len(key) == _COORDINATE_BYTES:
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": _encode(key)}
    elif (
        signer.algorithm == "ES256"
        and len(key) == 1 + 2 * _COORDINATE_BYTES
        and key[0] == _UNCOMPRESSED_POINT
    ):
        x, y = key[1 : 1 + _COORDINATE_BYTES], key[1 + _COORDINATE_BYTES :]
        jwk = {"crv": "P-256", "kty": "EC", "x": _encode(x), "y": _encode(y)}
    else:
        raise ValueError(f"{len(key)} bytes are no {signer.algorithm} key")
    return _encode(hashlib.sha256(json.dumps(jwk, separators=(",", ":")).encode()).digest())


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else read_time(text)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
