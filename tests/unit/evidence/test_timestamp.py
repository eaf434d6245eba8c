"""A token outside the strict profile, over another message or under another root is rejected."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evidence.errors import TimestampError
from evidence.timestamp import (
    MAX_CERTIFICATES,
    MAX_TOKEN_BYTES,
    TokenImprintError,
    TokenMalformedError,
    TokenSignatureError,
    UnknownAuthorityError,
    verify_token,
)
from notary.anchoring.tsa import DemoTimestampAuthority, create_demo_authority

MESSAGE = b"a checkpoint"
NOW = datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)
ROOT_KEY, SIGNING_KEY, OTHER_KEY = (
    ec.derive_private_key(secret, ec.SECP256R1()) for secret in (11, 12, 13)
)


def authority(**changes: Any) -> DemoTimestampAuthority:
    given = {"root_key": ROOT_KEY, "signing_key": SIGNING_KEY, "new_serial": lambda: 42}
    return create_demo_authority(lambda: NOW, **{**given, **changes})


DEMO = authority()
TOKEN = DEMO.stamp(MESSAGE)
ROOTS = {"demo": DEMO.root_certificate}


def changed(change: Callable[[Any], object]) -> bytes:
    """Return the token with its signed data changed and encoded anew, the signature kept."""
    content_info = cms.ContentInfo.load(TOKEN)
    change(content_info["content"])
    return content_info.dump(force=True)  # type: ignore[no-any-return]


def resigned(change: Callable[[Any], object]) -> bytes:
    """Return the token with its TSTInfo changed and signed anew by the demo key."""
    info = tsp.TSTInfo.load(stated())
    change(info)
    return signed_over(info.dump(force=True))


def stated() -> bytes:
    """Return the DER of the TSTInfo in the token."""
    content_info = cms.ContentInfo.load(TOKEN)
    return bytes(content_info["content"]["encap_content_info"]["content"])


def signed_over(content: bytes) -> bytes:
    """Return the token with another TSTInfo, signed anew by the demo key."""
    content_info = cms.ContentInfo.load(TOKEN)
    signed = content_info["content"]
    signed["encap_content_info"]["content"] = core.ParsableOctetString(content)
    signer_info = signed["signer_infos"][0]
    attributes = cms.CMSAttributes(
        [
            {"type": "message_digest", "values": [sha256(content).digest()]}
            if attribute["type"].native == "message_digest"
            else attribute
            for attribute in signer_info["signed_attrs"]
        ]
    )
    signer_info["signed_attrs"] = attributes
    signer_info["signature"] = SIGNING_KEY.sign(
        cms.CMSAttributes(list(attributes)).dump(), ec.ECDSA(hashes.SHA256())
    )
    return content_info.dump()  # type: ignore[no-any-return]


def certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    until: datetime = NOW + timedelta(days=1),
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder(name(issuer), name(subject), key.public_key())
        .serial_number(1 + len(subject))
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if purposes and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


ROOT = certificate("root", "root", ROOT_KEY, ROOT_KEY, ca=True)
TEST_ROOTS = {"other": DEMO.root_certificate, "test": ROOT.public_bytes(Encoding.DER)}


def stamped_under(signing_certificate: x509.Certificate) -> bytes:
    return DemoTimestampAuthority(
        root_certificate=ROOT,
        signing_key=SIGNING_KEY,
        signing_certificate=signing_certificate,
        clock=lambda: NOW,
        new_serial=lambda: 42,
    ).stamp(MESSAGE)


def with_certificates(token: bytes, *others: bytes) -> bytes:
    content_info = cms.ContentInfo.load(token)
    signed = content_info["content"]
    present = list(signed["certificates"])
    signed["certificates"] = [*present, *(cms.Certificate.load(der) for der in others)]
    return content_info.dump(force=True)  # type: ignore[no-any-return]


def test_token_states_time_accuracy_and_authority() -> None:
    time = verify_token(TOKEN, MESSAGE, ROOTS)
    assert (time.time, time.accuracy, time.authority) == (NOW, timedelta(seconds=1), "demo")
    assert time.latest == NOW + timedelta(seconds=1)


def test_token_over_another_message_is_rejected() -> None:
    with pytest.raises(TokenImprintError):
        verify_token(TOKEN, MESSAGE + b"\n", ROOTS)


@pytest.mark.parametrize(
    "root_key", [pytest.param(OTHER_KEY, id="another key under the same name"), None]
)
def test_token_of_an_unknown_authority_is_told_apart(
    root_key: ec.EllipticCurvePrivateKey | None,
) -> None:
    roots = {} if root_key is None else {"demo": authority(root_key=root_key).root_certificate}
    with pytest.raises(UnknownAuthorityError):
        verify_token(TOKEN, MESSAGE, roots)


def test_signature_of_another_key_is_rejected() -> None:
    other = cms.ContentInfo.load(authority(signing_key=OTHER_KEY).stamp(MESSAGE))
    signature = other["content"]["signer_infos"][0]["signature"].native

    def graft(signed: Any) -> None:
        signed["signer_infos"][0]["signature"] = signature

    with pytest.raises(TokenSignatureError):
        verify_token(changed(graft), MESSAGE, ROOTS)


def test_every_changed_byte_of_a_token_is_noticed() -> None:
    assert_mutations_rejected([0x01, 0x20, 0x80])


@pytest.mark.slow
def test_every_flipped_bit_of_a_token_is_noticed() -> None:
    assert_mutations_rejected([1 << bit for bit in range(8)] + [0xFF])


def assert_mutations_rejected(masks: Sequence[int]) -> None:
    for at in range(len(TOKEN)):
        for mask in masks:
            mutated = bytearray(TOKEN)
            mutated[at] ^= mask
            with pytest.raises(TimestampError):
                verify_token(bytes(mutated), MESSAGE, ROOTS)


@pytest.mark.parametrize("token", [b"", b"\x30\x00", TOKEN[:-1], TOKEN + b"\x00", TOKEN * 2])
def test_bytes_that_are_no_token_are_refused(token: bytes) -> None:
    with pytest.raises(TokenMalformedError):
        verify_token(token, MESSAGE, ROOTS)


def test_token_above_its_limit_is_refused() -> None:
    with pytest.raises(TokenMalformedError, match="at most 32768 bytes"):
        verify_token(TOKEN + bytes(MAX_TOKEN_BYTES), MESSAGE, ROOTS)


def first_signer(change: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda signed: change(signed["signer_infos"][0])


def without_attribute(name: str) -> Callable[[Any], object]:
    def change(signer_info: Any) -> None:
        kept = [each for each in signer_info["signed_attrs"] if each["type"].native != name]
        signer_info["signed_attrs"] = cms.CMSAttributes(kept)

    return first_signer(change)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda signed: signed.__setitem__("version", "v4"), "version 3"),
        (lambda signed: signed["digest_algorithms"].append({"algorithm": "sha384"}), "one digest"),
        (
            lambda signed: signed.__setitem__("digest_algorithms", [{"algorithm": "sha384"}]),
            "one digest",
        ),
        (lambda signed: signed["signer_infos"].append(signed["signer_infos"][0]), "one signer"),
        (lambda signed: signed.__setitem__("certificates", []), "certificate of its signer"),
        (lambda signed: signed.__setitem__("crls", []), "revocation"),
        (
            first_signer(lambda info: info.__setitem__("version", "v3")),
            "signer info has version 1",
        ),
        (
            first_signer(
                lambda info: info.__setitem__(
                    "unsigned_attrs", [{"type": "content_type", "values": ["data"]}]
                )
            ),
            "unsigned attributes",
        ),
        (
            first_signer(
                lambda info: info.__setitem__("signature_algorithm", {"algorithm": "sha384_ecdsa"})
            ),
            "signature algorithm",
        ),
        (
            first_signer(
                lambda info: info.__setitem__(
                    "signature_algorithm", {"algorithm": "rsassa_pkcs1v15"}
                )
            ),
            "signature algorithm",
        ),
        (without_attribute("signing_certificate_v2"), "signing_certificate_v2"),
        (without_attribute("content_type"), "content_type"),
    ],
)
def test_signed_data_outside_the_profile_is_refused(
    change: Callable[[Any], object], complaint: str
) -> None:
    with pytest.raises(TokenMalformedError, match=complaint):
        verify_token(changed(change), MESSAGE, ROOTS)


def test_certificate_hash_of_another_certificate_is_refused() -> None:
    def change(signer_info: Any) -> None:
        signer_info["signed_attrs"] = cms.CMSAttributes(
            [
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": bytes(32)}]}],
                }
                if each["type"].native == "signing_certificate_v2"
                else each
                for each in signer_info["signed_attrs"]
            ]
        )

    with pytest.raises(TokenMalformedError, match="certificate hash is that of"):
        verify_token(changed(first_signer(change)), MESSAGE, ROOTS)


def with_accuracy(**parts: int) -> Callable[[Any], object]:
    return lambda info: info.__setitem__("accuracy", parts)


@pytest.mark.parametrize(
    ("change", "accuracy"),
    [
        (lambda info: info.__setitem__("accuracy", None), timedelta(seconds=1)),
        (with_accuracy(seconds=3), timedelta(seconds=3)),
        (with_accuracy(millis=500, micros=100), timedelta(milliseconds=500, microseconds=100)),
        (with_accuracy(seconds=86_399, millis=999), timedelta(seconds=86_399, milliseconds=999)),
    ],
)
def test_accuracy_is_read_and_one_second_without(
    change: Callable[[Any], object], accuracy: timedelta
) -> None:
    time = verify_token(resigned(change), MESSAGE, ROOTS)
    assert time.accuracy == accuracy
    assert time.latest == NOW + accuracy


def with_decimals(decimals: bytes) -> bytes:
    """Return the token with other decimals of the second, which asn1crypto would round."""
    content = stated()
    assert content[1] < 0x70, "a length of one byte, also of the longer content"
    before, time = b"\x1220260131120000.25Z", b"20260131120000." + decimals + b"Z"
    assert before in content
    length = content[1] + 1 + len(time) - len(before)
    rest = content[2:].replace(before, bytes((len(time),)) + time)
    return signed_over(bytes((content[0], length)) + rest)


def test_statement_signed_in_another_encoding_than_der_is_refused() -> None:
    content = stated()
    assert verify_token(signed_over(content), MESSAGE, ROOTS).time == NOW
    with pytest.raises(TokenMalformedError):  # Its length in two bytes, where one is enough.
        verify_token(signed_over(content[:1] + b"\x81" + content[1:]), MESSAGE, ROOTS)


def test_time_finer_than_microseconds_is_refused() -> None:
    token = with_decimals(b"123456")
    assert verify_token(token, MESSAGE, ROOTS).time == NOW.replace(microsecond=123_456)
    with pytest.raises(TokenMalformedError, match="microseconds or coarser"):
        verify_token(with_decimals(b"1234561"), MESSAGE, ROOTS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (with_accuracy(seconds=86_400), "below a day"),
        (with_accuracy(seconds=-1), "is a time"),
        (with_accuracy(millis=1000), "is a time"),
        (lambda info: info.__setitem__("version", "v2"), "TSTInfo has version 1"),
        (
            lambda info: info.__setitem__(
                "message_imprint",
                {"hash_algorithm": {"algorithm": "sha384"}, "hashed_message": bytes(48)},
            ),
            "imprint is SHA-256",
        ),
    ],
)
def test_statement_outside_the_profile_is_refused(
    change: Callable[[Any], object], complaint: str
) -> None:
    with pytest.raises(TokenMalformedError, match=complaint):
        verify_token(resigned(change), MESSAGE, ROOTS)


@pytest.mark.parametrize(
    "fraction", [0, 1000, 250_000, 999_000], ids=lambda microsecond: f"{microsecond} µs"
)
def test_fraction_of_the_second_is_kept(fraction: int) -> None:
    time = NOW.replace(microsecond=fraction)
    token = create_demo_authority(
        lambda: time, root_key=ROOT_KEY, signing_key=SIGNING_KEY, new_serial=lambda: 1
    ).stamp(MESSAGE)
    assert verify_token(token, MESSAGE, ROOTS).time == time


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"purposes": []}, id="no purpose"),
        pytest.param({"purposes": [ExtendedKeyUsageOID.CODE_SIGNING]}, id="another purpose"),
        pytest.param(
            {"purposes": [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]},
            id="two purposes",
        ),
        pytest.param({"critical": False}, id="not critical"),
    ],
)
def test_certificate_not_for_time_stamping_alone_is_refused(options: dict[str, Any]) -> None:
    leaf = certificate("tsa", "root", SIGNING_KEY, ROOT_KEY, **options)
    with pytest.raises(TokenMalformedError, match="time stamping alone"):
        verify_token(stamped_under(leaf), MESSAGE, TEST_ROOTS)


def test_certificate_expired_at_the_stated_time_is_rejected() -> None:
    in_time = certificate("tsa", "root", SIGNING_KEY, ROOT_KEY)
    assert verify_token(stamped_under(in_time), MESSAGE, TEST_ROOTS).authority == "test"
    expired = certificate("tsa", "root", SIGNING_KEY, ROOT_KEY, until=NOW - timedelta(hours=1))
    with pytest.raises(TokenSignatureError, match="valid at the stated time"):
        verify_token(stamped_under(expired), MESSAGE, TEST_ROOTS)


def stamped_with_serial_number(serial_number: int) -> bytes:
    """Return a token under a certificate of that number, which `cryptography` may not make."""
    made = asn1_x509.Certificate.load(
        certificate("tsa", "root", SIGNING_KEY, ROOT_KEY).public_bytes(Encoding.DER)
    )
    made["tbs_certificate"]["serial_number"] = serial_number
    signed = made["tbs_certificate"].dump(force=True)
    made["signature_value"] = ROOT_KEY.sign(signed, ec.ECDSA(hashes.SHA256()))
    tsa = authority()
    tsa._signing_certificate = made
    return tsa.stamp(MESSAGE)


def test_certificate_without_a_positive_serial_number_is_refused() -> None:
    assert verify_token(stamped_with_serial_number(1), MESSAGE, TEST_ROOTS).authority == "test"
    for serial_number in (0, -1):
        with pytest.raises(TokenMalformedError, match="positive serial numbers"):
            verify_token(stamped_with_serial_number(serial_number), MESSAGE, TEST_ROOTS)


def test_path_through_an_intermediate_is_followed() -> None:
    intermediate = certificate("intermediate", "root", OTHER_KEY, ROOT_KEY, ca=True)
    token = stamped_under(certificate("tsa", "intermediate", SIGNING_KEY, OTHER_KEY))
    der = intermediate.public_bytes(Encoding.DER)
    assert verify_token(with_certificates(token, der), MESSAGE, TEST_ROOTS).authority == "test"
    with pytest.raises(UnknownAuthorityError):
        verify_token(token, MESSAGE, TEST_ROOTS)


def test_path_through_a_certificate_that_may_not_issue_is_rejected() -> None:
    middle = certificate("intermediate", "root", OTHER_KEY, ROOT_KEY, ca=False)
    token = stamped_under(certificate("tsa", "intermediate", SIGNING_KEY, OTHER_KEY))
    with pytest.raises(TokenSignatureError):
        verify_token(
            with_certificates(token, middle.public_bytes(Encoding.DER)), MESSAGE, TEST_ROOTS
        )


def test_trusted_root_may_be_in_the_token_and_no_other_certificate() -> None:
    assert verify_token(with_certificates(TOKEN, ROOTS["demo"]), MESSAGE, ROOTS).time == NOW
    with pytest.raises(TokenMalformedError, match="certificates of its path"):
        verify_token(with_certificates(TOKEN, TEST_ROOTS["test"]), MESSAGE, ROOTS)


def test_more_certificates_than_a_path_has_are_refused_unread() -> None:
    # Each could be the issuer of any other, so that finding a path among hundreds takes a second.
    ders = [
        certificate("tsa" + "x" * n, "tsa", OTHER_KEY, OTHER_KEY).public_bytes(Encoding.DER)
        for n in range(MAX_CERTIFICATES)
    ]
    with pytest.raises(TokenMalformedError, match="at most 8 certificates"):
        verify_token(with_certificates(TOKEN, *ders), MESSAGE, ROOTS)
    with pytest.raises(TokenMalformedError, match="certificates of its path"):
        verify_token(with_certificates(TOKEN, *ders[1:]), MESSAGE, ROOTS)


def test_certificate_twice_in_the_token_is_refused() -> None:
    token = with_certificates(TOKEN, ROOTS["demo"], ROOTS["demo"])
    with pytest.raises(TokenMalformedError, match="set in order"):
        verify_token(token, MESSAGE, ROOTS)


OPENSSL_CONFIG = """
[req]
distinguished_name=name
prompt=no
[name]
CN=Test root
[root]
basicConstraints=critical,CA:TRUE
[leaf]
basicConstraints=critical,CA:FALSE
extendedKeyUsage=critical,timeStamping
[authority]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
accuracy=secs:1,millisecs:500,microsecs:100
clock_precision_digits=3
tsa_name=yes
ess_cert_id_alg=sha256
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
def test_rsa_token_of_openssl_is_accepted_and_its_changed_bytes_noticed(tmp_path: Path) -> None:
    def openssl(command: str) -> None:
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "config").write_text(OPENSSL_CONFIG)
    (tmp_path / "serial").write_text("01")
    (tmp_path / "message").write_bytes(MESSAGE)
    new = "-newkey rsa:2048 -nodes -config config"
    openssl(f"req -x509 {new} -keyout root.key -out root.pem -days 9 -extensions root")
    openssl(f"req {new} -keyout leaf.key -out leaf.csr -subj /CN=leaf")
    openssl(
        "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 9 "
        "-extfile config -extensions leaf -out leaf.pem"
    )
    openssl("x509 -in root.pem -outform der -out root.der")
    openssl("ts -query -data message -sha256 -cert -out query")
    openssl(
        "ts -reply -config config -section authority -queryfile query -signer leaf.pem "
        "-inkey leaf.key -token_out -out token"
    )
    roots = {"openssl": (tmp_path / "root.der").read_bytes()}
    token = (tmp_path / "token").read_bytes()
    time = verify_token(token, MESSAGE, roots)
    assert time.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    for at in range(len(token)):
        mutated = bytearray(token)
        mutated[at] ^= 0x01
        with pytest.raises(TimestampError):
            verify_token(bytes(mutated), MESSAGE, roots)
