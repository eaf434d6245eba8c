"""Bytes that say the same as a DER encoding in another way are refused."""

import pytest
from asn1crypto import core, parser
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.der import MAX_DEPTH, DerError, verify_der

PIECES = [bytes([byte]) for byte in bytes.fromhex("3031a0020680818200017fff")]


def nested(levels: int) -> bytes:
    raw = b""
    for _ in range(levels):
        raw = core.Sequence(contents=raw).dump()
    return raw


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("0101ff", id="true"),
        pytest.param("020100", id="zero"),
        pytest.param("02020080", id="128"),
        pytest.param("0201ff", id="minus one"),
        pytest.param("03020780", id="one bit"),
        pytest.param("030100", id="no bits"),
        pytest.param("0400", id="empty octets"),
        pytest.param("0500", id="null"),
        pytest.param("06032a8648", id="arc of two bytes"),
        pytest.param("170d3236303130313030303030305a", id="UTC time"),
        pytest.param("180f32303236303130313030303030305a", id="generalized time"),
        pytest.param("181132303236303130313030303030302e355a", id="half a second"),
        pytest.param("3106020101020102", id="set in order"),
        pytest.param("3106020101020101", id="set with a value twice"),
        pytest.param("a003020101", id="explicit tag"),
        pytest.param("800101", id="implicit tag"),
        pytest.param("048180" + "00" * 128, id="length of two bytes"),
        pytest.param("30080603550403" + "0c0141", id="attribute"),
    ],
)
def test_der_is_accepted(raw: str) -> None:
    verify_der(bytes.fromhex(raw))


@given(st.binary(max_size=12) | st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join))
@settings(max_examples=500, deadline=None)
def test_whatever_is_accepted_another_library_can_read_too(raw: bytes) -> None:
    try:
        verify_der(raw)
    except DerError:
        return
    parser.parse(raw, strict=True)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("", id="nothing"),
        pytest.param("30", id="no length"),
        pytest.param("0101", id="no content"),
        pytest.param("010101", id="true as 1"),
        pytest.param("01020000", id="long boolean"),
        pytest.param("0200", id="empty integer"),
        pytest.param("02020001", id="padded integer"),
        pytest.param("0202ff80", id="padded negative integer"),
        pytest.param("0300", id="bit string without count"),
        pytest.param("03020800", id="eight unused bits"),
        pytest.param("03020781", id="unused bit set"),
        pytest.param("030101", id="unused bits of nothing"),
        pytest.param("050100", id="null with content"),
        pytest.param("0600", id="empty identifier"),
        pytest.param("06032a8086", id="padded arc"),
        pytest.param("06022a86", id="arc without end"),
        pytest.param("170b323630313031303030305a", id="UTC time without seconds"),
        pytest.param("17113236303130313030303030302b30303030", id="UTC time with offset"),
        pytest.param("181132303236303130313030303030302e305a", id="trailing zero of a second"),
        pytest.param("180e3230323630313031303030303030", id="local time"),
        pytest.param("3106020102020101", id="set out of order"),
        pytest.param("308002010100" + "00", id="indefinite length"),
        pytest.param("04817f" + "00" * 127, id="long form of a short length"),
        pytest.param("04820080" + "00" * 128, id="padded length"),
        pytest.param("2403040100", id="octets in parts"),
        pytest.param("1003020101", id="sequence marked primitive"),
        pytest.param("3003020201", id="content beyond its parent"),
        pytest.param("02010102", id="byte after the value"),
        pytest.param("1f8101" + "00", id="long tag"),
        pytest.param("410100", id="application class"),
        pytest.param("070100", id="type that signed data lacks"),
        pytest.param("0485" + "0000000001" + "00", id="length of five bytes"),
    ],
)
def test_other_encoding_is_refused(raw: str) -> None:
    with pytest.raises(DerError):
        verify_der(bytes.fromhex(raw))


def test_nesting_at_the_limit_is_accepted_and_beyond_it_refused() -> None:
    verify_der(nested(MAX_DEPTH + 1))
    with pytest.raises(DerError, match="nesting"):
        verify_der(nested(MAX_DEPTH + 2))


def test_key_written_by_another_library_is_der() -> None:
    key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    verify_der(raw)
    with pytest.raises(DerError):
        verify_der(raw + b"\x00")
