"""The envelope: a payload with the signatures over it.

Owns format section 5: JWS JSON General Serialization (RFC 7515 §7.2.1) restricted so that one
payload with one list of signatures has exactly one byte string. Leaves the payload to
`evidence.entry` and `evidence.acknowledgement`, and which keys are trusted to whoever verifies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast

from evidence.canonical import Json, encode_canonical, parse_canonical
from evidence.errors import CanonicalError, FieldError, SignatureError
from evidence.fields import Fields, encode_base64url, parse_base64url
from evidence.keys import ALGORITHMS, KID_BYTES, SIGNATURE_BYTES, Algorithm, PublicKey, Signer

ENTRY_TYP: Final = "zhenglian-entry+jws"
ACKNOWLEDGEMENT_TYP: Final = "zhenglian-acknowledgement+jws"

MAX_SIGNATURES: Final = 8
"""Of one envelope: an actor, those who act for it and the notary; a real one has one or two."""

MAX_ENVELOPE_BYTES: Final = 64 * 2**10
"""Canonical bytes; an entry with one signature takes about 2 kB (format section 16)."""

_MAX_PROTECTED_BYTES = 256  # The longest of our typ, alg and kid makes 120.


class UnknownSignerError(SignatureError):
    """A signature names a key that is not known; those of known keys verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of an envelope, unverified.

    protected: base64url of the JWS protected header, as it is signed.
    signature: 64 bytes.
    kid, algorithm: as the protected header says.
    """

    protected: str
    signature: bytes
    kid: str
    algorithm: Algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload and its signatures, well formed and otherwise unverified."""

    payload: bytes
    signatures: tuple[Signature, ...]


def sign_envelope(payload: bytes, signers: Sequence[Signer], typ: str) -> Envelope:
    """Return `payload` signed by each of `signers`, in their order.

    Raises:
        SignatureError: no signer, more than eight, one twice, or the envelope is over its limit.
    """
    return _checked(
        Envelope(
            payload=payload, signatures=tuple(_sign(payload, signer, typ) for signer in signers)
        )
    )


def envelope_json(envelope: Envelope) -> Json:
    """Return the JSON value that `read_envelope` reads back as `envelope`."""
    return {
        "payload": encode_base64url(envelope.payload),
        "signatures": [
            {"protected": each.protected, "signature": encode_base64url(each.signature)}
            for each in envelope.signatures
        ],
    }


def encode_envelope(envelope: Envelope) -> bytes:
    """Return the envelope bytes: what the log commits to, signatures included."""
    return encode_canonical(envelope_json(envelope))


def parse_envelope(raw: bytes, typ: str) -> Envelope:
    """Return the envelope of which `raw` are the envelope bytes; nothing is verified yet.

    Raises:
        SignatureError: `raw` is not canonical, or not an envelope of `typ`.
    """
    try:
        value = parse_canonical(raw, limit_bytes=MAX_ENVELOPE_BYTES)
    except CanonicalError as error:
        raise SignatureError(f"the envelope cannot be read: {error}") from error
    return read_envelope(value, typ)


def read_envelope(value: Json, typ: str) -> Envelope:
    """Return the envelope that a JSON value holds; nothing is verified yet.

    Raises:
        SignatureError: it is not an envelope of `typ` in its one form.
    """
    try:
        fields = Fields(value, "envelope")
        payload = fields.base64url("payload", MAX_ENVELOPE_BYTES)
        signatures = fields.list("signatures", MAX_SIGNATURES)
        fields.end()
        return _checked(
            Envelope(
                payload=payload, signatures=tuple(_read_signature(each, typ) for each in signatures)
            )
        )
    except (FieldError, CanonicalError) as error:
        raise SignatureError(f"the envelope cannot be read: {error}") from error


def verify_envelope(
    envelope: Envelope, key_of: Callable[[str], PublicKey | None]
) -> tuple[str, ...]:
    """Return the kids of the signatures when every one verifies under the key `key_of` gives.

    Raises:
        SignatureError: a signature does not verify, or its key is for another algorithm.
        UnknownSignerError: the others verify, but `key_of` gives None for a kid.
    """
    unknown = []
    for each in envelope.signatures:
        key = key_of(each.kid)
        if key is None:
            # Reported last: a signature that fails is the graver finding.
            unknown.append(each.kid)
        elif key.algorithm != each.algorithm:
            raise SignatureError(
                f"the key {each.kid} is for {key.algorithm}, found a signature of {each.algorithm}"
            )
        else:
            key.verify(each.signature, _signing_input(each.protected, envelope.payload))
    if unknown:
        raise UnknownSignerError(f"expected signatures of known keys, found the key {unknown[0]}")
    return tuple(each.kid for each in envelope.signatures)


def _sign(payload: bytes, signer: Signer, typ: str) -> Signature:
    header: Json = {"alg": signer.algorithm, "kid": signer.kid, "typ": typ}
    protected = encode_base64url(encode_canonical(header))
    return Signature(
        protected=protected,
        signature=signer.sign(_signing_input(protected, payload)),
        kid=signer.kid,
        algorithm=signer.algorithm,
    )


def _signing_input(protected: str, payload: bytes) -> bytes:
    return f"{protected}.{encode_base64url(payload)}".encode("ascii")


def _read_signature(value: Json, typ: str) -> Signature:
    fields = Fields(value, "envelope.signatures")
    protected = fields.base64url("protected", _MAX_PROTECTED_BYTES)
    signature = fields.base64url("signature", SIGNATURE_BYTES)
    fields.end()
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(f"a signature is {SIGNATURE_BYTES} bytes, found {len(signature)}")
    header = Fields(parse_canonical(protected), "envelope.signatures.protected")
    algorithm = cast(Algorithm, header.choice("alg", ALGORITHMS))
    kid = header.text("kid")
    header.constant("typ", typ)
    header.end()
    if len(parse_base64url(kid, KID_BYTES, "kid")) != KID_BYTES:
        raise SignatureError(f"a kid is the base64url of {KID_BYTES} bytes, found fewer")
    return Signature(
        protected=encode_base64url(protected), signature=signature, kid=kid, algorithm=algorithm
    )


def _checked(envelope: Envelope) -> Envelope:
    kids = [each.kid for each in envelope.signatures]
    if not 1 <= len(kids) <= MAX_SIGNATURES:
        raise SignatureError(f"an envelope has 1 to {MAX_SIGNATURES} signatures, found {len(kids)}")
    if len(set(kids)) != len(kids):
        raise SignatureError("each signature of an envelope has its own kid, found one twice")
    size_bytes = len(encode_envelope(envelope))
    if size_bytes > MAX_ENVELOPE_BYTES:
        raise SignatureError(
            f"an envelope is at most {MAX_ENVELOPE_BYTES} bytes, found {size_bytes}"
        )
    return envelope
