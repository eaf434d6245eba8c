"""Each scalar has one spelling, and an object is read whole or refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import MAX_INTEGER, Json
from evidence.errors import FieldError
from evidence.fields import (
    Fields,
    encode_address,
    encode_base64,
    encode_base64url,
    encode_hex,
    encode_time,
    parse_address,
    parse_base64,
    parse_base64url,
    parse_hex,
    parse_time,
)

DIGEST = "ab" * 32
ADDRESS = "0x" + "0f" * 20
TIME = "2025-03-01T08:30:00.250Z"


@given(st.binary(max_size=64))
@settings(max_examples=100, deadline=None)
def test_bytes_round_trip_through_each_codec(value: bytes) -> None:
    assert parse_hex(encode_hex(value), len(value)) == value
    assert parse_base64(encode_base64(value)) == value
    assert parse_base64url(encode_base64url(value)) == value


@given(st.text("ABab01+/-_= \n", max_size=9))
@settings(max_examples=500, deadline=None)
def test_text_that_parses_is_what_the_encoder_writes(text: str) -> None:
    codecs: list[tuple[Callable[[str], bytes], Callable[[bytes], str]]] = [
        (parse_base64, encode_base64),
        (parse_base64url, encode_base64url),
    ]
    for parse, encode in codecs:
        try:
            value = parse(text)
        except FieldError:
            continue
        assert encode(value) == text


@pytest.mark.parametrize(
    "text", ["AB", "AA=", "AB==", "A===", "AA==\n", "AA==AA==", "_w==", "é==="]
)
def test_base64_in_another_spelling_is_refused(text: str) -> None:
    assert parse_base64("AA==") == b"\x00"
    with pytest.raises(FieldError, match="base64 value is padded base64"):
        parse_base64(text)


@pytest.mark.parametrize("text", ["AB", "AA==", "A", "/w", "AA\n", "é"])
def test_base64url_in_another_spelling_is_refused(text: str) -> None:
    assert parse_base64url("AA") == b"\x00"
    with pytest.raises(FieldError, match="base64url value is unpadded base64url"):
        parse_base64url(text)


@pytest.mark.parametrize("size_bytes", [0, 1, 2, 3, 4, 30])
def test_base64_of_more_bytes_than_allowed_is_refused(size_bytes: int) -> None:
    longer = bytes(size_bytes + 1)
    assert parse_base64(encode_base64(bytes(size_bytes)), size_bytes) == bytes(size_bytes)
    assert parse_base64url(encode_base64url(bytes(size_bytes)), size_bytes) == bytes(size_bytes)
    with pytest.raises(FieldError, match=f"at most {size_bytes} bytes"):
        parse_base64(encode_base64(longer), size_bytes)
    with pytest.raises(FieldError, match=f"at most {size_bytes} bytes"):
        parse_base64url(encode_base64url(longer), size_bytes)


@pytest.mark.parametrize("text", [DIGEST[:-1], DIGEST + "00", "AB" * 32, "0x" + DIGEST[2:], ""])
def test_hex_in_another_spelling_is_refused(text: str) -> None:
    assert parse_hex(DIGEST, 32) == bytes.fromhex(DIGEST)
    with pytest.raises(FieldError, match="here is 64 lower-case hexadecimal digits"):
        parse_hex(text, 32, "here")


@pytest.mark.parametrize("text", [ADDRESS[2:], ADDRESS.upper(), ADDRESS[:-2], ADDRESS + "00"])
def test_address_in_another_spelling_is_refused(text: str) -> None:
    assert encode_address(parse_address(ADDRESS)) == ADDRESS
    with pytest.raises(FieldError, match="address is 0x and 40"):
        parse_address(text)


def test_address_of_another_length_is_not_written() -> None:
    with pytest.raises(FieldError, match="20 bytes, found 21"):
        encode_address(bytes(21))


def test_time_round_trips() -> None:
    value = parse_time(TIME)
    assert value == datetime(2025, 3, 1, 8, 30, 0, 250_000, tzinfo=UTC)
    assert value.utcoffset() == timedelta(0)
    assert encode_time(value) == TIME


def test_time_of_another_zone_is_written_in_utc() -> None:
    beijing = timezone(timedelta(hours=8))
    value = datetime(2025, 3, 1, 16, 30, 0, 250_000, tzinfo=beijing)
    assert encode_time(value) == TIME


@given(st.datetimes(timezones=st.just(UTC)))
@settings(max_examples=100, deadline=None)
def test_any_time_of_whole_milliseconds_round_trips(value: datetime) -> None:
    whole = value.replace(microsecond=value.microsecond // 1000 * 1000)
    assert parse_time(encode_time(whole)) == whole


def test_naive_time_is_not_written() -> None:
    with pytest.raises(FieldError, match="naive"):
        encode_time(datetime(2025, 3, 1))


def test_time_finer_than_a_millisecond_is_not_written() -> None:
    with pytest.raises(FieldError, match="whole milliseconds"):
        encode_time(datetime(2025, 3, 1, 0, 0, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-01T08:30:00Z",
        "2025-03-01T08:30:00.25Z",
        "2025-03-01T08:30:00.250000Z",
        "2025-03-01T08:30:00.250z",
        "2025-03-01t08:30:00.250Z",
        "2025-03-01 08:30:00.250Z",
        "2025-03-01T08:30:00.250+00:00",
        "2025-03-01T08:30:00.250Z\n",
        "2025-02-29T08:30:00.250Z",
        "2025-03-01T24:00:00.000Z",
        "2025-12-31T23:59:60.000Z",
        "0000-03-01T08:30:00.250Z",
        "٢٠٢٥-03-01T08:30:00.250Z",
    ],
)
def test_time_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(FieldError, match="claimed is a UTC time"):
        parse_time(text, "claimed")


def test_object_is_read_field_by_field() -> None:
    fields = Fields(
        {
            "name": "n",
            "count": 7,
            "flag": False,
            "inner": {"digest": DIGEST},
            "items": [1, "x"],
            "raw": "AA==",
            "key": "AA",
            "account": ADDRESS,
            "at": TIME,
            "kind": "b",
            "type": "zhenglian-x/v1",
            "version": 1,
            "any": {"x": [None]},
            "short": "00ff",
        },
        "entry",
    )
    assert fields.text("name") == "n"
    assert fields.integer("count") == 7
    assert fields.boolean("flag") is False
    inner = fields.object("inner")
    assert inner.digest32("digest") == bytes.fromhex(DIGEST)
    inner.end()
    assert fields.list("items", 2) == [1, "x"]
    assert fields.base64("raw", 1) == b"\x00"
    assert fields.base64url("key") == b"\x00"
    assert fields.address("account") == bytes.fromhex(ADDRESS[2:])
    assert fields.time("at") == parse_time(TIME)
    assert fields.choice("kind", ("a", "b")) == "b"
    fields.constant("type", "zhenglian-x/v1")
    fields.constant("version", 1)
    assert fields.json("any") == {"x": [None]}
    assert fields.hex("short", 2) == b"\x00\xff"
    fields.end()


@pytest.mark.parametrize("value", [None, True, 1, "x", []])
def test_only_an_object_has_fields(value: Json) -> None:
    with pytest.raises(FieldError, match="entry is an object, found"):
        Fields(value, "entry")


def test_unknown_field_is_refused_by_name() -> None:
    fields = Fields({"known": "x", "extra": 1}, "entry")
    fields.text("known")
    with pytest.raises(FieldError, match="entry has unknown fields: 'extra'"):
        fields.end()


@pytest.mark.parametrize("name", ["text", "integer", "object", "time", "optional_text"])
def test_missing_field_is_refused_by_name(name: str) -> None:
    with pytest.raises(FieldError, match="entry lacks the field 'gone'"):
        getattr(Fields({}, "entry"), name)("gone")


def test_nested_object_is_named_by_its_path() -> None:
    inner = Fields({"a": {"b": {}}}, "entry").object("a").object("b")
    with pytest.raises(FieldError, match=r"entry\.a\.b lacks the field 'c'"):
        inner.text("c")


REFUSED: list[tuple[str, tuple[object, ...], Json, str]] = [
    ("text", (), 1, "entry.f is text .*, found an integer"),
    ("text", (), None, "found null"),
    ("text", (), "x" * 4097, "at most 4096 characters, found a string of 4097"),
    ("integer", (), True, "an integer, found true"),
    ("integer", (), "1", "an integer, found a string"),
    ("integer", (), -1, "from 0 to 9007199254740991, found -1"),
    ("integer", (5, 9), 4, "from 5 to 9, found 4"),
    ("integer", (5, 9), 10, "from 5 to 9, found 10"),
    ("boolean", (), 1, "true or false, found an integer"),
    ("object", (), [], "an object, found a list"),
    ("list", (3,), {}, "a list, found an object"),
    ("list", (3,), [1, 2, 3, 4], "at most 3 items, found 4"),
    ("digest32", (), DIGEST.upper(), "64 lower-case"),
    ("digest32", (), 5, "a string, found an integer"),
    ("hex", (2,), "00", "4 lower-case"),
    ("base64", (3,), "AAAAAA==", "at most 3 bytes"),
    ("base64url", (3,), "AAAAAA", "at most 3 bytes"),
    ("address", (), DIGEST, "0x and 40"),
    ("time", (), "2025-03-01", "a UTC time"),
    ("choice", (("a", "b"),), "c", "one of 'a', 'b', found 'c'"),
    ("choice", (("a", "b"),), ["a"], "one of 'a', 'b', found a list"),
    ("constant", ("v1",), "v2", "'v1', found 'v2'"),
    ("constant", (1,), True, "1, found true|1, found True"),
    ("constant", (1,), None, "1, found null"),
]


@pytest.mark.parametrize(("method", "arguments", "value", "message"), REFUSED)
def test_value_of_another_form_is_refused_and_the_field_named(
    method: str, arguments: tuple[object, ...], value: Json, message: str
) -> None:
    with pytest.raises(FieldError, match=message) as refused:
        getattr(Fields({"f": value}, "entry"), method)("f", *arguments)
    assert str(refused.value).startswith("entry.f is ")


OPTIONAL: list[tuple[str, tuple[object, ...], Json]] = [
    ("text", (), "x"),
    ("integer", (), MAX_INTEGER),
    ("list", (1,), ["x"]),
    ("digest32", (), DIGEST),
    ("base64", (), "AA=="),
    ("base64url", (), "AA"),
    ("address", (), ADDRESS),
    ("time", (), TIME),
    ("choice", (("a",),), "a"),
]


@pytest.mark.parametrize(("method", "arguments", "value"), OPTIONAL)
def test_optional_field_is_null_or_the_plain_value(
    method: str, arguments: tuple[object, ...], value: Json
) -> None:
    fields = Fields({"none": None, "some": value, "plain": value, "bad": 1.5}, "entry")  # type: ignore[dict-item]
    optional = getattr(fields, f"optional_{method}")
    assert optional("none", *arguments) is None
    assert optional("some", *arguments) == getattr(fields, method)("plain", *arguments)
    with pytest.raises(FieldError, match=r"entry\.bad is "):
        optional("bad", *arguments)
    fields.end()


def test_optional_object_is_null_or_a_reader() -> None:
    fields = Fields({"none": None, "some": {"x": 1}}, "entry")
    assert fields.optional_object("none") is None
    inner = fields.optional_object("some")
    assert inner is not None
    assert inner.integer("x") == 1


def test_message_does_not_repeat_a_refused_text() -> None:
    with pytest.raises(FieldError) as refused:
        Fields({"f": "王小明 110101199003078888"}, "entry").digest32("f")
    assert "王小明" not in str(refused.value)
