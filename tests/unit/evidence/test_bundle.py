"""A bundle has one byte string; what is outside its form is refused, and nothing else is."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.bundle import (
    MAX_BUNDLE_BYTES,
    MAX_HEADER_BYTES,
    MAX_PROOF_HASHES,
    MAX_TOKENS,
    MAX_TRIE_NODE_BYTES,
    MAX_TRIE_NODES,
    AnchorMaterial,
    Bundle,
    BundleAnchor,
    BundleEntry,
    BundleTooLargeError,
    HeadMaterial,
    UnknownVersionError,
    encode_bundle,
    parse_bundle,
)
from evidence.canonical import encode_canonical
from evidence.checkpoint import Checkpoint, sign_checkpoint
from evidence.entry import encode_entry
from evidence.envelope import ENTRY_TYP, sign_envelope
from evidence.errors import BundleError
from evidence.fields import encode_base64
from evidence.timestamp import MAX_TOKEN_BYTES
from tests.unit.evidence import samples
from tests.unit.evidence.samples import (
    DIGESTS_DEPOSIT,
    LOG,
    NOTARY,
    ORIGINAL_ADDED,
    PARTICULARS,
    STREAM,
)

HASH = "00" * 32
PROOF = AnchorMaterial(
    header=b"header", transaction_index=0, receipt_nodes=(b"root", b"leaf"), log_index=0
)
HEAD = HeadMaterial(header=b"header", account_nodes=(b"account",), storage_nodes=(b"slot",))
FIRST, SECOND = (
    sign_envelope(encode_entry(entry), [NOTARY], ENTRY_TYP)
    for entry in (DIGESTS_DEPOSIT, ORIGINAL_ADDED)
)
NOTES = [
    sign_checkpoint(Checkpoint(origin=LOG, size=size, root=bytes(32)), NOTARY) for size in (3, 9)
]
BUNDLE = Bundle(
    log=LOG,
    stream=STREAM,
    entries=(
        BundleEntry(
            envelope=FIRST, particulars=PARTICULARS, index=2, anchor=0, inclusion=(bytes(32),)
        ),
        BundleEntry(envelope=SECOND, particulars=None, index=5, anchor=1, inclusion=()),
    ),
    anchors=(
        BundleAnchor(checkpoint=NOTES[0], tokens=(b"token",), consistency=(), proof=PROOF),
        BundleAnchor(checkpoint=NOTES[1], tokens=(), consistency=(bytes(32),), proof=None),
    ),
    head=HEAD,
)

nodes = st.lists(st.binary(max_size=9), max_size=3).map(tuple)
hashes = st.lists(samples.digests32, max_size=3).map(tuple)
proofs = st.none() | st.builds(
    AnchorMaterial,
    header=st.binary(max_size=9),
    transaction_index=st.integers(0, 2**53 - 1),
    receipt_nodes=nodes,
    log_index=st.integers(0, 2**53 - 1),
)
heads = st.none() | st.builds(
    HeadMaterial, header=st.binary(max_size=9), account_nodes=nodes, storage_nodes=nodes
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    steps = draw(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=3))
    index, anchor, places = draw(st.integers(0, 9)), 0, []
    places.append((index, anchor))
    for gap, moves in steps:
        index, anchor = index + gap, anchor + moves
        places.append((index, anchor))
    return Bundle(
        log=LOG,
        stream=STREAM,
        entries=tuple(
            BundleEntry(
                envelope=draw(st.sampled_from([FIRST, SECOND])),
                particulars=draw(st.none() | samples.particulars),
                index=index,
                anchor=anchor,
                inclusion=draw(hashes),
            )
            for index, anchor in places
        ),
        anchors=tuple(
            BundleAnchor(
                checkpoint=draw(texts),
                tokens=draw(nodes),
                consistency=draw(hashes) if position else (),
                proof=draw(proofs),
            )
            for position in range(anchor + 1)
        ),
        head=draw(heads),
    )


def changed(change: Callable[[Any], object]) -> bytes:
    value = json.loads(encode_bundle(BUNDLE))
    change(value)
    return encode_canonical(value)


@given(bundles())
@settings(max_examples=50, deadline=None)
def test_bundle_round_trips(bundle: Bundle) -> None:
    raw = encode_bundle(bundle)
    assert parse_bundle(raw) == bundle
    assert encode_bundle(parse_bundle(raw)) == raw


def test_changed_byte_gives_no_bundle_or_another_one() -> None:
    raw = encode_bundle(BUNDLE)
    for at in range(len(raw)):
        mutated = bytearray(raw)
        mutated[at] ^= 0x01
        try:
            found = parse_bundle(bytes(mutated))
        except BundleError:
            continue
        assert found != BUNDLE
        assert encode_bundle(found) == mutated


def test_bundle_has_exactly_the_members_of_the_format() -> None:
    value = json.loads(encode_bundle(BUNDLE))
    assert sorted(value) == ["anchors", "entries", "head", "log", "stream", "type"]
    first, anchor = value["entries"][0], value["anchors"][0]
    assert sorted(first) == ["anchor", "envelope", "inclusion", "index", "particulars"]
    assert sorted(first["envelope"]) == ["payload", "signatures"]
    assert sorted(anchor) == ["checkpoint", "consistency", "proof", "tokens"]
    assert anchor["proof"] == {
        "header": encode_base64(b"header"),
        "transaction_index": 0,
        "receipt_nodes": [encode_base64(b"root"), encode_base64(b"leaf")],
        "log_index": 0,
    }
    assert value["head"] == {
        "header": encode_base64(b"header"),
        "account_nodes": [encode_base64(b"account")],
        "storage_nodes": [encode_base64(b"slot")],
    }


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda v: v["anchors"][0].update(checkpoint="no note"), id="note"),
        pytest.param(lambda v: v["anchors"][0].update(tokens=["AAEC"]), id="token"),
        pytest.param(lambda v: v["entries"][0]["envelope"].update(payload="AAEC"), id="entry"),
        pytest.param(lambda v: v["entries"][0].update(inclusion=[HASH] * 9), id="inclusion"),
        pytest.param(lambda v: v["head"].update(header=""), id="header"),
        pytest.param(lambda v: v.update(log="other.example"), id="log"),
    ],
)
def test_content_of_the_parts_is_left_to_the_verifier(change: Callable[[Any], object]) -> None:
    assert parse_bundle(changed(change)) != BUNDLE


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(comment=""),
        lambda v: v.pop("head"),
        lambda v: v.update(type="zhenglian/entry/v1"),
        lambda v: v.update(type=1),
        lambda v: v.update(log="two words"),
        lambda v: v.update(stream="exhibit:1"),
        lambda v: v.update(entries=[]),
        lambda v: v.update(anchors=[]),
        lambda v: v["entries"][0].update(comment=""),
        lambda v: v["entries"][0].update(index=-1),
        lambda v: v["entries"][0].update(inclusion=None),
        lambda v: v["entries"][0].update(inclusion=["00" * 31]),
        lambda v: v["entries"][0].update(inclusion=[0]),
        lambda v: v["entries"][0].update(inclusion=["AB" * 32]),
        lambda v: v["entries"][0].update(envelope=None),
        lambda v: v["entries"][0]["envelope"].update(signatures=[]),
        lambda v: v["entries"][0]["envelope"].update(comment=""),
        lambda v: v["entries"][0]["particulars"].update(comment=""),
        lambda v: v["entries"][0]["particulars"].update(file_name="a/b"),
        lambda v: v["anchors"][0].update(comment=""),
        lambda v: v["anchors"][0].update(checkpoint=None),
        lambda v: v["anchors"][0].update(tokens=["AAE"]),
        lambda v: v["anchors"][0].update(tokens=[None]),
        lambda v: v["anchors"][0].update(consistency=[HASH]),
        lambda v: v["anchors"][0]["proof"].update(comment=""),
        lambda v: v["anchors"][0]["proof"].update(log_index=-1),
        lambda v: v["anchors"][0]["proof"].update(transaction_index=True),
        lambda v: v["head"].update(comment=""),
        lambda v: v["head"].update(storage_nodes=None),
    ],
)
def test_bundle_outside_its_form_is_refused(change: Callable[[Any], object]) -> None:
    with pytest.raises(BundleError):
        parse_bundle(changed(change))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda v: v["entries"].reverse(), "first entry cites the first anchor"),
        (lambda v: v["entries"][1].update(index=2), "indexes increase"),
        (lambda v: v["entries"][1].update(index=1), "indexes increase"),
        (lambda v: v["entries"][1].update(anchor=2), "found 2 after 0"),
        (lambda v: v["entries"][0].update(anchor=1), "first entry cites the first anchor"),
        (lambda v: v["entries"][1].update(anchor=0), "each of 2 anchors, found 1"),
        (lambda v: v["entries"].pop(), "each of 2 anchors, found 1"),
        (lambda v: v["anchors"].pop(), "each of 1 anchors, found 2"),
    ],
)
def test_entries_and_anchors_that_do_not_belong_together_are_refused(
    change: Callable[[Any], object], complaint: str
) -> None:
    with pytest.raises(BundleError, match=complaint):
        parse_bundle(changed(change))


def test_entry_that_goes_back_to_an_earlier_anchor_is_refused() -> None:
    back = replace(BUNDLE.entries[1], index=6, anchor=0)
    with pytest.raises(BundleError, match="found 0 after 1"):
        encode_bundle(replace(BUNDLE, entries=(*BUNDLE.entries, back)))


def test_bundle_of_another_version_is_told_apart() -> None:
    with pytest.raises(UnknownVersionError, match="v2"):
        parse_bundle(b'{"something":"new","type":"zhenglian/bundle/v2"}')


def test_other_spelling_of_a_bundle_is_refused() -> None:
    raw = encode_bundle(BUNDLE)
    for spelling in (raw + b"\n", b" " + raw, json.dumps(json.loads(raw)).encode()):
        with pytest.raises(BundleError, match="canonical"):
            parse_bundle(spelling)


def test_file_above_the_limit_is_told_apart_from_a_malformed_one() -> None:
    with pytest.raises(BundleTooLargeError):
        parse_bundle(bytes(MAX_BUNDLE_BYTES + 1))
    with pytest.raises(BundleError) as refusal:
        parse_bundle(bytes(MAX_BUNDLE_BYTES))
    assert not isinstance(refusal.value, BundleTooLargeError)


def blob(size_bytes: int) -> str:
    return encode_base64(bytes(size_bytes))


@pytest.mark.parametrize(
    ("at_limit", "beyond"),
    [
        pytest.param(
            lambda v: v["entries"][0].update(inclusion=[HASH] * MAX_PROOF_HASHES),
            lambda v: v["entries"][0].update(inclusion=[HASH] * (MAX_PROOF_HASHES + 1)),
            id="inclusion",
        ),
        pytest.param(
            lambda v: v["anchors"][1].update(consistency=[HASH] * MAX_PROOF_HASHES),
            lambda v: v["anchors"][1].update(consistency=[HASH] * (MAX_PROOF_HASHES + 1)),
            id="consistency",
        ),
        pytest.param(
            lambda v: v["anchors"][0].update(tokens=[blob(MAX_TOKEN_BYTES)] * MAX_TOKENS),
            lambda v: v["anchors"][0].update(tokens=[""] * (MAX_TOKENS + 1)),
            id="tokens",
        ),
        pytest.param(
            lambda v: v["anchors"][0].update(tokens=[blob(MAX_TOKEN_BYTES)]),
            lambda v: v["anchors"][0].update(tokens=[blob(MAX_TOKEN_BYTES + 1)]),
            id="token bytes",
        ),
        pytest.param(
            lambda v: v["head"].update(account_nodes=[""] * MAX_TRIE_NODES),
            lambda v: v["head"].update(account_nodes=[""] * (MAX_TRIE_NODES + 1)),
            id="trie nodes",
        ),
        pytest.param(
            lambda v: v["anchors"][0]["proof"].update(receipt_nodes=[blob(MAX_TRIE_NODE_BYTES)]),
            lambda v: v["anchors"][0]["proof"].update(
                receipt_nodes=[blob(MAX_TRIE_NODE_BYTES + 1)]
            ),
            id="trie node bytes",
        ),
        pytest.param(
            lambda v: v["head"].update(header=blob(MAX_HEADER_BYTES)),
            lambda v: v["head"].update(header=blob(MAX_HEADER_BYTES + 1)),
            id="header bytes",
        ),
    ],
)
def test_limit_is_accepted_and_one_more_refused(
    at_limit: Callable[[Any], object], beyond: Callable[[Any], object]
) -> None:
    parse_bundle(changed(at_limit))
    with pytest.raises(BundleError):
        parse_bundle(changed(beyond))


def test_bundle_that_nobody_could_read_is_not_written() -> None:
    with pytest.raises(BundleError):
        encode_bundle(replace(BUNDLE, entries=()))
    with pytest.raises(BundleError):
        encode_bundle(replace(BUNDLE, log="two words"))
    with pytest.raises(BundleError):
        encode_bundle(
            replace(BUNDLE, entries=(replace(BUNDLE.entries[0], index=2**53), BUNDLE.entries[1]))
        )


@pytest.mark.slow
def test_ten_thousand_entries_are_accepted_and_one_more_refused() -> None:
    entry = json.loads(encode_bundle(BUNDLE))["entries"][0]
    entry["envelope"]["payload"] = ""

    def numbered(count: int) -> bytes:
        return changed(
            lambda v: v.update(
                entries=[{**entry, "index": index} for index in range(count)],
                anchors=v["anchors"][:1],
            )
        )

    assert len(parse_bundle(numbered(10_000)).entries) == 10_000
    with pytest.raises(BundleError, match="at most 10000 items"):
        parse_bundle(numbered(10_001))
