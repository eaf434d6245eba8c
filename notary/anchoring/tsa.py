"""Timestamp authorities: whoever states that a checkpoint existed by a time.

Owns the interface to them, and the demo authority of the sandbox: it is run by the notary itself,
so its tokens show the notary's own clock and nothing more. Leaves the verification of tokens to
`evidence.timestamp` and when to ask for one to the sequencer.

RFC 3161 (the token), RFC 5652 (its signed data), RFC 5816 (signing-certificate-v2).
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Protocol, cast

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEMO_NAME: Final = "Zhenglian DEMO timestamp authority – sandbox"
_DEMO_POLICY = "2.25.54465052583466023774276512379149036087"
# An arc of our own, by UUID (ITU-T X.667), under which nobody promises anything.

_NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
_NOT_AFTER = datetime(2049, 12, 31, tzinfo=UTC)
# Fixed, so that the same keys always give the same certificates and the trust root stays as it is.

_ACCURACY_S = 1


class TimestampAuthority(Protocol):
    """Stamps messages: RFC 3161, inside the strict profile of format section 9.

    Stamping keeps nothing that a caller relies on. The same message may be stamped again, by the
    same or another process, at the same time or after a failure: each token stands for itself.

    Raises AnchoringError when no token could be had, whatever the cause; the caller tries again
    later.
    """

    @property
    def name(self) -> str:
        """The name of the authority for people to read."""
        ...

    def stamp(self, message: bytes) -> bytes:
        """Return the DER of a token whose imprint is the SHA-256 of `message`."""
        ...


class DemoTimestampAuthority:
    """Signs the time of the machine it runs on. Implements TimestampAuthority; never fails.

    clock: gives aware times; a token holds whole milliseconds.
    new_serial: gives 64 random bits, which number a token.
    """

    name: Final = DEMO_NAME

    def __init__(
        self,
        *,
        root_certificate: x509.Certificate,
        signing_key: ec.EllipticCurvePrivateKey,
        signing_certificate: x509.Certificate,
        clock: Callable[[], datetime],
        new_serial: Callable[[], int],
    ) -> None:
        self._root_certificate = root_certificate
        self._signing_key = signing_key
        self._signing_certificate = asn1_x509.Certificate.load(_der(signing_certificate))
        self._clock = clock
        self._new_serial = new_serial

    @property
    def root_certificate(self) -> bytes:
        """The DER of the root that the sandbox trust root names."""
        return _der(self._root_certificate)

    def stamp(self, message: bytes) -> bytes:
        """Return the DER of a token whose imprint is the SHA-256 of `message`."""
        content = self._content(message)
        attributes = self._signed_attributes(content)
        # Signed as a SET OF, stored under an implicit tag (RFC 5652 §5.4).
        signature = self._signing_key.sign(
            attributes.dump(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        )
        signer_info = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {
                    "issuer_and_serial_number": {
                        "issuer": self._signing_certificate.issuer,
                        "serial_number": self._signing_certificate.serial_number,
                    }
                },
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": signature,
            }
        )
        signed_data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [self._signing_certificate],
                "signer_infos": [signer_info],
            }
        )
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed_data})
        return cast(bytes, token.dump())

    def _content(self, message: bytes) -> bytes:
        now = self._clock().astimezone(UTC)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": _DEMO_POLICY,
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": sha256(message).digest(),
                },
                "serial_number": self._new_serial(),
                "gen_time": now.replace(microsecond=now.microsecond // 1000 * 1000),
                "accuracy": {"seconds": _ACCURACY_S},
            }
        )
        return cast(bytes, info.dump())

    def _signed_attributes(self, content: bytes) -> Any:
        certificate_hash = sha256(self._signing_certificate.dump()).digest()
        return cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [sha256(content).digest()]},
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": certificate_hash}]}],
                },
            ]
        )


def create_demo_authority(
    clock: Callable[[], datetime],
    *,
    root_key: ec.EllipticCurvePrivateKey | None = None,
    signing_key: ec.EllipticCurvePrivateKey | None = None,
    new_serial: Callable[[], int] = lambda: secrets.randbits(64),
) -> DemoTimestampAuthority:
    """Return a demo authority under two P-256 keys; those not given are made anew.

    The certificates follow from the keys alone, so keeping the keys keeps the trust root. With
    keys, clock and serials given, every token is reproducible.
    """
    root_key = root_key or ec.generate_private_key(ec.SECP256R1())
    signing_key = signing_key or ec.generate_private_key(ec.SECP256R1())
    root = _root_certificate(root_key)
    return DemoTimestampAuthority(
        root_certificate=root,
        signing_key=signing_key,
        signing_certificate=_signing_certificate(signing_key, root, root_key),
        clock=clock,
        new_serial=new_serial,
    )


def _root_certificate(root_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name(f"{DEMO_NAME} root")
    builder = (
        _builder(name, name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
    )
    return builder.sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)


def _signing_certificate(
    signing_key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    builder = (
        _builder(_name(DEMO_NAME), root.subject, signing_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(purpose, critical=True)
        .add_extension(authority_key, critical=False)
    )
    return builder.sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder(issuer, subject, key)
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .serial_number(int.from_bytes(identifier.digest[:8], "big") | 1)  # Positive, from the key.
        .add_extension(identifier, critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Zhenglian DEMO – sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
