"""The validator's key file and the process lock."""

import stat
from pathlib import Path

import pytest

from chain.embedded.directory import DirectoryLock, create_validator_key, read_validator_key
from chain.errors import ChainLockedError, EngineError


def test_new_key_is_read_back(tmp_path: Path) -> None:
    key = create_validator_key(tmp_path)
    found = read_validator_key(tmp_path)
    assert found is not None
    assert found.secret == key.secret


def test_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    create_validator_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "validator.key").stat().st_mode) == 0o600


def test_two_keys_differ(tmp_path: Path) -> None:
    assert create_validator_key(tmp_path).secret != create_validator_key(tmp_path).secret


def test_directory_without_key_has_none(tmp_path: Path) -> None:
    assert read_validator_key(tmp_path) is None


@pytest.mark.parametrize("content", ["", "zz" * 32, "11" * 31, "11" * 33, "00" * 32])
def test_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "validator.key").write_text(content)
    with pytest.raises(EngineError, match="secp256k1"):
        read_validator_key(tmp_path)


def test_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    with pytest.raises(ChainLockedError, match=str(tmp_path)):
        DirectoryLock(tmp_path)
    lock.release()
    DirectoryLock(tmp_path).release()
