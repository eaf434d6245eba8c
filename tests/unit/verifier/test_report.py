"""The words of a report and its JSON form."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from evidence.bundle import encode_bundle
from evidence.canonical import encode_canonical
from evidence.digests import measure_chunks
from tests.vector_cases.case import CONTENT, one_entry
from verifier.report import (
    Finding,
    NotChecked,
    Reason,
    Report,
    Status,
    Step,
    TimeKind,
    TimeSource,
    report_json,
    worst,
)
from verifier.verify import verify_bundle

FORMAT = (Path(__file__).parents[3] / "docs" / "format.md").read_text("utf-8")


def rows_of_section_15() -> list[tuple[int, str, str]]:
    """Return number, name and reasons of each row of the table of steps."""
    section = FORMAT.split("## 15 Verification")[1].split("## 16")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if re.match(r"\| \d", line)]
    return [(int(row[0]), row[1].strip(" `"), row[3]) for row in rows]


def a_report() -> Report:
    world, stream = one_entry()
    return verify_bundle(
        encode_bundle(world.bundle(stream)),
        world.trust_root(),
        exhibit=measure_chunks([CONTENT]),
    )


def test_worst_status_of_any_order_is_taken() -> None:
    for statuses in permutations(Status):
        assert worst(statuses) is Status.FAILED
    for order in permutations((Status.PASSED, Status.INDETERMINATE)):
        assert worst(order) is Status.INDETERMINATE
    assert worst([Status.PASSED, Status.PASSED]) is Status.PASSED


def test_no_findings_show_nothing() -> None:
    assert worst([]) is Status.INDETERMINATE


def test_steps_are_those_of_the_format() -> None:
    assert [(step.value, step.label) for step in Step] == [
        (number, name) for number, name, _ in rows_of_section_15()
    ]


def test_reasons_and_their_statuses_are_those_of_the_format() -> None:
    in_text: dict[str, str] = {}
    for _, _, reasons in rows_of_section_15():
        for part in reasons.split(";"):
            status = part.split()[0]
            in_text |= dict.fromkeys(re.findall(r"`(\w+)`", part), status)
    in_code = {reason.value: reason.status.value for reason in Reason}
    assert in_code.pop("prerequisite_failed") == "INDETERMINATE"
    assert in_code == in_text


def test_report_json_is_canonical_json_without_fractions() -> None:
    assert json.loads(encode_canonical(report_json(a_report()))) == report_json(a_report())


def test_report_json_holds_every_field() -> None:
    time = datetime(2026, 1, 31, 8, tzinfo=UTC)
    finding = Finding(
        step=Step.EXHIBIT,
        status=Status.FAILED,
        reason=Reason.EXHIBIT_DIFFERS,
        subject="exhibit",
        detail="expected 1 bytes, found 2 bytes",
    )
    source = TimeSource(kind=TimeKind.TOKEN, subject="anchor:0", time=time, accuracy_s=1)
    report = replace(
        a_report(),
        status=Status.FAILED,
        findings=(finding,),
        existed_by=time + timedelta(seconds=1),
        time_sources=(source,),
        not_checked=(NotChecked.AUTHORSHIP,),
    )
    exhibit = report.exhibit
    assert exhibit is not None
    assert report_json(report) == {
        "type": "zhenglian/report/v1",
        "status": "FAILED",
        "assurance": "sandbox",
        "trust_name": "Trust root of the world",
        "log": "log.example/zhenglian",
        "stream": report.stream,
        "exhibit": {"digests": exhibit.digests.texts(), "size_bytes": len(CONTENT)},
        "findings": [
            {
                "step": 13,
                "name": "exhibit",
                "status": "FAILED",
                "reason": "exhibit_differs",
                "subject": "exhibit",
                "detail": "expected 1 bytes, found 2 bytes",
            }
        ],
        "existed_by": "2026-01-31T08:00:01.000Z",
        "not_before": None,
        "time_sources": [
            {
                "kind": "token",
                "subject": "anchor:0",
                "time": "2026-01-31T08:00:00.000Z",
                "accuracy_s": 1,
            }
        ],
        "not_checked": ["authorship"],
    }


@pytest.mark.parametrize("reason", Reason)
def test_no_reason_has_the_status_passed(reason: Reason) -> None:
    assert reason.status is not Status.PASSED
