"""An entry has one byte string; what is outside its form can neither be written nor read."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import encode_canonical
from evidence.entry import (
    Deposited,
    Entry,
    Event,
    Exhibit,
    Mode,
    Particulars,
    encode_entry,
    encode_particulars,
    is_stream_id,
    parse_entry,
    particulars_digest,
    particulars_json,
    read_particulars,
    stream_key,
)
from evidence.errors import EntryError
from tests.unit.evidence import samples
from tests.unit.evidence.samples import (
    BLOB,
    DIGESTS_DEPOSIT,
    EXHIBIT,
    FILE_DEPOSIT,
    ORIGINAL_ADDED,
    PARTICULARS,
    STREAM,
)


@given(samples.entries)
@settings(max_examples=100, deadline=None)
def test_entry_round_trips(entry: Entry) -> None:
    raw = encode_entry(entry)
    assert parse_entry(raw) == entry
    assert encode_entry(parse_entry(raw)) == raw
    assert rfc8785.dumps(json.loads(raw)) == raw


@given(samples.entries, st.data())
@settings(max_examples=150, deadline=None)
def test_changed_byte_gives_no_entry_or_another_one(entry: Entry, data: st.DataObject) -> None:
    raw = bytearray(encode_entry(entry))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse_entry(bytes(raw))
    except EntryError:
        return
    assert changed != entry
    assert encode_entry(changed) == raw


def test_entry_has_exactly_the_members_of_the_format() -> None:
    assert json.loads(encode_entry(FILE_DEPOSIT)) == {
        "type": "zhenglian/entry/v1",
        "log": "notary.example/log",
        "stream": STREAM,
        "sequence": 0,
        "previous": None,
        "event": "DEPOSITED",
        "actor": {
            "id": "user-1",
            "role": "DEPOSITOR",
            "authentication": "none",
            "on_behalf_of": None,
        },
        "claimed_at": None,
        "recorded_at": "2026-01-31T12:00:00.250Z",
        "payload": {
            "mode": "FILE",
            "exhibit": {"digests": ["sha256:" + "01" * 32, "sm3:" + "02" * 32], "size_bytes": 5},
            "blob": {
                "cid": BLOB.cid,
                "content": "plaintext",
                "profile": {
                    "chunk_bytes": 1048576,
                    "cid_version": 1,
                    "hash": "sha2-256",
                    "layout": "balanced",
                    "max_links": 1024,
                    "name": "unixfs-v1-2025",
                    "raw_leaves": True,
                },
            },
        },
        "particulars": None,
        "confidentiality": "PARTIES",
        "nonce": "00" * 32,
    }


def test_event_follows_from_the_payload() -> None:
    assert FILE_DEPOSIT.event is Event.DEPOSITED
    assert ORIGINAL_ADDED.event is Event.ORIGINAL_ADDED


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda v: v.update(version=1), "unknown fields"),
        (lambda v: v.pop("nonce"), "lacks the field"),
        (lambda v: v.update(type="zhenglian/entry/v2"), "entry/v1"),
        (lambda v: v.update(log="two words"), "origin"),
        (lambda v: v.update(log=""), "origin"),
        (lambda v: v.update(stream=STREAM.upper()), "hexadecimal"),
        (lambda v: v.update(stream="submission:" + "0" * 32), "hexadecimal"),
        (lambda v: v.update(sequence=-1), "sequence"),
        (lambda v: v.update(sequence=True), "integer"),
        (lambda v: v.update(sequence=1), "previous"),
        (lambda v: v.update(previous="00" * 32), "previous"),
        (lambda v: v.update(event="DELETED"), "event"),
        (lambda v: v.update(event="ORIGINAL_ADDED"), "unknown fields: 'mode'"),
        (lambda v: v.update(recorded_at="2026-01-31T12:00:00Z"), "UTC time"),
        (lambda v: v.update(claimed_at="2026-02-30T12:00:00.000Z"), "calendar"),
        (lambda v: v.update(particulars="sm3:" + "00" * 32), "SHA-256"),
        (lambda v: v.update(particulars="sha256:" + "00" * 31), "64"),
        (lambda v: v.update(confidentiality="parties"), "confidentiality"),
        (lambda v: v.update(nonce="00" * 31), "64"),
        (lambda v: v["actor"].update(id="a b"), "actor.id"),
        (lambda v: v["actor"].update(id="a\n"), "actor.id"),
        (lambda v: v["actor"].update(id=None), "names its actor"),
        (lambda v: v["actor"].update(id="a" * 65), "64"),
        (lambda v: v["actor"].update(role="JUDGE"), "role"),
        (lambda v: v["actor"].update(authentication="password"), "authentication"),
        (lambda v: v["actor"].update(name="Li"), "unknown fields"),
        (lambda v: v["payload"].update(mode="LINK"), "mode"),
        (lambda v: v["payload"].update(mode="DIGESTS"), "exactly for FILE"),
        (lambda v: v["payload"].update(blob=None), "exactly for FILE"),
        (lambda v: v["payload"].update(extra=1), "unknown fields"),
        (lambda v: v["payload"]["exhibit"].update(size_bytes=0), "from 1"),
        (lambda v: v["payload"]["exhibit"]["digests"].reverse(), "sha256:"),
        (lambda v: v["payload"]["exhibit"]["digests"].pop(), "found 1"),
        (lambda v: v["payload"]["blob"].update(cid="Qm" + "a" * 44), "CID"),
        (lambda v: v["payload"]["blob"].update(content="sealed"), "plaintext"),
        (lambda v: v["payload"]["blob"]["profile"].update(raw_leaves=1), "raw_leaves"),
        (lambda v: v["payload"]["blob"]["profile"].update(cid_version=True), "cid_version"),
        (lambda v: v["payload"]["blob"]["profile"].update(chunk_bytes=262144), "chunk_bytes"),
    ],
)
def test_entry_outside_its_form_is_refused(change: Callable[[Any], object], complaint: str) -> None:
    value = json.loads(encode_entry(FILE_DEPOSIT))
    change(value)
    with pytest.raises(EntryError, match=complaint):
        parse_entry(encode_canonical(value))


def test_original_added_without_a_blob_is_refused() -> None:
    value = json.loads(encode_entry(ORIGINAL_ADDED))
    value["payload"]["blob"] = None
    with pytest.raises(EntryError, match="an object"):
        parse_entry(encode_canonical(value))


def test_other_spelling_of_an_entry_is_refused() -> None:
    raw = encode_entry(FILE_DEPOSIT)
    for spelling in (
        raw + b"\n",
        raw.replace(b":0,", b":-0,"),
        raw.replace(b"user", b"\\u0075ser"),
    ):
        assert spelling != raw
        with pytest.raises(EntryError):
            parse_entry(spelling)


@pytest.mark.parametrize(
    "entry",
    [
        replace(FILE_DEPOSIT, recorded_at=samples.NOON + timedelta(microseconds=1)),
        replace(FILE_DEPOSIT, recorded_at=samples.NOON.replace(tzinfo=None)),
        replace(FILE_DEPOSIT, nonce=bytes(31)),
        replace(FILE_DEPOSIT, previous=bytes(32)),
        replace(FILE_DEPOSIT, sequence=1),
        replace(FILE_DEPOSIT, sequence=2**53),
        replace(FILE_DEPOSIT, stream="exhibit:1"),
        replace(FILE_DEPOSIT, payload=Deposited(mode=Mode.FILE, exhibit=EXHIBIT, blob=None)),
        replace(DIGESTS_DEPOSIT, payload=Deposited(mode=Mode.DIGESTS, exhibit=EXHIBIT, blob=BLOB)),
        replace(
            DIGESTS_DEPOSIT,
            payload=Deposited(
                mode=Mode.DIGESTS,
                exhibit=Exhibit(size_bytes=0, digests=EXHIBIT.digests),
                blob=None,
            ),
        ),
    ],
)
def test_entry_that_nobody_could_read_is_not_written(entry: Entry) -> None:
    with pytest.raises(EntryError):
        encode_entry(entry)


@given(samples.particulars)
@settings(max_examples=100, deadline=None)
def test_particulars_round_trip(particulars: Particulars) -> None:
    raw = encode_particulars(particulars)
    assert read_particulars(particulars_json(particulars)) == particulars
    assert read_particulars(json.loads(raw)) == particulars
    assert particulars_digest(particulars) == sha256(raw).digest()


def test_particulars_at_their_limits_are_accepted() -> None:
    longest = replace(
        PARTICULARS,
        file_name="证" * 255,
        media_type="a/" + "b" * 125,
        note="n" * 2000,
        source="",
    )
    assert read_particulars(particulars_json(longest)) == longest


@pytest.mark.parametrize(
    "change",
    [
        {"file_name": ""},
        {"file_name": "a" * 256},
        {"file_name": "../secret"},
        {"file_name": "a\\b"},
        {"file_name": "a\x00"},
        {"file_name": "a\n"},
        {"file_name": "a\x7f"},
        {"file_name": "a\x85"},
        {"file_name": "\ud800"},
        {"media_type": "text"},
        {"media_type": "text/plain; charset=utf-8"},
        {"media_type": "a/" + "b" * 126},
        {"note": "n" * 2001},
        {"note": "\udfff"},
        {"source": "s" * 2001},
        {"salt": bytes(31)},
    ],
)
def test_particulars_outside_their_form_are_refused(change: dict[str, Any]) -> None:
    particulars = replace(PARTICULARS, **change)
    with pytest.raises(EntryError):
        encode_particulars(particulars)
    with pytest.raises(EntryError):
        read_particulars(particulars_json(particulars))


def test_particulars_with_another_member_are_refused() -> None:
    value = particulars_json(PARTICULARS)
    assert isinstance(value, dict)
    with pytest.raises(EntryError, match="unknown fields"):
        read_particulars({**value, "name": "Li"})


def test_refusal_does_not_repeat_particulars() -> None:
    with pytest.raises(EntryError) as refusal:
        encode_particulars(replace(PARTICULARS, file_name="李四/1.pdf"))
    assert "李四" not in str(refusal.value)


def test_stream_key_is_that_of_the_format() -> None:
    assert stream_key(STREAM) == sha256(b"zhenglian/stream/v1\n" + STREAM.encode()).digest()


@pytest.mark.parametrize(
    "text", ["", "exhibit:", STREAM[:-1], STREAM + "0", STREAM + "\n", STREAM.upper(), STREAM[8:]]
)
def test_other_text_is_no_stream_id(text: str) -> None:
    assert is_stream_id(STREAM)
    assert not is_stream_id(text)
    with pytest.raises(EntryError):
        stream_key(text)
