"""The private keys of a notary that keeps them in files.

Owns making them at the first start, reading them at every later one, and refusing files that others
could read. Keys are never shown: not in a repr, a message or logging. Leaves signing to
`evidence.keys` and trust to the trust root.
"""

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from evidence.keys import PrivateKeySigner
from notary.datadir import make_directory, write_durably
from notary.errors import KeyFileError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NotaryKeys:
    """Every key of one notary."""

    checkpoints: PrivateKeySigner = field(repr=False)
    """Ed25519: signs the log's checkpoints."""
    entries: PrivateKeySigner = field(repr=False)
    """Ed25519: signs entries and acknowledgements."""
    ledger_secret: bytes = field(repr=False)
    """32 bytes, secp256k1: the account that extends the log on the ledger."""
    tsa_root: ec.EllipticCurvePrivateKey = field(repr=False)
    """P-256: root of the demo timestamp authority."""
    tsa_signing: ec.EllipticCurvePrivateKey = field(repr=False)
    """P-256: signs the tokens of the demo timestamp authority."""


def open_keys(directory: Path) -> NotaryKeys:
    """The keys in `directory` are read; those that were never made are made, durably, 0600.

    Raises:
        KeyFileError: a file can be read by others, or does not hold the key it is named for.
    """
    make_directory(directory, mode=0o700)
    ledger = _open_elliptic(directory / "ledger.pem", ec.SECP256K1())
    return NotaryKeys(
        checkpoints=PrivateKeySigner(_open_ed25519(directory / "checkpoints.pem")),
        entries=PrivateKeySigner(_open_ed25519(directory / "entries.pem")),
        ledger_secret=ledger.private_numbers().private_value.to_bytes(_SECRET_BYTES, "big"),
        tsa_root=_open_elliptic(directory / "tsa-root.pem", ec.SECP256R1()),
        tsa_signing=_open_elliptic(directory / "tsa-signing.pem", ec.SECP256R1()),
    )


def _open_ed25519(path: Path) -> Ed25519PrivateKey:
    key = _read(path, Ed25519PrivateKey.generate)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"the key file {path} holds an Ed25519 key, found one of another kind")
    return key


def _open_elliptic(path: Path, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    key = _read(path, lambda: ec.generate_private_key(curve))
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != curve.name:
        raise KeyFileError(f"the key file {path} holds a {curve.name} key, found another kind")
    return key


def _read(
    path: Path, generate: Callable[[], Ed25519PrivateKey | ec.EllipticCurvePrivateKey]
) -> PrivateKeyTypes:
    """Return the key in the file, which is made first if it is not there."""
    if not path.exists():
        pem = generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_durably(path, pem, mode=0o600)
    if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        raise KeyFileError(
            f"the key file {path} can be read by other users; make it yours alone with"
            f" chmod 600 {path}, and replace the key if others may have read it"
        )
    try:
        return load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(
            f"the key file {path} does not hold a private key in PEM; restore it from a backup"
        ) from error
