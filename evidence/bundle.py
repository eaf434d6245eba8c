"""The bundle: everything about one exhibit that a stranger needs, in one file.

Owns format section 12 and the limits of section 16 that concern it: the form of the file and how
its parts refer to each other. Proves nothing: entries are not decoded, notes not read and no
signature, proof or token is verified here; that is the verifier's, step by step (section 15).
What the chain's parts mean is left to `chain`; here they are bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from evidence.canonical import Json, encode_canonical, parse_canonical
from evidence.checkpoint import read_origin
from evidence.entry import Particulars, particulars_json, read_particulars, read_stream_id
from evidence.envelope import ENTRY_TYP, Envelope, envelope_json, read_envelope
from evidence.errors import BundleError, EvidenceError
from evidence.fields import Fields, encode_base64, encode_hex, parse_base64, parse_hex
from evidence.merkle import HASH_BYTES
from evidence.timestamp import MAX_TOKEN_BYTES

BUNDLE_TYPE: Final = "zhenglian/bundle/v1"
_TYPE_PREFIX = "zhenglian/bundle/"

# Format section 16. Each is far above what an honest bundle needs and bounds a hostile one.
MAX_BUNDLE_BYTES: Final = 16 * 2**20
MAX_ENTRIES: Final = 10_000
MAX_ANCHORS: Final = 10_000
MAX_TOKENS: Final = 4
MAX_PROOF_HASHES: Final = 64
MAX_TRIE_NODES: Final = 64
MAX_TRIE_NODE_BYTES: Final = 32 * 2**10
MAX_HEADER_BYTES: Final = 64 * 2**10


class UnknownVersionError(BundleError):
    """A bundle, but of a version this program does not know."""


class BundleTooLargeError(BundleError):
    """The file is longer than a bundle may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorMaterial:
    """The parts of an anchor proof (format section 10), unread.

    header: RLP of the block header with its commit seals.
    receipt_nodes: RLP nodes of the receipts trie, from the root down.
    log_index: of the EVM log within the EVM receipt.
    """

    header: bytes
    transaction_index: int
    receipt_nodes: tuple[bytes, ...]
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMaterial:
    """The parts of a head proof (format section 11), unread.

    header: RLP of the block header with its commit seals.
    account_nodes, storage_nodes: RLP nodes of the tries, from the root down.
    """

    header: bytes
    account_nodes: tuple[bytes, ...]
    storage_nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleEntry:
    """One entry of the stream and its way into the log.

    particulars: None where withheld, erased or never given.
    index: of the leaf in the log.
    anchor: position in the bundle's anchors of the one whose checkpoint covers the entry.
    inclusion: hashes from the leaf up to the root of that checkpoint.
    """

    envelope: Envelope
    particulars: Particulars | None
    index: int
    anchor: int
    inclusion: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleAnchor:
    """One checkpoint, its time and its place on the chain.

    checkpoint: the text of the note.
    tokens: DER of the timestamp tokens over it.
    consistency: hashes from the preceding anchor's checkpoint to this one; none for the first.
    """

    checkpoint: str
    tokens: tuple[bytes, ...]
    consistency: tuple[bytes, ...]
    proof: AnchorMaterial | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A well-formed bundle; nothing in it is verified."""

    log: str
    stream: str
    entries: tuple[BundleEntry, ...]
    anchors: tuple[BundleAnchor, ...]
    head: HeadMaterial | None


def encode_bundle(bundle: Bundle) -> bytes:
    """Return the bytes of the file, which `parse_bundle` reads back as `bundle`.

    Raises:
        BundleError: a part is outside its form or a limit.
    """
    try:
        raw = encode_canonical(_bundle_json(bundle))
    except EvidenceError as error:
        raise BundleError(f"the bundle cannot be written: {error}") from error
    parse_bundle(raw)
    return raw


def parse_bundle(raw: bytes) -> Bundle:
    """Return the bundle in `raw`; nothing in it is verified.

    Raises:
        BundleTooLargeError: `raw` is longer than 16 MiB.
        UnknownVersionError: it says that it is a bundle of another version.
        BundleError: it is not canonical, a member is missing, unknown or malformed, or entries
            and anchors do not refer to each other as section 12 requires.
    """
    if len(raw) > MAX_BUNDLE_BYTES:
        raise BundleTooLargeError(f"a bundle is at most {MAX_BUNDLE_BYTES} bytes, found {len(raw)}")
    try:
        bundle = _read_bundle(Fields(parse_canonical(raw, limit_bytes=MAX_BUNDLE_BYTES), "bundle"))
    except BundleError:
        raise
    except EvidenceError as error:
        raise BundleError(f"the bundle cannot be read: {error}") from error
    _check_references(bundle)
    return bundle


def _bundle_json(bundle: Bundle) -> Json:
    return {
        "type": BUNDLE_TYPE,
        "log": bundle.log,
        "stream": bundle.stream,
        "entries": [_entry_json(entry) for entry in bundle.entries],
        "anchors": [_anchor_json(anchor) for anchor in bundle.anchors],
        "head": None if bundle.head is None else _head_json(bundle.head),
    }


def _entry_json(entry: BundleEntry) -> Json:
    return {
        "envelope": envelope_json(entry.envelope),
        "particulars": None if entry.particulars is None else particulars_json(entry.particulars),
        "index": entry.index,
        "anchor": entry.anchor,
        "inclusion": _hex_list(entry.inclusion),
    }


def _anchor_json(anchor: BundleAnchor) -> Json:
    return {
        "checkpoint": anchor.checkpoint,
        "tokens": _base64_list(anchor.tokens),
        "consistency": _hex_list(anchor.consistency),
        "proof": None if anchor.proof is None else _proof_json(anchor.proof),
    }


def _proof_json(proof: AnchorMaterial) -> Json:
    return {
        "header": encode_base64(proof.header),
        "transaction_index": proof.transaction_index,
        "receipt_nodes": _base64_list(proof.receipt_nodes),
        "log_index": proof.log_index,
    }


def _head_json(head: HeadMaterial) -> Json:
    return {
        "header": encode_base64(head.header),
        "account_nodes": _base64_list(head.account_nodes),
        "storage_nodes": _base64_list(head.storage_nodes),
    }


def _hex_list(values: Sequence[bytes]) -> Json:
    return [encode_hex(value) for value in values]


def _base64_list(values: Sequence[bytes]) -> Json:
    return [encode_base64(value) for value in values]


def _read_bundle(fields: Fields) -> Bundle:
    _check_version(fields)
    head = fields.optional_object("head")
    bundle = Bundle(
        log=read_origin(fields),
        stream=read_stream_id(fields),
        entries=tuple(
            _read_entry(Fields(value, "bundle.entries"))
            for value in fields.list("entries", MAX_ENTRIES)
        ),
        anchors=tuple(
            _read_anchor(Fields(value, "bundle.anchors"))
            for value in fields.list("anchors", MAX_ANCHORS)
        ),
        head=None if head is None else _read_head(head),
    )
    fields.end()
    return bundle


def _check_version(fields: Fields) -> None:
    found = fields.text("type")
    if found != BUNDLE_TYPE and found.startswith(_TYPE_PREFIX):
        raise UnknownVersionError(f"expected a bundle of version v1, found {found[:64]!r}")
    fields.constant("type", BUNDLE_TYPE)


def _read_entry(fields: Fields) -> BundleEntry:
    particulars = fields.json("particulars")
    entry = BundleEntry(
        envelope=read_envelope(fields.json("envelope"), ENTRY_TYP),
        particulars=None if particulars is None else read_particulars(particulars),
        index=fields.integer("index"),
        anchor=fields.integer("anchor", maximum=MAX_ANCHORS - 1),
        inclusion=_hashes(fields, "inclusion"),
    )
    fields.end()
    return entry


def _read_anchor(fields: Fields) -> BundleAnchor:
    proof = fields.optional_object("proof")
    anchor = BundleAnchor(
        checkpoint=fields.text("checkpoint"),
        tokens=_byte_strings(fields, "tokens", MAX_TOKENS, MAX_TOKEN_BYTES),
        consistency=_hashes(fields, "consistency"),
        proof=None if proof is None else _read_proof(proof),
    )
    fields.end()
    return anchor


def _read_proof(fields: Fields) -> AnchorMaterial:
    proof = AnchorMaterial(
        header=fields.base64("header", MAX_HEADER_BYTES),
        transaction_index=fields.integer("transaction_index"),
        receipt_nodes=_trie_nodes(fields, "receipt_nodes"),
        log_index=fields.integer("log_index"),
    )
    fields.end()
    return proof


def _read_head(fields: Fields) -> HeadMaterial:
    head = HeadMaterial(
        header=fields.base64("header", MAX_HEADER_BYTES),
        account_nodes=_trie_nodes(fields, "account_nodes"),
        storage_nodes=_trie_nodes(fields, "storage_nodes"),
    )
    fields.end()
    return head


def _trie_nodes(fields: Fields, name: str) -> tuple[bytes, ...]:
    return _byte_strings(fields, name, MAX_TRIE_NODES, MAX_TRIE_NODE_BYTES)


def _byte_strings(fields: Fields, name: str, max_items: int, max_bytes: int) -> tuple[bytes, ...]:
    where = f"{fields.where}.{name}"
    texts = _texts(fields.list(name, max_items), where)
    return tuple(parse_base64(text, max_bytes, where) for text in texts)


def _hashes(fields: Fields, name: str) -> tuple[bytes, ...]:
    where = f"{fields.where}.{name}"
    texts = _texts(fields.list(name, MAX_PROOF_HASHES), where)
    return tuple(parse_hex(text, HASH_BYTES, where) for text in texts)


def _texts(values: Sequence[Json], where: str) -> list[str]:
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        raise BundleError(f"{where} is a list of strings, found another value in it")
    return texts


def _check_references(bundle: Bundle) -> None:
    """Check how entries and anchors refer to each other.

    That checkpoint sizes increase is left to the verifier, who reports a note that cannot be read
    without losing the rest of the bundle.
    """
    if not bundle.entries:
        raise BundleError("a bundle has at least one entry, found none")
    if not bundle.anchors:
        raise BundleError("a bundle has at least one anchor, found none")
    if bundle.anchors[0].consistency:
        raise BundleError("the first anchor follows no other, found a consistency proof there")
    if bundle.entries[0].anchor != 0:
        raise BundleError(
            f"the first entry cites the first anchor, found {bundle.entries[0].anchor}"
        )
    for before, entry in pairwise(bundle.entries):
        if entry.index <= before.index:
            raise BundleError(f"entry indexes increase, found {entry.index} after {before.index}")
        # In order and leaving none out, so that every anchor is cited.
        if entry.anchor not in (before.anchor, before.anchor + 1):
            raise BundleError(
                f"entries cite every anchor in order, found {entry.anchor} after {before.anchor}"
            )
    cited = bundle.entries[-1].anchor + 1
    if cited != len(bundle.anchors):
        raise BundleError(
            f"entries cite each of {len(bundle.anchors)} anchors, found {cited} cited"
        )
