"""The timestamp token: an outside authority's statement that a message existed by a time.

Owns format section 9: RFC 3161 tokens (https://www.rfc-editor.org/rfc/rfc3161) in a strict profile
of signed data (RFC 5652) and signing-certificate-v2 (RFC 5816), so narrow that no byte of a token
can change without being noticed. Leaves which roots are trusted to the verifier. The form is read
with `asn1crypto`; the signature and the certificate path are verified by `rfc3161_client`.

    TimestampError
    ├── TokenMalformedError    the bytes are not a token of the strict profile
    ├── TokenImprintError      the token is over another message
    ├── UnknownAuthorityError  its certificate path does not end in a trusted root
    └── TokenSignatureError    its signature or the validity of a certificate does not verify
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import rfc3161_client
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from evidence.der import verify_der
from evidence.errors import TimestampError

MAX_TOKEN_BYTES: Final = 32 * 2**10
"""A token with a path of four RSA certificates takes about 8 kB (format section 16)."""

MAX_ACCURACY: Final = timedelta(days=1)
"""Authorities state a second or less; beyond a day a token orders nothing and is a mistake."""

MAX_CERTIFICATES: Final = 8
"""In practice at most four; each may have to be held against every other to find the path."""

_MAX_TIME_CHARS = len("YYYYMMDDHHMMSS.ffffffZ")
# Microseconds: finer times would be rounded, by every reader in its own way.

_DEFAULT_ACCURACY = timedelta(seconds=1)
_DIGEST_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
_ABSENT = b""
_NULL = b"\x05\x00"


class TokenMalformedError(TimestampError):
    """The bytes are not a token of the strict profile."""


class TokenImprintError(TimestampError):
    """The token is over another message."""


class UnknownAuthorityError(TimestampError):
    """The certificate path of the token does not end in a trusted root."""


class TokenSignatureError(TimestampError):
    """The signature of the token or the validity of a certificate does not verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTime:
    """The time that a verified token states.

    accuracy: how far the true time may lie before or after `time`.
    authority: the name by which the trust root knows the root certificate.
    """

    time: datetime
    accuracy: timedelta
    authority: str

    @property
    def latest(self) -> datetime:
        """Return the time by which the message existed, at the worst stated clock error."""
        return self.time + self.accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnverifiedToken:
    """What a token of the profile says.

    imprint: SHA-256 of a message.
    signer, others: DER of the signer's certificate, and of the rest of the certificate set.
    """

    imprint: bytes
    time: datetime
    accuracy: timedelta
    signer: bytes
    others: tuple[bytes, ...]


def verify_token(unverified_token: bytes, message: bytes, roots: Mapping[str, bytes]) -> TokenTime:
    """Return the time by which one of the trusted authorities states `message` to have existed.

    1. The token has the form of the profile.
    2. Its imprint is that of the message.
    3. Its certificates are a path to a trusted root, all valid at the stated time, none surplus.
    4. Its signature and that path verify.

    roots: DER of the trusted root certificates by name.

    Raises:
        TokenMalformedError: not 1, or a certificate outside the path.
        TokenImprintError: not 2.
        UnknownAuthorityError: no path to a trusted root.
        TokenSignatureError: a certificate out of its validity, or not 4.
    """
    token = _read_token(unverified_token)
    if token.imprint != hashlib.sha256(message).digest():
        raise TokenImprintError("the token is over another message than the one given")
    authority, root = _verify_path(token, roots)
    _verify_signature(unverified_token, message, root)
    return TokenTime(time=token.time, accuracy=token.accuracy, authority=authority)


def _read_token(raw: bytes) -> _UnverifiedToken:
    if len(raw) > MAX_TOKEN_BYTES:
        raise TokenMalformedError(f"a token is at most {MAX_TOKEN_BYTES} bytes, found {len(raw)}")
    try:
        verify_der(raw)
        return _read_content_info(cms.ContentInfo.load(raw, strict=True))
    except TokenMalformedError:
        raise
    except Exception as error:  # asn1crypto does not say what it raises.
        raise TokenMalformedError("the bytes cannot be read as a timestamp token") from error


def _read_content_info(content_info: Any) -> _UnverifiedToken:
    _require(content_info["content_type"].native == "signed_data", "it is signed data")
    signed = content_info["content"]
    _require(signed["version"].native == "v3", "the signed data has version 3")
    _require(signed["crls"].dump() == _ABSENT, "it holds no revocation lists")
    _require(len(signed["signer_infos"]) == 1, "it has one signer")
    signer_info = signed["signer_infos"][0]
    _require(
        len(signed["certificates"]) <= MAX_CERTIFICATES,
        f"it holds at most {MAX_CERTIFICATES} certificates",
    )
    certificates = [choice.chosen for choice in signed["certificates"]]
    _require(
        all(each.serial_number > 0 for each in certificates),
        "its certificates have positive serial numbers, as RFC 5280 §4.1.2.2 wants",
    )
    signer = _signer_certificate(signer_info, certificates)
    _check_algorithms(signed, signer_info, signer)
    _check_signer_info(signer_info, signer)
    ders = [certificate.dump() for certificate in certificates]
    # Under an implicit tag, hence not known for a set of DER until here.
    _require(ders == sorted(set(ders)), "its certificates are a set in order")
    encapsulated = signed["encap_content_info"]
    _require(encapsulated["content_type"].native == "tst_info", "its content is a TSTInfo")
    info = encapsulated["content"].parsed
    verify_der(bytes(encapsulated["content"]))
    _require(info["version"].native == "v1", "its TSTInfo has version 1")
    return _UnverifiedToken(
        imprint=_imprint(info["message_imprint"]),
        time=_time(info["gen_time"]),
        accuracy=_accuracy(info["accuracy"]),
        signer=signer.dump(),
        others=tuple(der for der in ders if der != signer.dump()),
    )


def _signer_certificate(signer_info: Any, certificates: list[Any]) -> Any:
    """Return the certificate that the signer info names, its names compared as bytes."""
    _require(signer_info["version"].native == "v1", "the signer info has version 1")
    named = signer_info["sid"].chosen
    found = [
        each
        for each in certificates
        if each.issuer.dump() == named["issuer"].dump()
        and each.serial_number == named["serial_number"].native
    ]
    _require(len(found) == 1, "it holds the certificate of its signer")
    return found[0]


def _check_algorithms(signed: Any, signer_info: Any, signer: Any) -> None:
    """Check the algorithm identifiers, which are outside the signature and so get no freedom.

    An RSA signer says rsaEncryption with NULL (RFC 3370 §3.2), an ECDSA one ecdsa-with-SHA2
    without parameters (RFC 5758 §3.2).
    """
    digest = signer_info["digest_algorithm"]
    _require(_is_digest(digest, _DIGEST_ALGORITHMS), "its digest is SHA-256, SHA-384 or SHA-512")
    digests = signed["digest_algorithms"]
    _require(
        len(digests) == 1 and digests[0].dump() == digest.dump(),
        "its one digest algorithm is that of the signer",
    )
    by_key = {
        "ec": (f"{digest['algorithm'].native}_ecdsa", _ABSENT),
        "rsa": ("rsassa_pkcs1v15", _NULL),
    }
    algorithm = signer_info["signature_algorithm"]
    found = (algorithm["algorithm"].native, algorithm["parameters"].dump())
    _require(
        found == by_key.get(signer.public_key.algorithm),
        "its signature algorithm is that of the signer's key and digest",
    )


def _check_signer_info(signer_info: Any, signer: Any) -> None:
    _require(signer_info["unsigned_attrs"].dump() == _ABSENT, "it has no unsigned attributes")
    content_type = _signed_attribute(signer_info, "content_type")
    _require(content_type.native == "tst_info", "its signer signed a TSTInfo")
    certificate_id = _signed_attribute(signer_info, "signing_certificate_v2")["certs"][0]
    algorithm = certificate_id["hash_algorithm"]["algorithm"].native
    _require(algorithm in _DIGEST_ALGORITHMS, "its certificate hash is of the SHA-2 family")
    _require(
        certificate_id["cert_hash"].native == hashlib.new(algorithm, signer.dump()).digest(),
        "its certificate hash is that of the signer's certificate",
    )
    _require(
        "extended_key_usage" in signer.critical_extensions
        and signer.extended_key_usage_value.native == ["time_stamping"],
        "the signer's certificate is for time stamping alone, marked critical",
    )


def _signed_attribute(signer_info: Any, name: str) -> Any:
    values = [each["values"] for each in signer_info["signed_attrs"] if each["type"].native == name]
    _require(len(values) == 1 and len(values[0]) == 1, f"it has one signed attribute {name}")
    return values[0][0]


def _imprint(message_imprint: Any) -> bytes:
    _require(_is_digest(message_imprint["hash_algorithm"], {"sha256"}), "its imprint is SHA-256")
    return bytes(message_imprint["hashed_message"].native)


def _is_digest(identifier: Any, allowed: frozenset[str] | set[str]) -> bool:
    # RFC 5754 §2: parameters are absent, or NULL in older programs.
    parameters = identifier["parameters"].dump()
    return identifier["algorithm"].native in allowed and parameters in (_ABSENT, _NULL)


def _time(gen_time: Any) -> datetime:
    _require(len(gen_time.contents) <= _MAX_TIME_CHARS, "its time is in microseconds or coarser")
    time = gen_time.native
    if not isinstance(time, datetime):  # asn1crypto has a type of its own for the year 0.
        raise TokenMalformedError("the stated time is a time of our era, found another")
    return time


def _accuracy(accuracy: Any) -> timedelta:
    parts = accuracy.native
    if parts is None:
        return _DEFAULT_ACCURACY
    seconds, millis, micros = (parts[name] or 0 for name in ("seconds", "millis", "micros"))
    _require(seconds >= 0 and 0 <= millis < 1000 and 0 <= micros < 1000, "its accuracy is a time")
    _require(seconds < MAX_ACCURACY.total_seconds(), "its accuracy is below a day")
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def _verify_path(token: _UnverifiedToken, roots: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return name and DER of the trusted root to which exactly the token's certificates lead."""
    trusted = {name: _load_certificate(der) for name, der in roots.items()}
    unused = [_load_certificate(der) for der in token.others]
    path = [_load_certificate(token.signer)]
    while (authority := _trusted_issuer(path[-1], trusted)) is None:
        issuer = next((each for each in unused if _issued(each, path[-1])), None)
        if issuer is None:
            raise UnknownAuthorityError("the token's certificate path ends in no trusted root")
        unused.remove(issuer)
        path.append(issuer)
    root = trusted[authority]
    if any(each != root for each in unused):
        raise TokenMalformedError("a token holds the certificates of its path, found another")
    for certificate in (*path, root):
        if not certificate.not_valid_before_utc <= token.time <= certificate.not_valid_after_utc:
            raise TokenSignatureError(
                "every certificate is valid at the stated time, found one that is not"
            )
    return authority, roots[authority]


def _trusted_issuer(
    certificate: x509.Certificate, trusted: Mapping[str, x509.Certificate]
) -> str | None:
    """Return the name of the trusted root that issued, or is, this certificate."""
    for name, root in trusted.items():
        if certificate == root or _issued(root, certificate):
            return name
    return None


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _load_certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise TokenMalformedError("a certificate is X.509, found other bytes") from error


def _verify_signature(token: bytes, message: bytes, root: bytes) -> None:
    granted = tsp.TimeStampResp(
        {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
    )
    verifier = rfc3161_client.VerifierBuilder(roots=[_load_certificate(root)]).build()
    try:
        response = rfc3161_client.decode_timestamp_response(granted.dump())
        verifier.verify_message(response, message)
    except (rfc3161_client.VerificationError, ValueError) as error:
        raise TokenSignatureError(
            "the signature and certificates of the token verify, found that they do not"
        ) from error


def _require(condition: bool, expectation: str) -> None:
    if not condition:
        raise TokenMalformedError(
            f"a token is accepted when {expectation}, found one where this is not so"
        )
