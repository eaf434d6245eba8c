"""A checkpoint has one text, and verifies only for its log and under its key."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.checkpoint import (
    Checkpoint,
    CheckpointOfAnotherLogError,
    check_origin,
    log_id,
    read_note,
    sign_checkpoint,
    verify_checkpoint,
)
from evidence.errors import CheckpointError, SignatureError
from evidence.fields import encode_base64
from evidence.keys import PrivateKeySigner, PublicKey
from tests.unit.evidence.samples import LOG, NOTARY, digests32

CHECKPOINT = Checkpoint(origin=LOG, size=7, root=b"\x07" * 32)
NOTE = sign_checkpoint(CHECKPOINT, NOTARY)
KEY = NOTARY.public_key
BODY, SIGNATURE_LINE = NOTE.split("\n\n")

# The example of golang.org/x/mod/sumdb/note, which C2SP signed-note generalises.
GO_KEY = PublicKey(
    algorithm="Ed25519",
    raw=bytes.fromhex("1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6"),
)


@given(st.from_regex(r"[!-*,-~]{1,128}", fullmatch=True), st.integers(1, 2**53 - 1), digests32)
@settings(max_examples=100, deadline=None)
def test_checkpoint_round_trips(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin=origin, size=size, root=root)
    note = sign_checkpoint(checkpoint, NOTARY)
    assert read_note(note).checkpoint == checkpoint
    assert verify_checkpoint(note, origin=origin, public_key=KEY) == checkpoint


def test_note_has_the_lines_of_the_format() -> None:
    key_id = sha256(LOG.encode() + b"\n\x01" + KEY.raw).digest()[:4]
    body = f"{LOG}\n7\n{encode_base64(CHECKPOINT.root)}\n"
    signature = encode_base64(key_id + NOTARY.sign(body.encode()))
    assert f"{body}\n— {LOG} {signature}\n" == NOTE


def test_key_id_is_that_of_the_go_implementation() -> None:
    note = f"PeterNeumann\n1\n{encode_base64(bytes(32))}\n\n— PeterNeumann "
    signature = encode_base64(bytes.fromhex("c74f20a3") + bytes(64))
    with pytest.raises(SignatureError, match="does not verify"):
        verify_checkpoint(f"{note}{signature}\n", origin="PeterNeumann", public_key=GO_KEY)
    other = encode_base64(bytes.fromhex("c74f20a4") + bytes(64))
    with pytest.raises(SignatureError, match="signed by the key c74f20a3"):
        verify_checkpoint(f"{note}{other}\n", origin="PeterNeumann", public_key=GO_KEY)


def test_every_changed_byte_of_a_note_is_noticed() -> None:
    raw = NOTE.encode()
    for at in range(len(raw)):
        for mask in (0x01, 0x20, 0x80):
            changed = bytearray(raw)
            changed[at] ^= mask
            with pytest.raises((CheckpointError, SignatureError, UnicodeDecodeError)):
                verify_checkpoint(changed.decode(), origin=LOG, public_key=KEY)


def test_checkpoint_of_another_log_is_told_apart() -> None:
    with pytest.raises(CheckpointOfAnotherLogError, match=LOG):
        verify_checkpoint(NOTE, origin="other.example", public_key=KEY)


def test_checkpoint_of_another_key_is_rejected() -> None:
    other = PrivateKeySigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(SignatureError, match="signed by the key"):
        verify_checkpoint(NOTE, origin=LOG, public_key=other.public_key)


def test_signature_over_another_checkpoint_is_rejected() -> None:
    other = NOTE.replace("\n7\n", "\n8\n", 1)
    with pytest.raises(SignatureError, match="does not verify"):
        verify_checkpoint(other, origin=LOG, public_key=KEY)


def test_only_ed25519_signs_checkpoints() -> None:
    signer = PrivateKeySigner(ec.derive_private_key(7, ec.SECP256R1()))
    with pytest.raises(SignatureError, match="Ed25519"):
        sign_checkpoint(CHECKPOINT, signer)
    with pytest.raises(SignatureError, match="Ed25519"):
        verify_checkpoint(NOTE, origin=LOG, public_key=signer.public_key)


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="empty"),
        pytest.param(NOTE[:-1], id="no last newline"),
        pytest.param(NOTE + "\n", id="newline after"),
        pytest.param(NOTE + SIGNATURE_LINE, id="two signatures"),
        pytest.param(BODY + "\n\n", id="no signature"),
        pytest.param(NOTE.replace("\n\n", "\nextension\n\n"), id="extension line"),
        pytest.param(NOTE.replace("\n\n", "\n\n\n"), id="two empty lines"),
        pytest.param(NOTE.replace("\n", "\r\n"), id="carriage returns"),
        pytest.param(NOTE.replace("—", "-"), id="hyphen for em dash"),
        pytest.param(NOTE.replace("\n7\n", "\n07\n"), id="leading zero"),
        pytest.param(NOTE.replace("\n7\n", "\n0\n"), id="size zero"),
        pytest.param(NOTE.replace("\n7\n", "\n+7\n"), id="signed size"),
        pytest.param(NOTE.replace("\n7\n", "\n٧\n"), id="size in other digits"),
        pytest.param(NOTE.replace("\n7\n", f"\n{2**53}\n"), id="size beyond 2^53"),
        pytest.param(NOTE.replace(LOG, "", 1), id="no origin"),
        pytest.param(NOTE.replace(LOG, "two words"), id="space in origin"),
        pytest.param(NOTE.replace(LOG, "a+b"), id="plus in origin"),
        pytest.param(NOTE.replace(LOG, "原点"), id="origin beyond ASCII"),
        pytest.param(NOTE.replace(LOG, "o" * 129), id="long origin"),
        pytest.param(NOTE.replace(f"— {LOG}", "— other.example"), id="signed in another name"),
        pytest.param(NOTE.replace("Bwc=", "Bwd="), id="stray bits in root"),
        pytest.param(NOTE.replace("BwcHBwcH", "", 1), id="short root"),
        pytest.param(NOTE[:-5] + "\n", id="short signature"),
    ],
)
def test_note_outside_its_one_form_is_refused(note: str) -> None:
    assert note != NOTE
    with pytest.raises(CheckpointError):
        read_note(note)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\n", "a\x7f", "é", "o" * 129])
def test_text_that_cannot_name_a_log_is_refused(origin: str) -> None:
    check_origin("o" * 128)
    for attempt in (check_origin, log_id):
        with pytest.raises(CheckpointError):
            attempt(origin)
    with pytest.raises(CheckpointError):
        Checkpoint(origin=origin, size=1, root=bytes(32))


def test_checkpoint_of_an_empty_log_is_refused() -> None:
    with pytest.raises(CheckpointError, match="found 0"):
        Checkpoint(origin=LOG, size=0, root=bytes(32))


def test_checkpoint_with_a_short_root_is_refused() -> None:
    with pytest.raises(CheckpointError, match="found 31"):
        Checkpoint(origin=LOG, size=1, root=bytes(31))


def test_log_id_is_that_of_the_format() -> None:
    assert log_id(LOG) == sha256(b"zhenglian/log/v1\n" + LOG.encode()).digest()
