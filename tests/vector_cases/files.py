"""Cases of the file itself: step 1, and the exhibit beside it: step 13."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from evidence.bundle import encode_bundle
from evidence.entry import Blob, Deposited, Mode
from tests.vector_cases.case import CONTENT, Case, case, edited, one_entry, two_entries
from tests.world import World, deposited


def cases() -> Iterator[Case]:
    """Yield every case of this module."""
    yield from _spellings()
    yield from _members()
    yield from _exhibits()


def _spellings() -> Iterator[Case]:
    world, stream = one_entry()
    honest = encode_bundle(world.bundle(stream))
    pretty = json.dumps(json.loads(honest), ensure_ascii=False, indent=1).encode()
    spelt = {
        "trailing_bytes_fail": ("A newline after the bundle.", honest + b"\n"),
        "truncated_file_fail": ("The last byte is missing.", honest[:-1]),
        "empty_file_fail": ("No bytes at all.", b""),
        "not_json_fail": ("Not JSON.", b"PK\x03\x04 no bundle"),
        "not_canonical_fail": ("The same JSON value with line breaks and spaces.", pretty),
        "byte_order_mark_fail": ("A byte order mark before the bundle.", b"\xef\xbb\xbf" + honest),
        "duplicate_key_fail": (
            "The member `log` twice: two parsers might each take another one.",
            honest.replace(b'"log":', b'"log":"other.example/log","log":', 1),
        ),
        "giant_number_fail": (
            "An index of ten thousand digits.",
            _with_index(honest, "9" * 10_000),
        ),
        "unsafe_integer_fail": ("An index of 2^53.", _with_index(honest, str(2**53))),
        "fraction_fail": ("An index written as a fraction.", _with_index(honest, "2.0")),
        "deep_nesting_fail": (
            "Ten thousand lists in one another.",
            honest.replace(b'"head":{', b'"head":' + b"[" * 10_000 + b"]" * 10_000 + b',"x":{'),
        ),
        "lone_surrogate_fail": (
            "Half of a surrogate pair in the particulars.",
            honest.replace('"合同.pdf"'.encode(), b'"\\ud800"'),
        ),
    }
    for name, (why, raw) in spelt.items():
        assert raw != honest, name
        yield Case(name=name, why=why, bundle=raw, trust=world.trust_root())


def _with_index(raw: bytes, literal: str) -> bytes:
    return raw.replace(b'"index":2,', f'"index":{literal},'.encode())


def _members() -> Iterator[Case]:
    world, stream = two_entries()
    bundle = world.bundle(stream)

    def made(name: str, why: str, **changes: Any) -> Case:
        def edit(members: Any) -> None:
            members.update(changes)

        return Case(name=name, why=why, bundle=edited(bundle, edit), trust=world.trust_root())

    yield made(
        "other_version_indeterminate",
        "A bundle of a version that this text does not define.",
        type="zhenglian/bundle/v2",
    )
    yield made("other_type_fail", "Another kind of file.", type="zhenglian/trust-root/v1")
    yield made("unknown_member_fail", "A member that section 12 does not name.", comment="ok")
    yield made("stream_name_malformed_fail", "A stream id in capitals.", stream=stream.upper())
    yield made("log_name_malformed_fail", "A space in the name of the log.", log="log example")
    yield made("no_entries_fail", "No entries.", entries=[])

    def drop_head(members: Any) -> None:
        del members["head"]

    def swap_entries(members: Any) -> None:
        members["entries"].reverse()

    def cite_one_anchor(members: Any) -> None:
        members["entries"][1]["anchor"] = 0

    def swap_anchors(members: Any) -> None:
        members["anchors"].reverse()

    for name, why, edit in (
        ("member_missing_fail", "No member `head`: null must be written.", drop_head),
        ("entries_reordered_fail", "The entries in reverse order, otherwise alike.", swap_entries),
        ("anchor_not_cited_fail", "An anchor that no entry cites.", cite_one_anchor),
        ("anchors_reordered_fail", "The anchors in reverse order: first the later.", swap_anchors),
    ):
        yield Case(name=name, why=why, bundle=edited(bundle, edit), trust=world.trust_root())


def _exhibits() -> Iterator[Case]:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    changed = CONTENT.replace(b"e", b"a", 1)
    why = "One byte of the exhibit differs."
    yield case("exhibit_changed_fail", why, world, bundle, exhibit=changed)
    why = "A byte was added to the exhibit."
    yield case("exhibit_longer_fail", why, world, bundle, exhibit=CONTENT + b"\n")
    why = "The exhibit was not given, so nothing is shown about any file."
    yield case("exhibit_not_given_indeterminate", why, world, bundle, exhibit=None)

    for name, why, payload in (
        (
            "exhibit_other_cid_fail",
            "Size and digests match, but the recorded CID is that of other content.",
            _with_cid_of(b"other content\n"),
        ),
        (
            "exhibit_other_sm3_fail",
            "Size and SHA-256 match, but the recorded SM3 is that of other content.",
            _with_sm3_of(b"other content\n"),
        ),
    ):
        world = World()
        entry = world.next_entry("exhibit:" + "0" * 32, payload, None)
        world.record(entry, None)
        world.anchor()
        yield case(name, why, world, world.bundle(entry.stream))


def _with_cid_of(content: bytes) -> Deposited:
    honest, other = _deposited_file(CONTENT), _deposited_file(content)
    assert other.blob is not None
    return replace(honest, blob=Blob(cid=other.blob.cid))


def _with_sm3_of(content: bytes) -> Deposited:
    honest, other = _deposited_file(CONTENT), _deposited_file(content)
    digests = replace(honest.exhibit.digests, sm3=other.exhibit.digests.sm3)
    return replace(honest, exhibit=replace(honest.exhibit, digests=digests))


def _deposited_file(content: bytes) -> Deposited:
    return deposited(content, Mode.FILE)
