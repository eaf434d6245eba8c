"""What a directory holds beside the chain file: the validator's key and the process lock.

Owns both files and their durability. Leaves what the key signs to
:mod:`chain.embedded.engine`.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from coincurve import PrivateKey

from chain.errors import ChainLockedError, EngineError

KEY_FILE = "validator.key"
LOCK_FILE = "chain.lock"
_KEY_BYTES = 32


class DirectoryLock:
    """Held from construction to `release`; the operating system drops it when the process ends."""

    def __init__(self, directory: Path) -> None:
        """This process is the only one that holds the directory.

        Raises:
            ChainLockedError: another process, or another object of this one, holds it.
        """
        path = directory / LOCK_FILE
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise ChainLockedError(
                f"the chain in {directory} is open elsewhere: {path} is locked"
            ) from error

    def release(self) -> None:
        """Another process may take the directory."""
        os.close(self._descriptor)


def create_validator_key(directory: Path) -> PrivateKey:
    """A new key is durable in the directory, readable by its owner only."""
    key = PrivateKey()
    path = directory / KEY_FILE
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(directory)
    return key


def read_validator_key(directory: Path) -> PrivateKey | None:
    """The key in the directory, or None when there is none yet.

    Raises:
        EngineError: the file does not hold 32 bytes in hexadecimal that are a key.
    """
    path = directory / KEY_FILE
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(secret) != _KEY_BYTES:
            raise ValueError(f"{len(secret)} bytes")
        return PrivateKey(secret)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise EngineError(f"a secp256k1 key of 32 bytes in hex is expected in {path}") from error


def sync_directory(directory: Path) -> None:
    """Names created in the directory survive the loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
