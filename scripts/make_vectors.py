"""Writes the test vectors of the format, or checks that they are as this would write them.

    python scripts/make_vectors.py            write tests/vectors
    python scripts/make_vectors.py --check    compare instead, and exit with 1 where they differ

The material comes from `tests.vector_cases`; each case becomes a directory:

    bundle.evidence.json   the bytes to verify
    trust.json             the trust root to verify with
    exhibit.bin            the exhibit beside the bundle; absent where none is given
    now.txt                the moment of verification; absent where none is given
    expected.json          the report without its sentences
    README.md              why the case is there

`expected.json` is what our verifier finds. It is reviewed when it changes: the name of the case
says what must come out, and a test holds name and status against each other.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, cast

from evidence.digests import measure_chunks
from evidence.fields import encode_time
from tests.vector_cases import accepted, entries, files, log
from tests.vector_cases import chain as chain_cases
from tests.vector_cases.case import Case
from verifier.report import Report, report_json
from verifier.trust import encode_trust_root
from verifier.verify import verify_bundle

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "vectors"


def all_cases() -> Iterator[Case]:
    """Yield every case there is."""
    modules = (accepted, files, entries, log, chain_cases)
    return chain.from_iterable(module.cases() for module in modules)


def expected_json(report: Report) -> Any:
    """Return what every verifier must find: the report without the sentences, which may differ."""
    members = cast(dict[str, Any], report_json(report))
    for finding in members["findings"]:
        del finding["detail"]
    return members


def write_vectors(directory: Path) -> None:
    """Write each case as a directory of its own."""
    for case in all_cases():
        write_vector(directory / case.name, case)


def write_vector(directory: Path, case: Case) -> None:
    """Write the files of one case."""
    directory.mkdir(parents=True)
    exhibit = None if case.exhibit is None else measure_chunks([case.exhibit])
    report = verify_bundle(case.bundle, case.trust, exhibit=exhibit, now=case.now)
    (directory / "bundle.evidence.json").write_bytes(case.bundle)
    (directory / "trust.json").write_bytes(encode_trust_root(case.trust))
    if case.exhibit is not None:
        (directory / "exhibit.bin").write_bytes(case.exhibit)
    if case.now is not None:
        (directory / "now.txt").write_text(encode_time(case.now) + "\n")
    expected = json.dumps(expected_json(report), ensure_ascii=False, indent=1) + "\n"
    (directory / "expected.json").write_text(expected, encoding="utf-8")
    readme = f"# {case.name}\n\n{case.why}\n\nExpected: {report.status}.\n"
    (directory / "README.md").write_text(readme, encoding="utf-8")


def differences(expected: Path, found: Path) -> list[str]:
    """Return the files that are in one of two trees only, or differ, by their names."""
    trees = [
        {p.relative_to(root): p for p in root.rglob("*") if p.is_file()}
        for root in (expected, found)
    ]
    return [
        str(name)
        for name in sorted(trees[0].keys() | trees[1].keys())
        if name not in trees[0]
        or name not in trees[1]
        or trees[0][name].read_bytes() != trees[1][name].read_bytes()
    ]


def replace_vectors() -> None:
    """Write tests/vectors anew, after every case could be made."""
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / VECTORS.name
        write_vectors(made)
        shutil.rmtree(VECTORS, ignore_errors=True)
        shutil.copytree(made, VECTORS)


def check_vectors() -> list[str]:
    """Return the files of tests/vectors that are not as `write_vectors` writes them."""
    with tempfile.TemporaryDirectory() as directory:
        write_vectors(Path(directory))
        return differences(Path(directory), VECTORS)


def main() -> int:
    """Write or check; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the test vectors of the format.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        replace_vectors()
        return 0
    different = check_vectors()
    for name in different:
        print(f"tests/vectors/{name} is not as the cases in tests/vector_cases make it")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
