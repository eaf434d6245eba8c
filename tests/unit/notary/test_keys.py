import logging
import stat
from pathlib import Path

import pytest

from notary.errors import KeyFileError
from notary.keys import open_keys


def test_keys_are_made_once_and_read_from_then_on(tmp_path: Path) -> None:
    first, second = open_keys(tmp_path / "keys"), open_keys(tmp_path / "keys")
    assert first.checkpoints.kid == second.checkpoints.kid
    assert first.entries.kid == second.entries.kid
    assert first.ledger_secret == second.ledger_secret
    assert first.tsa_root.private_numbers() == second.tsa_root.private_numbers()
    assert first.checkpoints.kid != first.entries.kid


def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys")
    files = list((tmp_path / "keys").iterdir())
    assert len(files) == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    open_keys(tmp_path / "keys")
    (tmp_path / "keys" / "entries.pem").chmod(mode)
    with pytest.raises(KeyFileError, match=r"chmod 600 .*entries\.pem"):
        open_keys(tmp_path / "keys")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys")
    (tmp_path / "keys" / "tsa-root.pem").replace(tmp_path / "keys" / "entries.pem")
    with pytest.raises(KeyFileError, match="Ed25519"):
        open_keys(tmp_path / "keys")


def test_a_key_on_another_curve_is_refused(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys")
    (tmp_path / "keys" / "tsa-root.pem").replace(tmp_path / "keys" / "ledger.pem")
    with pytest.raises(KeyFileError, match="secp256k1"):
        open_keys(tmp_path / "keys")


def test_a_damaged_key_file_is_refused_and_never_replaced(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys")
    path = tmp_path / "keys" / "checkpoints.pem"
    path.write_bytes(b"no key")
    with pytest.raises(KeyFileError, match="backup"):
        open_keys(tmp_path / "keys")
    assert path.read_bytes() == b"no key"


def test_keys_show_in_no_repr_and_no_logging(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = open_keys(tmp_path / "keys")
    assert repr(keys) == "NotaryKeys()"
    assert caplog.text == ""
