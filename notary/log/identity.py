"""Which log a data directory holds, settled at its first start and compared at every later one."""

from dataclasses import dataclass
from datetime import datetime

from evidence.checkpoint import log_id
from evidence.fields import encode_time, parse_time
from notary.db import Database
from notary.errors import WrongLogError
from notary.log import store
from notary.log.model import default_origin


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIdentity:
    """The name of the log and the time of its beginning."""

    origin: str
    log_id: bytes
    """32 bytes: the name of the log on the chain."""
    created_at: datetime
    """Whole milliseconds, UTC; no entry was recorded earlier."""


def establish_identity(
    database: Database, *, origin: str | None, public_key: bytes, now: datetime
) -> LogIdentity:
    """The database is that of one log, signed by this key (32 bytes); returns which.

    `origin` names a new log; None derives a name from the key. `now` is in whole milliseconds.

    Raises:
        WrongLogError: the database is that of another log or of another key.
    """
    with database.write() as connection:
        found = store.read_identity(connection)
        if found is None:
            found = store.IdentityRow(
                origin=origin or default_origin(public_key),
                public_key=public_key,
                created_at=encode_time(now),
            )
            store.insert_identity(connection, found)
    if origin not in (None, found.origin):
        raise WrongLogError(
            f"the data directory holds the log {found.origin}, ZHENGLIAN_ORIGIN says {origin};"
            " unset it or use another data directory"
        )
    if public_key != found.public_key:
        raise WrongLogError(
            f"the log {found.origin} was begun with another checkpoint key than the one in the"
            " keys directory; restore that key from a backup"
        )
    return LogIdentity(
        origin=found.origin,
        log_id=log_id(found.origin),
        created_at=parse_time(found.created_at),
    )
