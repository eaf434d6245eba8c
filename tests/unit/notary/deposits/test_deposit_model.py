from dataclasses import replace
from datetime import UTC, datetime

import pytest

from evidence.digests import digests_of
from evidence.entry import Confidentiality, Role
from notary.deposits.model import parse_claimed_at, request_fingerprint, require_expected
from notary.errors import DigestMismatchError, InvalidFieldError
from tests.unit.notary.workbench import NAMED, NOTHING_STATED, exhibit_of


@pytest.mark.parametrize(
    ("field", "longest", "too_long"),
    [
        ("file_name", "字" * 255, "字" * 256),
        ("media_type", "a/" + "b" * 125, "a/" + "b" * 126),
        ("note", "字" * 2000, "字" * 2001),
        ("source", "字" * 2000, "字" * 2001),
    ],
)
def test_a_text_field_has_the_length_the_format_allows(
    field: str, longest: str, too_long: str
) -> None:
    assert getattr(replace(NOTHING_STATED, **{field: longest}), field) == longest
    with pytest.raises(InvalidFieldError) as refusal:
        replace(NOTHING_STATED, **{field: too_long})
    assert refusal.value.members == {"field": field}


@pytest.mark.parametrize(
    "file_name", ["", "../etc/passwd", "a\\b", "a\nb", "a\x00b", "a\x9bb", "\x7f", "a\ud800"]
)
def test_a_hostile_file_name_is_rejected_by_name(file_name: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        replace(NOTHING_STATED, file_name=file_name)
    assert refusal.value.members == {"field": "file_name"}


@pytest.mark.parametrize("file_name", ["..", "合同 (1).pdf", "a'\"<b>&", "‮fdp.exe"])
def test_an_odd_file_name_that_the_format_allows_is_accepted(file_name: str) -> None:
    assert replace(NOTHING_STATED, file_name=file_name).file_name == file_name


@pytest.mark.parametrize("media_type", ["", "text", "text/", "text/plain; charset=utf-8", "文/本"])
def test_a_media_type_that_is_no_type_and_subtype_is_rejected(media_type: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        replace(NOTHING_STATED, media_type=media_type)
    assert refusal.value.members == {"field": "media_type"}


def test_nothing_stated_leaves_no_particulars() -> None:
    assert NOTHING_STATED.particulars(bytes(32)) is None


def test_particulars_hold_what_was_stated_and_the_salt() -> None:
    particulars = NAMED.particulars(b"\x01" * 32)
    assert particulars is not None
    assert (particulars.file_name, particulars.salt) == ("合同.pdf", b"\x01" * 32)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T16:00:00.5+08:00", datetime(2026, 1, 31, 8, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_claimed_time_is_kept_in_utc(text: str, time: datetime) -> None:
    assert parse_claimed_at(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T08:00:00",
        "2026-01-31T08:00:00.1234Z",
        "2026-02-30T08:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1769846400",
    ],
)
def test_a_claimed_time_without_zone_day_or_sense_is_rejected(text: str) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        parse_claimed_at(text)
    assert refusal.value.members == {"field": "claimed_at"}


def test_announced_digests_of_the_content_are_accepted() -> None:
    digests = digests_of(b"content")
    require_expected(digests.texts(), digests)
    require_expected([], digests)


def test_an_announced_digest_of_other_content_is_rejected_with_both() -> None:
    digests = digests_of(b"content")
    sha256, other_sm3 = digests.texts()[0], digests_of(b"other").texts()[1]
    with pytest.raises(DigestMismatchError) as refusal:
        require_expected([sha256, other_sm3], digests)
    assert refusal.value.members == {"expected": [sha256, other_sm3], "found": digests.texts()}


def test_requests_share_a_fingerprint_exactly_when_they_ask_for_the_same() -> None:
    exhibit = exhibit_of(b"content")
    first = request_fingerprint("file", exhibit, NAMED)
    assert request_fingerprint("file", exhibit, replace(NAMED)) == first
    others = [
        request_fingerprint("digests", exhibit, NAMED),
        request_fingerprint("file", exhibit_of(b"other"), NAMED),
        *(
            request_fingerprint("file", exhibit, replace(NAMED, **{field: value}))
            for field, value in (
                ("file_name", "other"),
                ("media_type", "text/plain"),
                ("note", None),
                ("source", "网页"),
                ("claimed_at", datetime(2026, 1, 1, tzinfo=UTC)),
                ("confidentiality", Confidentiality.SECRET),
                ("role", Role.AGENT),
            )
        ),
    ]
    assert len({first, *others}) == 1 + len(others)
