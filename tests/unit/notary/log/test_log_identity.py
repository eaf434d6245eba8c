from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence.checkpoint import log_id
from notary.db import Database, open_database
from notary.errors import WrongLogError
from notary.log.identity import LogIdentity, establish_identity

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "notary.sqlite")
    yield database
    database.close()


def establish(
    database: Database, origin: str | None, key: bytes = KEY, now: datetime = NOW
) -> LogIdentity:
    return establish_identity(database, origin=origin, public_key=key, now=now)


def test_a_new_log_takes_the_name_it_is_given(database: Database) -> None:
    identity = establish(database, "court.example/log")
    assert identity.origin == "court.example/log"
    assert identity.log_id == log_id("court.example/log")
    assert identity.created_at == NOW


def test_a_log_keeps_the_name_and_beginning_of_its_first_start(database: Database) -> None:
    first = establish(database, None)
    assert establish(database, None, now=NOW + timedelta(days=1)) == first
    assert establish(database, first.origin, now=NOW + timedelta(days=1)) == first


def test_another_name_than_that_of_the_log_is_refused(database: Database) -> None:
    establish(database, "court.example/log")
    with pytest.raises(WrongLogError, match=r"holds the log court\.example/log"):
        establish(database, "court.example/other")


def test_another_key_than_that_of_the_log_is_refused(database: Database) -> None:
    establish(database, None)
    with pytest.raises(WrongLogError, match="another checkpoint key"):
        establish(database, None, OTHER_KEY)
