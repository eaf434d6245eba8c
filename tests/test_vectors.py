"""Every vector gives the report that stands beside it; no case has code of its own."""

import json
from pathlib import Path

import pytest

from evidence.digests import measure_chunks
from evidence.fields import parse_time
from scripts.make_vectors import VECTORS, check_vectors, expected_json
from verifier.report import Reason, Report, Status
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle

VECTOR_DIRECTORIES = sorted(path for path in VECTORS.iterdir() if path.is_dir())


def report_on(vector: Path) -> Report:
    exhibit, now = vector / "exhibit.bin", vector / "now.txt"
    return verify_bundle(
        (vector / "bundle.evidence.json").read_bytes(),
        parse_trust_root((vector / "trust.json").read_bytes()),
        exhibit=measure_chunks([exhibit.read_bytes()]) if exhibit.exists() else None,
        now=parse_time(now.read_text().strip()) if now.exists() else None,
    )


def status_by_name(name: str) -> Status:
    if name.endswith("_fail"):
        return Status.FAILED
    return Status.INDETERMINATE if name.endswith("_indeterminate") else Status.PASSED


@pytest.mark.parametrize("vector", VECTOR_DIRECTORIES, ids=lambda path: path.name)
def test_vector_gives_the_expected_report(vector: Path) -> None:
    report = report_on(vector)
    assert report.status is status_by_name(vector.name)
    assert expected_json(report) == json.loads((vector / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTOR_DIRECTORIES, ids=lambda path: path.name)
def test_vector_says_why_it_is_there(vector: Path) -> None:
    assert (vector / "README.md").read_text("utf-8").startswith(f"# {vector.name}\n\n")


def test_every_reason_has_a_vector() -> None:
    found = {
        finding["reason"]
        for vector in VECTOR_DIRECTORIES
        for finding in json.loads((vector / "expected.json").read_text("utf-8"))["findings"]
    }
    # A bundle above the limit has 16 MiB and does not belong into a repository; see test_checks.
    assert {*Reason} - found == {Reason.BUNDLE_TOO_LARGE}


def test_vectors_are_as_their_cases_make_them() -> None:
    assert check_vectors() == []
