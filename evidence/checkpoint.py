"""The checkpoint: the log's signed statement of its size and root.

Owns format section 8: a C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) as a signed note
(https://c2sp.org/signed-note) with one Ed25519 signature and no extension lines, and the rules of
origins. Leaves what the root commits to to `evidence.merkle`, and which key and origin are trusted
to the verifier.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from evidence.canonical import MAX_INTEGER
from evidence.errors import CheckpointError, FieldError, SignatureError
from evidence.fields import Fields, encode_base64, parse_base64
from evidence.keys import SIGNATURE_BYTES, PublicKey, Signer
from evidence.merkle import HASH_BYTES

MAX_NOTE_CHARS: Final = 512
"""Twice an origin of 128, a size, a root and a signature make 440."""

_KEY_ID_BYTES = 4
_ED25519_NOTE = b"\x01"  # The signature type of C2SP signed-note for Ed25519.
_LOG_ID_PREFIX = b"zhenglian/log/v1\n"
_ORIGIN = re.compile(r"[!-*,-~]{1,128}", re.ASCII)  # Printable ASCII but space and "+".
_NOTE = re.compile(
    r"(?P<signed>(?P<origin>[^\n]*)\n(?P<size>[1-9][0-9]{0,15})\n(?P<root>[^\n]*)\n)"
    r"\n— (?P<name>[^\n ]*) (?P<signature>[^\n ]*)\n",
    re.ASCII,
)


class CheckpointOfAnotherLogError(CheckpointError):
    """A checkpoint is well formed, but its origin is not the one expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The size and root of a log at one moment.

    origin: 1-128 printable ASCII characters without space or "+".
    size: leaves, at least 1.
    root: 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_origin(self.origin)
        if not 1 <= self.size <= MAX_INTEGER:
            raise CheckpointError(
                f"a checkpoint has a size from 1 to {MAX_INTEGER}, found {self.size}"
            )
        if len(self.root) != HASH_BYTES:
            raise CheckpointError(f"a root is {HASH_BYTES} bytes, found {len(self.root)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedNote:
    """A well-formed note whose signature nobody has verified yet.

    key_id: 4 bytes, a hint at the signing key.
    signature: 64 bytes.
    signed_text: the three lines that the signature is over.
    """

    checkpoint: Checkpoint
    key_id: bytes
    signature: bytes
    signed_text: bytes


def check_origin(origin: str) -> None:
    """Return only when `origin` can name a log; raises CheckpointError otherwise."""
    if not _ORIGIN.fullmatch(origin):
        raise CheckpointError(
            "an origin is 1 to 128 printable ASCII characters without space or +, found otherwise"
        )


def read_origin(fields: Fields, name: str = "log") -> str:
    """Return the origin in a field; raises EvidenceError for any other value."""
    origin = fields.text(name)
    check_origin(origin)
    return origin


def log_id(origin: str) -> bytes:
    """Return the 32 bytes that stand for a log on the chain (format section 8).

    Raises:
        CheckpointError: `origin` cannot name a log.
    """
    check_origin(origin)
    return sha256(_LOG_ID_PREFIX + origin.encode("ascii")).digest()


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """Return the text of the note that states `checkpoint` under the signer's key.

    Raises:
        SignatureError: the signer's key is not Ed25519.
    """
    key_id = _key_id(checkpoint.origin, signer.public_key)
    signed = f"{checkpoint.origin}\n{checkpoint.size}\n{encode_base64(checkpoint.root)}\n"
    signature = encode_base64(key_id + signer.sign(signed.encode("ascii")))
    return f"{signed}\n— {checkpoint.origin} {signature}\n"


def read_note(text: str) -> UnverifiedNote:
    """Return what a note says; its signature is not verified.

    Raises:
        CheckpointError: it is not three lines, an empty one and exactly one signature line.
    """
    match = _NOTE.fullmatch(text) if len(text) <= MAX_NOTE_CHARS else None
    if match is None:
        raise CheckpointError(
            "a checkpoint is origin, size, root, an empty line and one signature line, "
            "found another text"
        )
    if match["name"] != match["origin"]:
        raise CheckpointError("a checkpoint is signed in the name of its origin, found another")
    try:
        root = parse_base64(match["root"], HASH_BYTES, "checkpoint root")
        signature = parse_base64(
            match["signature"], _KEY_ID_BYTES + SIGNATURE_BYTES, "checkpoint signature"
        )
    except FieldError as error:
        raise CheckpointError(f"the checkpoint cannot be read: {error}") from error
    if len(signature) != _KEY_ID_BYTES + SIGNATURE_BYTES:
        raise CheckpointError(
            f"a checkpoint signature is {SIGNATURE_BYTES} bytes after a key id of "
            f"{_KEY_ID_BYTES}, found {len(signature)} bytes in all"
        )
    checkpoint = Checkpoint(origin=match["origin"], size=int(match["size"]), root=root)
    return UnverifiedNote(
        checkpoint=checkpoint,
        key_id=signature[:_KEY_ID_BYTES],
        signature=signature[_KEY_ID_BYTES:],
        signed_text=match["signed"].encode("ascii"),
    )


def verify_checkpoint(note_text: str, *, origin: str, public_key: PublicKey) -> Checkpoint:
    """Return the checkpoint that the log `origin` signed with `public_key`.

    Raises:
        CheckpointError: the note is malformed.
        CheckpointOfAnotherLogError: it is of another log.
        SignatureError: it is signed by another key, or the signature does not verify.
    """
    note = read_note(note_text)
    if note.checkpoint.origin != origin:
        raise CheckpointOfAnotherLogError(
            f"expected a checkpoint of the log {origin}, found one of {note.checkpoint.origin}"
        )
    expected = _key_id(origin, public_key)
    if note.key_id != expected:
        raise SignatureError(
            f"expected a checkpoint signed by the key {expected.hex()}, "
            f"found one by {note.key_id.hex()}"
        )
    public_key.verify(note.signature, note.signed_text)
    return note.checkpoint


def _key_id(origin: str, key: PublicKey) -> bytes:
    if key.algorithm != "Ed25519":
        raise SignatureError(f"a checkpoint is signed with Ed25519, found {key.algorithm}")
    named = origin.encode("ascii") + b"\n" + _ED25519_NOTE + key.raw
    return sha256(named).digest()[:_KEY_ID_BYTES]
