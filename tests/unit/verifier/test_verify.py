"""The procedure as a whole: what follows from the findings, and that nothing makes it raise."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.bundle import encode_bundle
from evidence.canonical import encode_canonical
from evidence.digests import measure_chunks
from evidence.entry import Mode
from evidence.errors import CanonicalError
from evidence.fields import encode_base64, parse_base64
from evidence.timestamp import TokenTime
from tests.vector_cases.case import (
    CONTENT,
    one_entry,
    two_entries,
    with_anchor,
    with_entry,
)
from tests.world import START, World
from verifier.checks.times import AnchorTimes, existed_by
from verifier.report import NotChecked, Reason, Report, Status, Step, TimeKind, report_json
from verifier.trust import Assurance
from verifier.verify import verify_bundle

WORLD, STREAM = two_entries()
BUNDLE = WORLD.bundle(STREAM)
RAW = encode_bundle(BUNDLE)
TRUST = WORLD.trust_root()
MEASURED = measure_chunks([CONTENT])


def report_on(raw: bytes) -> Report:
    return verify_bundle(raw, TRUST, exhibit=MEASURED)


# The report


def test_findings_stand_in_the_order_of_the_steps() -> None:
    report = report_on(RAW)
    steps = [finding.step for finding in report.findings]
    assert steps == sorted(steps)
    assert {*steps} == {*Step}


def test_status_is_the_worst_of_the_findings() -> None:
    withheld = with_entry(BUNDLE, 0, particulars=None)
    assert report_on(encode_bundle(withheld)).status is Status.INDETERMINATE
    and_broken = with_entry(withheld, 0, inclusion=())
    assert report_on(encode_bundle(and_broken)).status is Status.FAILED


def test_bytes_that_are_no_bundle_leave_every_later_step_undecided() -> None:
    report = report_on(b"")
    reasons = {finding.step: finding.reason for finding in report.findings}
    assert reasons.pop(Step.BUNDLE) is Reason.BUNDLE_MALFORMED
    assert set(reasons) == {*Step} - {Step.BUNDLE}
    assert set(reasons.values()) == {Reason.PREREQUISITE_FAILED}
    assert (report.status, report.log, report.exhibit) == (Status.FAILED, None, None)


def test_report_says_what_was_recorded() -> None:
    report = report_on(RAW)
    assert (report.log, report.stream) == (WORLD.origin, STREAM)
    assert report.exhibit is not None
    assert report.exhibit.digests == MEASURED.digests
    assert (report.assurance, report.trust_name) == (TRUST.assurance, TRUST.name)


def test_same_input_gives_the_same_report() -> None:
    assert report_on(RAW) == report_on(RAW)


# Times


def deposited_at(
    *, token_after_s: float | None, block_after_s: float | None, accuracy_s: int = 1
) -> Report:
    """Return the report on a deposit whose anchor has these times, counted from START."""
    world = World()
    stream = world.deposit(CONTENT)
    world.anchor()
    bundle = world.bundle(stream)
    tokens: tuple[bytes, ...] = ()
    if token_after_s is not None:
        world.now = START + timedelta(seconds=token_after_s)
        tokens = (world.authority.stamp(bundle.anchors[0].checkpoint.encode()),)
    proof = bundle.anchors[0].proof if block_after_s is not None else None
    bundle = with_anchor(bundle, 0, tokens=tokens, proof=proof)
    return verify_bundle(encode_bundle(bundle), world.trust_root(), exhibit=MEASURED)


def test_existed_by_is_the_earliest_established_time() -> None:
    # The block is sealed in the third second after START; a token may be off by 1 s.
    def seconds(**times: float | None) -> float | None:
        existed_by = deposited_at(**times).existed_by  # type: ignore[arg-type]
        return None if existed_by is None else (existed_by - START).total_seconds()

    assert seconds(token_after_s=1.5, block_after_s=3) == 2.5
    assert seconds(token_after_s=3.5, block_after_s=3) == 4
    assert seconds(token_after_s=9, block_after_s=None) == 10
    assert seconds(token_after_s=None, block_after_s=3) == 4
    assert seconds(token_after_s=None, block_after_s=None) is None


def test_existed_by_is_rounded_up_to_the_precision_of_written_times() -> None:
    def at(microseconds: int) -> datetime | None:
        time = START + timedelta(microseconds=microseconds)
        token = TokenTime(time=time, accuracy=timedelta(0), authority="TSA")
        return existed_by(AnchorTimes(tokens=(token,), block=None))

    assert at(5000) == START + timedelta(milliseconds=5)
    assert at(5001) == START + timedelta(milliseconds=6)


def test_existed_by_is_that_of_the_first_entry() -> None:
    report = report_on(RAW)
    first_block = min(s.time for s in report.time_sources if s.kind is TimeKind.BLOCK)
    assert report.existed_by is not None
    assert report.existed_by <= first_block + timedelta(seconds=1) < START + timedelta(seconds=60)


@pytest.mark.parametrize(
    "broken",
    [
        with_entry(BUNDLE, 0, inclusion=()),
        with_anchor(BUNDLE, 0, checkpoint=BUNDLE.anchors[1].checkpoint),
        with_anchor(BUNDLE, 0, tokens=(), proof=None),
    ],
    ids=["not included", "other checkpoint", "no times"],
)
def test_existed_by_is_open_where_nothing_establishes_it(broken: Any) -> None:
    report = report_on(encode_bundle(broken))
    assert report.existed_by is None


def test_existed_by_is_open_without_the_first_entry() -> None:
    last = WORLD.bundle_of(STREAM, WORLD.entries_of(STREAM)[1:])
    assert report_on(encode_bundle(last)).existed_by is None


def test_age_before_the_deposit_is_never_stated() -> None:
    assert report_on(RAW).not_before is None


def test_every_time_is_listed_with_who_says_it() -> None:
    world = World()
    claimed = START - timedelta(days=400)
    stream = world.deposit(CONTENT, claimed_at=claimed)
    world.anchor()
    report = verify_bundle(encode_bundle(world.bundle(stream)), world.trust_root())
    assert [(s.kind, s.subject, s.time, s.accuracy_s) for s in report.time_sources] == [
        (TimeKind.CLAIMED, "entry:0", claimed, 0),
        (TimeKind.RECORDED, "entry:0", START, 0),
        (TimeKind.TOKEN, "anchor:0", START + timedelta(seconds=2), 1),
        (TimeKind.BLOCK, "anchor:0", START + timedelta(seconds=3), 1),
        (TimeKind.BLOCK, "head", START + timedelta(seconds=3), 1),
    ]


def test_moment_of_completeness_is_listed_only_where_it_is_shown() -> None:
    def head_times(report: Report) -> list[datetime]:
        return [source.time for source in report.time_sources if source.subject == "head"]

    first = WORLD.entries_of(STREAM)[:1]
    older = WORLD.bundle_of(STREAM, first, head_height=1)
    (as_of,) = head_times(report_on(encode_bundle(older)))
    (now,) = head_times(report_on(RAW))
    assert as_of < now
    truncated = WORLD.bundle_of(STREAM, first)
    assert head_times(report_on(encode_bundle(truncated))) == []


def test_moment_of_verification_counts_only_when_given() -> None:
    long_before = START - timedelta(days=1)
    assert verify_bundle(RAW, TRUST, exhibit=MEASURED).status is Status.PASSED
    report = verify_bundle(RAW, TRUST, exhibit=MEASURED, now=long_before)
    reasons = {finding.reason for finding in report.findings} - {None}
    assert reasons == {Reason.TIMES_CONTRADICT}


# What was not checked


def test_what_is_never_checked_is_always_said() -> None:
    always = {
        NotChecked.CONTENT_TRUTH,
        NotChecked.BEFORE_DEPOSIT,
        NotChecked.LAWFULNESS,
        NotChecked.RELEVANCE,
        NotChecked.AUTHORSHIP,
    }
    production = replace(TRUST, assurance=Assurance.PRODUCTION)
    assert {*verify_bundle(RAW, production, exhibit=MEASURED).not_checked} == always
    assert {*report_on(RAW).not_checked} == always | {NotChecked.ORGANISATIONS_INDEPENDENCE}
    assert {*verify_bundle(RAW, production).not_checked} == always | {NotChecked.EXHIBIT}
    assert {*verify_bundle(b"", production).not_checked} == always | {NotChecked.EXHIBIT}


# Nothing makes it raise

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
    | st.text(max_size=20)
    | st.sampled_from(["AAEC", "00" * 32, "0x" + "00" * 20, "2026-01-31T08:00:00.000Z"]),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4)
    ),
    max_leaves=10,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in `value` with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def edited(edit: Callable[[list[tuple[Any, Any]]], None]) -> bytes:
    """Return the bundle after `edit` changed the members at some of its places."""
    members = json.loads(RAW)
    edit(list(places(members)))
    return encode_canonical(members)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_give_a_report(raw: bytes) -> None:
    report = report_on(raw)
    assert report.findings[0].reason is Reason.BUNDLE_MALFORMED
    report_json(report)


@settings(max_examples=100, deadline=None)
@given(JSON_VALUES)
def test_arbitrary_json_gives_a_report(value: Any) -> None:
    try:
        raw = encode_canonical(value)
    except CanonicalError:  # A lone surrogate.
        return
    assert report_on(raw).status is not Status.PASSED


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0), JSON_VALUES)
def test_any_member_may_hold_anything(place: int, value: Any) -> None:
    def replace_member(found: list[tuple[Any, Any]]) -> None:
        container, key = found[place % len(found)]
        container[key] = value

    try:
        raw = edited(replace_member)
    except CanonicalError:  # A lone surrogate.
        return
    report = report_on(raw)
    report_json(report)
    assert (report.status is Status.PASSED) == (raw == RAW)


def surviving_binary_mutations(count: int, seed: int) -> list[bytes]:
    """Return those of `count` bundles with damage inside their base64 members that still pass.

    Damage below the base64 reaches the readers of headers, trie nodes, tokens and entries.
    """
    random = Random(seed)
    survivors = []
    for _ in range(count):

        def damage(found: list[tuple[Any, Any]]) -> None:
            binary = [(c, k) for c, k in found if _is_base64(c[k])]
            container, key = random.choice(binary)
            url = "-" in container[key] or "_" in container[key] or len(container[key]) % 4
            data = _damaged(_decoded(container[key]), random)
            text = encode_base64(data)
            container[key] = text.translate(_TO_URL).rstrip("=") if url else text

        raw = edited(damage)
        report = report_on(raw)
        report_json(report)
        if report.status is Status.PASSED and raw != RAW:
            survivors.append(raw)
    return survivors


_TO_URL = str.maketrans("+/", "-_")
_FROM_URL = str.maketrans("-_", "+/")


def _is_base64(value: Any) -> bool:
    return isinstance(value, str) and len(value) > 80 and " " not in value and "\n" not in value


def _decoded(text: str) -> bytes:
    return parse_base64(text.translate(_FROM_URL) + "=" * (-len(text) % 4))


def _damaged(data: bytes, random: Random) -> bytes:
    """Return `data` after a few bytes were changed, inserted, cut out or doubled."""
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((1, 1, 1, 2, 32)))
        match random.randrange(5):
            case 0:
                data = data[:start] + random.randbytes(end - start) + data[end:]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:end] + data[start:]
            case 3:
                extreme = random.choice((b"\x00", b"\x7f", b"\x80", b"\xff"))
                data = data[:start] + extreme * (end - start) + data[end:]
            case _:
                data = data[:start]
    return data


def test_damage_inside_binary_members_never_passes() -> None:
    assert surviving_binary_mutations(150, seed=5) == []


@pytest.mark.slow
def test_much_damage_inside_binary_members_never_passes() -> None:
    assert surviving_binary_mutations(5_000, seed=6) == []


def test_token_at_the_end_of_the_calendar_gives_a_report() -> None:
    world = World()
    stream = world.deposit(CONTENT, mode=Mode.DIGESTS)
    world.anchor()
    bundle = world.bundle(stream)
    world.now = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    token = world.authority.stamp(bundle.anchors[0].checkpoint.encode())
    report = verify_bundle(
        encode_bundle(with_anchor(bundle, 0, tokens=(token,))), world.trust_root()
    )
    assert report.status is Status.FAILED


def test_entry_at_the_end_of_the_calendar_gives_a_report() -> None:
    world, _ = one_entry()
    world.now = datetime(9999, 12, 31, 23, 59, 50, tzinfo=UTC)
    stream = world.deposit(CONTENT)
    world.now = START
    world.anchor()
    report = verify_bundle(encode_bundle(world.bundle(stream)), world.trust_root())
    assert Reason.TIMES_CONTRADICT in {finding.reason for finding in report.findings}
