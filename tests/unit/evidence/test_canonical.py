"""Canonical JSON against the independent rfc8785 package, and what strict parsing refuses."""

import json
import time

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import (
    MAX_CANONICAL_BYTES,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_INTEGER,
    Json,
    encode_canonical,
    parse_canonical,
    parse_json,
)
from evidence.errors import CanonicalError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_encoding_is_that_of_the_independent_implementation(value: Json) -> None:
    assert encode_canonical(value) == rfc8785.dumps(value)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_encoding_parses_to_the_same_value(value: Json) -> None:
    assert parse_canonical(encode_canonical(value)) == value


@given(st.binary(max_size=40) | st.text('[]{}",:\\u0d8-1e. ', max_size=30).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_any_bytes_parse_or_are_refused_by_one_error(raw: bytes) -> None:
    try:
        value = parse_canonical(raw)
    except CanonicalError:
        return
    assert encode_canonical(value) == raw


def test_members_are_ordered_by_utf16_code_units() -> None:
    # RFC 8785 §3.2.3: U+1F600 is written with surrogates and so comes before U+FB33.
    raw = encode_canonical({"\ufb33": 1, "\U0001f600": 2, "€": 3, "\r": 4, "1": 5})
    assert list(json.loads(raw)) == ["\r", "1", "€", "\U0001f600", "\ufb33"]


def test_control_characters_take_the_short_escapes() -> None:
    assert encode_canonical('\x00\b\t\n\f\r\x1f"\\/\x7f€') == (
        b'"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f\xe2\x82\xac"'
    )


@pytest.mark.parametrize("value", [MAX_INTEGER, -MAX_INTEGER, 0])
def test_integer_below_2_53_round_trips(value: int) -> None:
    assert parse_canonical(encode_canonical(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        10**5000,
        1.0,
        float("nan"),
        "\ud800",
        {"\udc00": 1},
        (1,),
        b"x",
        {1: "x"},
        {"a": {2, 3}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_value_outside_the_data_model_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError, match=r"expected .* found "):
        encode_canonical(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"b":1,"a":2}',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u001F"',
        b'"\\ud83d\\ude00"',
    ],
)
def test_another_spelling_is_json_but_not_canonical(raw: bytes) -> None:
    value = parse_json(raw)
    assert parse_canonical(encode_canonical(value)) == value
    with pytest.raises(CanonicalError, match="found another spelling at byte"):
        parse_canonical(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "syntax error at character 0"),
        (b"nul", "syntax error"),
        (b"1 2", "syntax error"),
        (b"[1,]", "syntax error"),
        (b'{"a":1,}', "syntax error"),
        (b"'a'", "syntax error"),
        (b'"a\nb"', "syntax error"),
        (b'"\\x"', "syntax error"),
        (b'"abc', "syntax error"),
        (b"01", "syntax error"),
        (b"\xef\xbb\xbf1", "syntax error|BOM"),
        (b'"\xff"', "UTF-8, found byte 0xff at byte 1"),
        (b'"\xed\xa0\x80"', "UTF-8, found byte 0xed"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b'"\\ud800"', "lone surrogate"),
        (b'{"\\udc00":1}', "lone surrogate"),
        (b'{"a":1,"a":1}', "found 'a' twice"),
        (b'{"a":1,"\\u0061":2}', "found 'a' twice"),
        (b"1.0", "found the number 1.0"),
        (b"1e2", "found the number 1e2"),
        (b"NaN", "found the number NaN"),
        (b"-Infinity", "found the number -Infinity"),
        (b"-0", "found -0"),
        (b"9007199254740992", "below 2\\^53"),
        (b"-9007199254740992", "below 2\\^53"),
        (b"10000000000000000", "found a number of 17 characters"),
    ],
)
def test_input_outside_the_data_model_is_refused(raw: bytes, message: str) -> None:
    for parse in (parse_json, parse_canonical):
        with pytest.raises(CanonicalError, match=message):
            parse(raw)


def test_nesting_up_to_the_cap_is_accepted_and_beyond_refused() -> None:
    value = parse_canonical(nested(MAX_DEPTH))
    assert encode_canonical(value) == nested(MAX_DEPTH)
    with pytest.raises(CanonicalError, match="at most 32 levels"):
        parse_canonical(nested(MAX_DEPTH + 1))
    with pytest.raises(CanonicalError, match="at most 32 levels"):
        encode_canonical([value])


@pytest.mark.parametrize("raw", [b"[" * 1_000_000, b'{"a":' * 500_000, nested(500_000)])
def test_deep_nesting_is_refused_before_any_recursion(raw: bytes) -> None:
    with pytest.raises(CanonicalError, match="at most 32 levels"):
        parse_json(raw)


@pytest.mark.parametrize("unit", [b"[]", b'{"":0}'])
def test_objects_and_lists_up_to_the_cap_are_accepted_and_one_more_refused(unit: bytes) -> None:
    def of(containers: int) -> bytes:
        return b"[" + b",".join([unit] * (containers - 1)) + b"]"

    assert len(parse_canonical(of(MAX_CONTAINERS))) == MAX_CONTAINERS - 1  # type: ignore[arg-type]
    for parse in (parse_json, parse_canonical):
        with pytest.raises(CanonicalError, match="at most 262144 objects and lists, found 262145"):
            parse(of(MAX_CONTAINERS + 1))


def test_brackets_inside_strings_do_not_nest() -> None:
    text = "[{" * 100 + '"' + "\\" + "[" * 100
    assert parse_canonical(encode_canonical([text, text])) == [text, text]


def test_input_above_the_size_cap_is_refused() -> None:
    raw = encode_canonical("x" * 98)
    assert parse_canonical(raw, limit_bytes=100) == "x" * 98
    with pytest.raises(CanonicalError, match="at most 99 bytes of JSON, found 100"):
        parse_canonical(raw, limit_bytes=99)
    with pytest.raises(CanonicalError, match="at most"):
        parse_json(b" " * (MAX_CANONICAL_BYTES + 1))


@pytest.mark.parametrize(
    "raw",
    [
        b"1" * MAX_CANONICAL_BYTES,
        b"0." + b"1" * (MAX_CANONICAL_BYTES - 2),
        b'"' + b'\\"' * (MAX_CANONICAL_BYTES // 2 - 1),
        b"{" + b",".join(b'"%d":0' % n for n in (*range(300_000), 299_999)) + b"}",
    ],
    ids=["integer", "fraction", "unterminated string of escapes", "last of many keys twice"],
)
def test_hostile_text_is_refused_in_linear_time(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(CanonicalError):
        parse_json(raw)
    assert time.process_time() - started < 2  # Quadratic work would take minutes.
