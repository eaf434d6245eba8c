import stat
from pathlib import Path

import pytest

from notary.datadir import DataDirectory, write_durably
from notary.errors import DataDirectoryLockedError


def test_a_second_notary_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    data = DataDirectory(root=tmp_path / "data")
    with (
        data.locked(),
        pytest.raises(DataDirectoryLockedError, match="ZHENGLIAN_DATA_DIR"),
        data.locked(),
    ):
        pytest.fail("the directory was locked twice")


def test_a_directory_can_be_locked_again_after_it_was_released(tmp_path: Path) -> None:
    data = DataDirectory(root=tmp_path / "data")
    for _ in range(2):
        with data.locked():
            assert data.root.is_dir()


def test_a_new_data_directory_is_closed_to_other_users(tmp_path: Path) -> None:
    data = DataDirectory(root=tmp_path / "data")
    with data.locked():
        assert stat.S_IMODE(data.root.stat().st_mode) == 0o700


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_durably(path, b"old")
    write_durably(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_a_crash_left_half_written_does_not_stop_the_next_write(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(b"longer than what comes next")
    write_durably(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
