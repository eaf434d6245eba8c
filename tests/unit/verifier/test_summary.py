from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence.digests import measure_chunks
from tests.unit.verifier.reports import CONTENT, EXHIBIT, TIME_SOURCES, finding, report
from verifier.report import NotChecked, Reason, Status, Step
from verifier.summary import MAX_NOTES, MAX_TIMES, plain, show_time, summarise
from verifier.trust import Assurance, parse_trust_root
from verifier.verify import verify_bundle
from verifier.words import Language

VECTORS = Path(__file__).parents[2] / "vectors"

NOW = datetime(2026, 6, 1, 4, 0, 0, 5, UTC)

NO_EXHIBIT = finding(Step.EXHIBIT, Status.INDETERMINATE, Reason.EXHIBIT_NOT_GIVEN)
DIFFERS = finding(Step.EXHIBIT, Status.FAILED, Reason.EXHIBIT_DIFFERS)
NO_TOKEN = finding(Step.TIMESTAMP, Status.INDETERMINATE, Reason.TOKEN_MISSING)


def test_match_states_time_rounded_up_and_leaves_the_rest_to_the_court() -> None:
    summary = summarise(report(), EXHIBIT, NOW, Language.ZH)
    assert summary.conclusion == "核验一致"
    assert summary.sentences == (
        "您提交的文件与存证的文件完全一致：它最迟在 2025-03-18 14:05:23（北京时间）已经存在，"
        "自那时起未改动。",
        "是否采信由法院决定，对方可以提出相反证据（参见《人民法院在线诉讼规则》第十六条）。",
    )


def test_match_in_english_is_in_utc() -> None:
    summary = summarise(report(), EXHIBIT, NOW, Language.EN)
    assert summary.conclusion == "Verified: matches"
    assert "existed by 2025-03-18 06:05:23 UTC" in summary.sentences[0]


def test_mismatch_states_both_sizes_and_accuses_nobody() -> None:
    found = measure_chunks([CONTENT + b"!"])
    summary = summarise(report([DIFFERS]), found, NOW, Language.ZH)
    assert summary.conclusion == "核验不一致"
    assert "存证时 11 字节，现在 12 字节" in summary.sentences[0]
    assert "不一致不等于当事人造假" in summary.sentences[1]


def test_page_shows_the_digests_of_a_file_that_differs_and_only_then() -> None:
    found = measure_chunks([CONTENT + b"!"])
    differs = [value for _, value in summarise(report([DIFFERS]), found, NOW, Language.EN).identity]
    matches = [value for _, value in summarise(report(), EXHIBIT, NOW, Language.EN).identity]
    assert differs == [*matches, "12 bytes", *found.digests.texts()]
    assert matches[0] == "2026-06-01 04:00:00 UTC"
    assert matches[-3:] == ["11 bytes", *EXHIBIT.digests.texts()]


def test_time_is_concluded_for_another_file_but_not_from_a_broken_record() -> None:
    broken = finding(Step.INCLUSION, Status.FAILED, Reason.INCLUSION_INVALID)
    found = measure_chunks([CONTENT + b"!"])
    assert summarise(report([DIFFERS]), found, NOW, Language.EN).existed_by is not None
    assert summarise(report([NO_TOKEN]), EXHIBIT, NOW, Language.EN).existed_by is not None
    assert summarise(report([broken]), EXHIBIT, NOW, Language.EN).existed_by is None


def test_mismatch_of_equal_size_says_that_content_differs() -> None:
    summary = summarise(report([DIFFERS]), measure_chunks([CONTENT[::-1]]), NOW, Language.EN)
    assert "both have 11 bytes, but the content differs" in summary.sentences[0]


def test_trouble_of_the_bundle_is_named_before_the_difference_it_makes_doubtful() -> None:
    broken = finding(Step.INCLUSION, Status.FAILED, Reason.INCLUSION_INVALID)
    summary = summarise(report([broken, DIFFERS]), EXHIBIT, NOW, Language.EN)
    assert summary.sentences[0].startswith("The bundle does not verify: An entry is not in the log")


def test_bundle_alone_is_undecided_only_for_want_of_the_file() -> None:
    summary = summarise(
        report([NO_EXHIBIT], not_checked=(NotChecked.CONTENT_TRUTH, NotChecked.EXHIBIT)),
        None,
        NOW,
        Language.ZH,
    )
    assert summary.conclusion == "无法核验"
    assert summary.sentences[0].startswith("证据包本身通过核验，但没有提交文件")
    assert ["没有提交文件" in line.text for line in summary.not_checked] == [True, False]


def test_bundle_with_a_gap_is_not_said_to_verify() -> None:
    summary = summarise(report([NO_TOKEN, NO_EXHIBIT]), None, NOW, Language.ZH)
    assert summary.sentences == (
        "暂时无法得出结论：证据包没有时间戳，请向提供方索取附有时间戳的证据包。",
        "这不表示文件有问题。",
    )


def test_cause_is_named_rather_than_its_consequence() -> None:
    consequence = finding(Step.SIGNATURES, Status.INDETERMINATE, Reason.PREREQUISITE_FAILED)
    summary = summarise(report([consequence, NO_TOKEN]), EXHIBIT, NOW, Language.EN)
    assert "The bundle has no timestamp token" in summary.sentences[0]


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("status", [Status.FAILED, Status.INDETERMINATE])
@pytest.mark.parametrize("language", Language)
def test_every_reason_can_be_told(reason: Reason, status: Status, language: Language) -> None:
    told = report([finding(Step.ANCHOR, status, reason)])
    summary = summarise(told, EXHIBIT, NOW, language)
    assert summary.status is status
    assert all(summary.sentences)
    assert "{" not in "".join(summary.sentences)


def test_every_vector_can_be_told() -> None:
    vectors = sorted(VECTORS.glob("*/"))
    assert len(vectors) > 100
    for vector in vectors:
        trust = parse_trust_root((vector / "trust.json").read_bytes())
        told = verify_bundle((vector / "bundle.evidence.json").read_bytes(), trust)
        for language in Language:
            assert len(summarise(told, None, NOW, language).steps) == len(Step)


def test_what_failed_is_listed_first_and_what_passed_is_not_among_it() -> None:
    summary = summarise(report([DIFFERS]), EXHIBIT, NOW, Language.EN)
    assert [line.status for line in summary.checked[:2]] == [Status.FAILED, Status.PASSED]
    assert len(summary.checked) == 12
    shown = [line.text for line in summary.checked]
    assert "The file has the size, SHA-256 and SM3 digests recorded at deposit." not in shown


def test_undecided_reasons_are_listed_once_under_not_checked() -> None:
    summary = summarise(report([NO_TOKEN, NO_TOKEN]), EXHIBIT, NOW, Language.EN)
    undecided = [line for line in summary.not_checked if line.status is Status.INDETERMINATE]
    assert len(undecided) == 1
    assert len(summary.not_checked) == 6


def test_times_are_in_order_and_statements_are_marked_as_such() -> None:
    summary = summarise(report(), EXHIBIT, NOW, Language.EN)
    assert [moment.established for moment in summary.times] == [False, False, True, True]
    assert [moment.time for moment in summary.times] == [
        "2025-03-17 01:00:00 UTC",
        "2025-03-18 06:05:21.500 UTC",
        "2025-03-18 06:05:22.731 UTC",
        "2025-03-18 06:05:25 UTC",
    ]
    assert summary.times[2].subject == "anchor 1"
    assert summary.times[2].accuracy == "accurate to 1 s"


def test_block_of_the_head_is_told_apart_from_that_of_an_anchor() -> None:
    head = replace(TIME_SOURCES[0], subject="head")
    times = summarise(report(time_sources=(TIME_SOURCES[0], head)), EXHIBIT, NOW, Language.EN).times
    assert [moment.text for moment in times] == [
        "State of the log written into a block",
        "As of this block the entries given are all there were",
    ]


def test_step_without_findings_needed_no_check() -> None:
    rows = summarise(report(), EXHIBIT, NOW, Language.EN).steps
    assert [row.step for row in rows] == list(Step)
    assert rows[Step.CONSISTENCY - 1].status is None
    assert rows[Step.CONSISTENCY - 1].status_word == "not needed"
    assert rows[Step.ANCHOR - 1].status_word == "passed"


def test_long_lists_are_cut_and_say_so() -> None:
    many = [finding(Step.ANCHOR, Status.INDETERMINATE, Reason.ANCHOR_MISSING)] * (MAX_NOTES + 5)
    moments = tuple(
        replace(TIME_SOURCES[0], time=TIME_SOURCES[0].time + timedelta(seconds=n))
        for n in range(MAX_TIMES + 2)
    )
    summary = summarise(report(many, time_sources=moments), EXHIBIT, NOW, Language.EN)
    assert len(summary.steps[Step.ANCHOR - 1].notes) == MAX_NOTES
    assert (summary.steps[Step.ANCHOR - 1].more or "").startswith("5 more")
    assert len(summary.times) == MAX_TIMES
    assert (summary.more_times or "").startswith("2 more")


def test_sandbox_is_marked_and_production_is_not() -> None:
    sandbox = summarise(report(assurance=Assurance.SANDBOX), EXHIBIT, NOW, Language.ZH)
    assert "不能作为独立证明" in (sandbox.sandbox or "")
    assert summarise(report(), EXHIBIT, NOW, Language.ZH).sandbox is None


def test_unread_bundle_has_no_identity() -> None:
    unread = replace(report(), log=None, stream=None, exhibit=None)
    identity = summarise(unread, None, NOW, Language.EN).identity
    assert [value for _, value in identity[2:]] == ["could not be read"] * 2


@pytest.mark.parametrize("steering", ["\x1b[31m", "\r", "\n", "\u202e", "\u2028", "\x9b", "\x00"])
def test_text_of_a_stranger_cannot_steer_the_terminal(steering: str) -> None:
    assert plain(f"a{steering}b").startswith("a\N{REPLACEMENT CHARACTER}")
    assert plain("证据 a-b_c:1") == "证据 a-b_c:1"


def test_whole_seconds_have_no_fraction() -> None:
    time = datetime(2025, 12, 31, 16, 0, 0, tzinfo=UTC)
    assert show_time(time, Language.ZH) == "2026-01-01 00:00:00（北京时间）"
    assert show_time(time, Language.EN) == "2025-12-31 16:00:00 UTC"
