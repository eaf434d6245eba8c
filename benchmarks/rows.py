"""What a case reports, and the statistics it is made of."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result."""

    figure: str
    value: str
    ratio: str = ""
    """To what, and how much; empty when nothing was measured beside it."""


def median(values: Sequence[float]) -> float:
    """The median; a benchmark quotes no single run."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which ``percent`` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
