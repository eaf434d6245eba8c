"""CIDs against known answers of Kubo, and small deep trees against a recursive reference."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import DigestError
from evidence.unixfs import (
    CHUNK_BYTES,
    MAX_LINKS,
    PROFILE,
    Chunker,
    Link,
    UnixfsBuilder,
    cid_of,
    dag_pb_cid,
    encode_cid,
    encode_node,
    encode_varint,
    is_raw,
    parse_cid,
    parse_node,
    raw_cid,
    read_varint,
    verify_block,
)

KNOWN = json.loads(Path(__file__).with_name("unixfs-known-answers.json").read_text("utf-8"))
CASES = [
    pytest.param(
        case, marks=[pytest.mark.slow] if case["size"] > 2**27 else [], id=str(case["size"])
    )
    for case in KNOWN["cases"]
]


def keystream(seed: str, size_bytes: int, piece_bytes: int) -> Iterator[bytes]:
    """Kubo's test content: ChaCha20 keystream, key = sha256(seed), nonce and counter zero."""
    key = hashlib.sha256(seed.encode()).digest()
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), None).encryptor()
    for start in range(0, size_bytes, piece_bytes):
        yield stream.update(bytes(min(piece_bytes, size_bytes - start)))


def build(
    content: bytes, chunk_bytes: int, max_links: int
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    blocks: list[tuple[bytes, bytes]] = []
    builder = UnixfsBuilder(
        lambda cid, block: blocks.append((cid, block)), chunk_bytes=chunk_bytes, max_links=max_links
    )
    for start in range(0, len(content), chunk_bytes):
        builder.add_leaf(content[start : start + chunk_bytes])
    return builder.finish(), blocks


def reference(content: bytes, chunk_bytes: int, max_links: int) -> bytes:
    """The balanced layout top down: the least depth that holds the leaves, filled from the left."""
    leaves = [content[n : n + chunk_bytes] for n in range(0, len(content), chunk_bytes)] or [b""]
    depth = 0
    while max_links**depth < len(leaves):
        depth += 1

    def number(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value % 128 + 128]) + number(value // 128)

    def field(tag: int, value: bytes) -> bytes:
        return bytes([tag]) + number(len(value)) + value

    def subtree(part: list[bytes], depth: int) -> tuple[bytes, int, int]:
        if depth == 0:
            (leaf,) = part
            return b"\x01\x55\x12\x20" + hashlib.sha256(leaf).digest(), len(leaf), len(leaf)
        below = max_links ** (depth - 1)
        children = [subtree(part[n : n + below], depth - 1) for n in range(0, len(part), below)]
        size = sum(content for _, _, content in children)
        links = b"".join(
            field(0x12, field(0x0A, cid) + b"\x12\x00\x18" + number(dag))
            for cid, dag, _ in children
        )
        sizes = b"".join(b"\x20" + number(content) for _, _, content in children)
        block = links + field(0x0A, b"\x08\x02\x18" + number(size) + sizes)
        cid = b"\x01\x70\x12\x20" + hashlib.sha256(block).digest()
        return cid, len(block) + sum(dag for _, dag, _ in children), size

    return subtree(leaves, depth)[0]


@pytest.mark.parametrize("case", CASES)
def test_cid_is_the_known_answer_of_the_profile(case: dict[str, str | int]) -> None:
    content = keystream(str(case["seed"]), int(case["size"]), 3 * 2**20 + 1)
    assert cid_of(content) == case["unixfs-v1-2025"]


@pytest.mark.parametrize("case", CASES)
def test_cid_is_the_known_answer_with_other_sizes(case: dict[str, str | int]) -> None:
    builder = UnixfsBuilder(chunk_bytes=2**18, max_links=174)
    for leaf in keystream(str(case["seed"]), int(case["size"]), 2**18):
        builder.add_leaf(leaf)
    assert encode_cid(builder.finish()) == case["v1-256k-174"]


def test_profile_says_what_the_builder_does() -> None:
    assert PROFILE == {
        "name": "unixfs-v1-2025",
        "cid_version": 1,
        "hash": "sha2-256",
        "chunk_bytes": 1048576,
        "max_links": 1024,
        "raw_leaves": True,
        "layout": "balanced",
    }
    assert (CHUNK_BYTES, MAX_LINKS) == (1048576, 1024)


@pytest.mark.parametrize("max_links", [2, 3, 5])
def test_deep_trees_are_those_of_the_reference(max_links: int) -> None:
    for size_bytes in range(140):
        content = hashlib.shake_128(b"deep").digest(size_bytes)
        root, blocks = build(content, 2, max_links)
        assert root == reference(content, 2, max_links)
        assert blocks[-1][0] == root


@given(st.binary(max_size=300), st.integers(1, 40), st.integers(2, 6))
@settings(max_examples=150, deadline=None)
def test_blocks_hold_the_content_under_the_root(
    content: bytes, chunk_bytes: int, max_links: int
) -> None:
    root, blocks = build(content, chunk_bytes, max_links)
    held = dict(blocks)

    def read(cid: bytes) -> bytes:
        verify_block(cid, held[cid])
        if is_raw(cid):
            return held[cid]
        parts = []
        for link in parse_node(held[cid]):
            parts.append(read(link.cid))
            assert len(parts[-1]) == link.content_bytes
        return b"".join(parts)

    assert read(root) == content


@pytest.mark.parametrize("sizes", [(3, 4), (5,), (4, 0), (0, 4)])
def test_leaves_cut_otherwise_than_the_profile_are_refused(sizes: tuple[int, ...]) -> None:
    builder = UnixfsBuilder(chunk_bytes=4)
    *accepted, refused = sizes
    for size_bytes in accepted:
        builder.add_leaf(bytes(size_bytes))
    with pytest.raises(DigestError, match="expected chunks of 4 bytes but for the last"):
        builder.add_leaf(bytes(refused))


@given(st.lists(st.binary(max_size=20), max_size=10), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_chunker_cuts_full_chunks_and_keeps_the_rest(pieces: list[bytes], size: int) -> None:
    chunker = Chunker(size)
    chunks = [chunk for piece in pieces for chunk in chunker.cut(piece)]
    assert {len(chunk) for chunk in chunks} <= {size}
    assert len(chunker.rest()) < size
    assert b"".join([*chunks, chunker.rest()]) == b"".join(pieces)


@given(st.binary(max_size=50), st.booleans())
@settings(max_examples=50, deadline=None)
def test_cid_text_round_trips(block: bytes, raw: bool) -> None:
    cid = raw_cid(block) if raw else dag_pb_cid(block)
    assert parse_cid(encode_cid(cid)) == cid


EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        EMPTY[1:],
        EMPTY.upper(),
        EMPTY[:-1],
        EMPTY + "a",
        EMPTY[:-1] + "v",  # The same bytes with a stray bit.
        EMPTY + "=",
        EMPTY[:-1] + "1",
        EMPTY[:-1] + "é",
        "Qm" + "a" * 44,
        "b" + "a" * 58,
        "z" + EMPTY[1:],
        # A CIDv1 of dag-cbor: another codec than the two of the profile.
        "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    ],
)
def test_any_other_spelling_or_kind_of_cid_is_refused(text: str) -> None:
    assert parse_cid(EMPTY) == raw_cid(b"")
    with pytest.raises(DigestError, match="expected a CID"):
        parse_cid(text)


def test_block_with_a_flipped_bit_is_refused() -> None:
    node = encode_node([Link(cid=raw_cid(b"ab"), dag_bytes=2, content_bytes=2)])
    for cid, block in ((raw_cid(b"ab"), b"ab"), (dag_pb_cid(node), node)):
        verify_block(cid, block)
        with pytest.raises(DigestError, match=f"expected block {encode_cid(cid)}"):
            verify_block(cid, block[:-1] + bytes([block[-1] ^ 1]))


def test_node_is_refused_after_any_change_of_one_byte_that_breaks_its_form() -> None:
    links = [
        Link(cid=raw_cid(b"ab"), dag_bytes=200, content_bytes=150),
        Link(cid=dag_pb_cid(b"cd"), dag_bytes=2, content_bytes=2),
    ]
    node = encode_node(links)
    assert parse_node(node) == links
    for at in range(len(node)):
        for changed in (
            node[:at],
            node[:at] + node[at + 1 :],
            node[:at] + b"\xff" + node[at + 1 :],
        ):
            try:
                found = parse_node(changed)
            except DigestError:
                continue
            # Only digests and sizes can differ and leave the form whole.
            assert encode_node(found) == changed


@given(st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_node_or_refused_by_one_error(block: bytes) -> None:
    try:
        links = parse_node(block)
    except DigestError:
        return
    assert encode_node(links) == block


@given(st.integers(0, 2**63 - 1))
@settings(max_examples=100, deadline=None)
def test_varint_round_trips(value: int) -> None:
    raw = b"\x00" + encode_varint(value)
    assert read_varint(raw + b"\x01", 1) == (value, len(raw))


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\xff" * 9])
def test_varint_without_an_end_is_refused(raw: bytes) -> None:
    with pytest.raises(DigestError, match="varint"):
        read_varint(raw)
