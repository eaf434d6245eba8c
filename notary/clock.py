"""The notary's clock as records hold it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives aware times; it may stand still or go back, and records do not follow it back."""


def system_clock() -> datetime:
    """Return the time of the machine."""
    return datetime.now(UTC)


def read_clock(clock: Clock) -> datetime:
    """Return the time in UTC, cut to whole milliseconds as every written time is."""
    now = clock().astimezone(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
