"""``./run bench [CASE ...]``: run the cases in turn and print what they measured.

Each case returns rows; a row that compares gives its ratio to something measured in the same run.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks import large, latency, limits, small, verification
from benchmarks.rows import Row

CASES: dict[str, Callable[[], list[Row]]] = {
    "limits": limits.run,
    "large": large.run,
    "memory": large.run_memory,
    "small": small.run,
    "latency": latency.run,
    "verification": verification.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all")
    options = parser.parse_args()
    unknown = set(options.cases) - CASES.keys()
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    print(
        f"# {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}"
    )
    print("| case | figure | value | ratio |\n|---|---|---|---|")
    for name in options.cases or CASES:
        print(f"running {name} ...", file=sys.stderr)
        for row in CASES[name]():
            print(f"| {name} | {row.figure} | {row.value} | {row.ratio} |", flush=True)


if __name__ == "__main__":
    main()
