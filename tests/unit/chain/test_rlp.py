"""Our RLP accepts exactly the canonical encodings, and agrees with the rlp package on them."""

import pytest
import rlp as other_rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import rlp
from chain.errors import RlpError

items = st.recursive(st.binary(max_size=70), lambda children: st.lists(children, max_size=5))


@pytest.mark.parametrize(
    ("item", "encoded"),
    [
        # Examples of the Ethereum Wiki and edges of the length classes.
        (b"dog", "83646f67"),
        ([b"cat", b"dog"], "c88363617483646f67"),
        (b"", "80"),
        ([], "c0"),
        (b"\x00", "00"),
        (b"\x0f", "0f"),
        (b"\x7f", "7f"),
        (b"\x80", "8180"),
        (b"\x04\x00", "820400"),
        ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"),
        (b"a" * 55, "b7" + "61" * 55),
        (b"a" * 56, "b838" + "61" * 56),
        (b"a" * 256, "b90100" + "61" * 256),
        ([b"a"] * 55, "f7" + "61" * 55),
        ([b"a"] * 56, "f838" + "61" * 56),
    ],
)
def test_known_encodings(item: rlp.Item, encoded: str) -> None:
    assert rlp.encode(item).hex() == encoded
    assert rlp.decode(bytes.fromhex(encoded)) == item


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "truncated"),
        ("83646f", "needs 3 bytes, 2 are left"),
        ("83646f6700", "ends at byte 4, but 5 bytes"),
        ("c883636174", "needs 8 bytes"),
        ("c28363", "needs 3 bytes, 1 are left"),
        ("8100", "prefix it does not need"),
        ("817f", "prefix it does not need"),
        ("c2817f", "prefix it does not need"),
        ("b800", "shortest form"),
        ("b837" + "61" * 55, "shortest form"),
        ("b90038" + "61" * 56, "shortest form"),
        ("f800", "shortest form"),
        ("f837" + "61" * 55, "shortest form"),
        ("b8", "truncated"),
        ("b901", "truncated"),
        ("bfffffffffffffffff", "needs 18446744073709551615 bytes"),
        ("ffffffffffffffffff", "needs 18446744073709551615 bytes"),
    ],
)
def test_anything_but_the_canonical_encoding_is_rejected(raw: str, why: str) -> None:
    with pytest.raises(RlpError, match=why):
        rlp.decode(bytes.fromhex(raw))


@settings(max_examples=200, deadline=None)
@given(items)
def test_encoding_agrees_with_the_rlp_package_and_decodes_again(item: rlp.Item) -> None:
    encoded = rlp.encode(item)
    assert encoded == other_rlp.encode(item)
    assert rlp.decode(encoded) == item


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.builds(lambda item: rlp.encode(item)[:-1] + b"\x01", items))
def test_bytes_are_accepted_if_and_only_if_they_are_an_encoding(raw: bytes) -> None:
    try:
        item = rlp.decode(raw)
    except RlpError:
        item = None
    try:
        expected = other_rlp.decode(raw)
        expected = expected if other_rlp.encode(expected) == raw else None
    except other_rlp.DecodingError:
        expected = None
    assert item == expected


def test_nesting_is_limited() -> None:
    def nested(depth: int) -> bytes:
        item: rlp.Item = b""
        for _ in range(depth):
            item = [item]
        return rlp.encode(item)

    assert rlp.decode(nested(rlp.MAX_DEPTH))
    with pytest.raises(RlpError, match="deeper"):
        rlp.decode(nested(rlp.MAX_DEPTH + 1))


def test_length_is_limited() -> None:
    longest = rlp.encode(bytes(rlp.MAX_ENCODED_BYTES - 4))
    assert len(longest) == rlp.MAX_ENCODED_BYTES
    assert rlp.decode(longest)
    with pytest.raises(RlpError, match="exceeds the limit"):
        rlp.decode(rlp.encode(bytes(rlp.MAX_ENCODED_BYTES - 3)))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 2**64 - 1, 2**256 - 1])
def test_scalars_decode_again(value: int) -> None:
    assert rlp.decode_scalar(rlp.encode_scalar(value), max_bytes=32) == value


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (b"\x00", "zero byte"),
        (b"\x00\x01", "zero byte"),
        (b"\x01" * 9, "at most 8 bytes, found 9"),
        ([], "found a list"),
    ],
)
def test_malformed_scalars_are_rejected(item: rlp.Item, why: str) -> None:
    with pytest.raises(RlpError, match=why):
        rlp.decode_scalar(item, max_bytes=8)


def test_negative_scalar_has_no_encoding() -> None:
    with pytest.raises(RlpError, match="negative"):
        rlp.encode_scalar(-1)
