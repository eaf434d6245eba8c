"""The digest pair against published answers, and across chunk boundaries."""

import hashlib
from pathlib import Path

import pytest

from zhenglian import Exhibit, digests, digests_of
from zhenglian.digests import CHUNK_BYTES, DigestMeter

SM3_ABC = "sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
SHA256_ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_digests_of_abc_are_the_published_ones(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert digests_of(path) == Exhibit(sha256=SHA256_ABC, sm3=SM3_ABC, size_bytes=3)
    assert digests_of(path).digests == (SHA256_ABC, SM3_ABC)


def test_sm3_is_the_same_where_openssl_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_sm3(name: str, **_: object) -> object:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(digests.hashlib, "new", without_sm3)
    with DigestMeter() as meter:
        meter.update(b"ab")
        meter.update(b"c")
        assert meter.finish().sm3 == SM3_ABC


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_chunks_are_hashed_in_their_order(tmp_path: Path, extra: int) -> None:
    content = hashlib.shake_128(b"chunks").digest(3 * CHUNK_BYTES + extra)
    path = tmp_path / "content"
    path.write_bytes(content)
    exhibit = digests_of(path)
    assert exhibit.sha256 == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert exhibit.sm3 == f"sm3:{hashlib.new('sm3', content).hexdigest()}"
    assert exhibit.size_bytes == len(content)


def test_progress_counts_up_to_the_size(tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(bytes(2 * CHUNK_BYTES + 5))
    seen: list[tuple[int, int | None]] = []
    digests_of(path, lambda done, total: seen.append((done, total)))
    total = 2 * CHUNK_BYTES + 5
    assert seen == [(CHUNK_BYTES, total), (2 * CHUNK_BYTES, total), (total, total)]


def test_a_file_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digests_of(tmp_path / "absent")
