"""The entry: the record of one act on an exhibit.

Owns format section 4: entries, the particulars kept beside them, and their canonical bytes; and
the names of streams (section 6). Leaves signatures to `evidence.envelope` and which entry may
follow which to `evidence.custody`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, TypeAlias

from evidence.canonical import Json, encode_canonical, parse_canonical
from evidence.checkpoint import read_origin
from evidence.digests import DIGEST_BYTES, Digests, parse_digests
from evidence.errors import EntryError, EvidenceError
from evidence.fields import Fields, encode_hex, encode_time, parse_hex
from evidence.unixfs import CID_BYTES, PROFILE, parse_cid

ENTRY_TYPE: Final = "zhenglian/entry/v1"
PARTICULARS_TYPE: Final = "zhenglian/particulars/v1"

MAX_ENTRY_BYTES: Final = 48 * 2**10
"""What base64url leaves of the 64 KiB of an envelope; a real entry takes about 1.3 kB."""

MAX_FILE_NAME_CHARS: Final = 255
MAX_MEDIA_TYPE_CHARS: Final = 127
MAX_STATEMENT_CHARS: Final = 2000
"""Of a note or a source: half a page."""

SALT_BYTES: Final = 32
NONCE_BYTES: Final = 32

_SHA256_PREFIX = "sha256:"
_STREAM = re.compile(r"exhibit:[0-9a-f]{32}", re.ASCII)
_ACTOR_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f/\\]+")
_RESTRICTED_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"  # RFC 6838 §4.2
_MEDIA_TYPE = re.compile(f"{_RESTRICTED_NAME}/{_RESTRICTED_NAME}", re.ASCII)
_STREAM_KEY_PREFIX = b"zhenglian/stream/v1\n"


class Event(StrEnum):
    """What was done."""

    DEPOSITED = "DEPOSITED"
    ORIGINAL_ADDED = "ORIGINAL_ADDED"


class Mode(StrEnum):
    """What the notary was given."""

    FILE = "FILE"
    """The content, which it stored."""
    DIGESTS = "DIGESTS"
    """Digests only; it never saw the content."""


class Role(StrEnum):
    """In what capacity somebody acts."""

    DEPOSITOR = "DEPOSITOR"
    AGENT = "AGENT"
    HELPER = "HELPER"
    PLATFORM_ORG = "PLATFORM_ORG"


class Authentication(StrEnum):
    """How the notary knew who was acting."""

    NONE = "none"
    API_KEY = "api_key"


class Confidentiality(StrEnum):
    """Who may be shown the exhibit."""

    PUBLIC = "PUBLIC"
    PARTIES = "PARTIES"
    COUNSEL_ONLY = "COUNSEL_ONLY"
    COURT_ONLY = "COURT_ONLY"
    SECRET = "SECRET"  # noqa: S105 - a level of confidentiality


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, under a pseudonym.

    id, on_behalf_of: 1-64 characters of A-Z a-z 0-9 . _ : -
    """

    id: str
    role: Role
    authentication: Authentication
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What identifies the content: its size, at least one byte, and both digests."""

    size_bytes: int
    digests: Digests


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Where the content is stored: its CID in text form, of the profile `unixfs-v1-2025`."""

    cid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """Payload of DEPOSITED; `blob` is None exactly for DIGESTS."""

    mode: Mode
    exhibit: Exhibit
    blob: Blob | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalAdded:
    """Payload of ORIGINAL_ADDED: the content of a digests-only deposit was handed in."""

    exhibit: Exhibit
    blob: Blob


Payload: TypeAlias = Deposited | OriginalAdded


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What may name a person; kept beside the log, which holds its digest only.

    salt: 32 random bytes, without which the digest cannot be guessed.
    source: where the exhibit comes from.
    """

    file_name: str | None
    media_type: str | None
    note: str | None
    source: str | None
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The record of one act.

    log: origin of the log it is written for.
    previous: leaf hash of the entry before in the stream; None exactly at sequence 0.
    claimed_at: when the actor says the act happened.
    recorded_at: when the notary's clock recorded it.
    particulars: SHA-256 of the canonical particulars.
    nonce: 32 random bytes, without which the leaf cannot be guessed.
    """

    log: str
    stream: str
    sequence: int
    previous: bytes | None
    actor: Actor
    claimed_at: datetime | None
    recorded_at: datetime
    payload: Payload
    particulars: bytes | None
    confidentiality: Confidentiality
    nonce: bytes

    @property
    def event(self) -> Event:
        """Return the event type, which the type of the payload decides."""
        return Event.DEPOSITED if isinstance(self.payload, Deposited) else Event.ORIGINAL_ADDED


def encode_entry(entry: Entry) -> bytes:
    """Return the canonical bytes, which `parse_entry` reads back as `entry`.

    Raises:
        EntryError: a member is outside its form, so that nobody could read the entry.
    """
    try:
        raw = encode_canonical(_entry_json(entry))
    except EvidenceError as error:
        raise EntryError(f"the entry cannot be written: {error}") from error
    if parse_entry(raw) != entry:
        raise EntryError("the entry cannot be written: it would be read as another")
    return raw


def parse_entry(raw: bytes) -> Entry:
    """Return the entry of which `raw` are the canonical bytes.

    Raises:
        EntryError: `raw` is not canonical, or a member is missing, unknown or malformed.
    """
    try:
        fields = Fields(parse_canonical(raw, limit_bytes=MAX_ENTRY_BYTES), "entry")
        entry = _read_entry(fields)
        fields.end()
    except EntryError:
        raise
    except EvidenceError as error:
        raise EntryError(f"the entry cannot be read: {error}") from error
    return entry


def particulars_json(particulars: Particulars) -> Json:
    """Return the JSON value that `read_particulars` reads back as `particulars`."""
    return {
        "type": PARTICULARS_TYPE,
        "file_name": particulars.file_name,
        "media_type": particulars.media_type,
        "note": particulars.note,
        "source": particulars.source,
        "salt": encode_hex(particulars.salt),
    }


def encode_particulars(particulars: Particulars) -> bytes:
    """Return the canonical bytes, over which the digest is taken.

    Raises:
        EntryError: a member is outside its form.
    """
    value = particulars_json(particulars)
    read_particulars(value)
    return encode_canonical(value)


def read_particulars(value: Json) -> Particulars:
    """Return the particulars that a JSON value holds.

    Raises:
        EntryError: a member is missing, unknown or malformed.
    """
    try:
        fields = Fields(value, "particulars")
        fields.constant("type", PARTICULARS_TYPE)
        particulars = Particulars(
            file_name=_matching(fields, "file_name", _FILE_NAME, MAX_FILE_NAME_CHARS),
            media_type=_matching(fields, "media_type", _MEDIA_TYPE, MAX_MEDIA_TYPE_CHARS),
            note=fields.optional_text("note", max_chars=MAX_STATEMENT_CHARS),
            source=fields.optional_text("source", max_chars=MAX_STATEMENT_CHARS),
            salt=fields.hex("salt", SALT_BYTES),
        )
        fields.end()
        encode_canonical(value)  # Refuses lone surrogates, which no regular expression above does.
    except EntryError:
        raise
    except EvidenceError as error:
        raise EntryError(f"the particulars cannot be read: {error}") from error
    return particulars


def particulars_digest(particulars: Particulars) -> bytes:
    """Return the 32 bytes that an entry commits to."""
    return sha256(encode_particulars(particulars)).digest()


def is_stream_id(text: str) -> bool:
    """Tell whether `text` names a stream."""
    return _STREAM.fullmatch(text) is not None


def stream_key(stream: str) -> bytes:
    """Return the 32 bytes that stand for a stream on the chain (format section 6).

    Raises:
        EntryError: `stream` is not a stream id.
    """
    if not is_stream_id(stream):
        raise _not_a_stream("stream")
    return sha256(_STREAM_KEY_PREFIX + stream.encode("ascii")).digest()


def read_stream_id(fields: Fields, name: str = "stream") -> str:
    """Return the stream id in a field; raises EntryError for any other text."""
    stream = fields.text(name)
    if not is_stream_id(stream):
        raise _not_a_stream(f"{fields.where}.{name}")
    return stream


def exhibit_json(exhibit: Exhibit) -> Json:
    """Return the JSON value that `read_exhibit` reads back as `exhibit`."""
    return {"digests": [*exhibit.digests.texts()], "size_bytes": exhibit.size_bytes}


def read_exhibit(fields: Fields) -> Exhibit:
    """Return the exhibit that an object holds; raises EvidenceError when it is malformed."""
    exhibit = Exhibit(
        size_bytes=fields.integer("size_bytes", minimum=1),
        digests=parse_digests(fields.list("digests", 2), f"{fields.where}.digests"),
    )
    fields.end()
    return exhibit


def _entry_json(entry: Entry) -> Json:
    return {
        "type": ENTRY_TYPE,
        "log": entry.log,
        "stream": entry.stream,
        "sequence": entry.sequence,
        "previous": None if entry.previous is None else encode_hex(entry.previous),
        "event": entry.event.value,
        "actor": {
            "id": entry.actor.id,
            "role": entry.actor.role.value,
            "authentication": entry.actor.authentication.value,
            "on_behalf_of": entry.actor.on_behalf_of,
        },
        "claimed_at": None if entry.claimed_at is None else encode_time(entry.claimed_at),
        "recorded_at": encode_time(entry.recorded_at),
        "payload": _payload_json(entry.payload),
        "particulars": None
        if entry.particulars is None
        else _SHA256_PREFIX + encode_hex(entry.particulars),
        "confidentiality": entry.confidentiality.value,
        "nonce": encode_hex(entry.nonce),
    }


def _payload_json(payload: Payload) -> Json:
    members: dict[str, Json] = {
        "exhibit": exhibit_json(payload.exhibit),
        "blob": None if payload.blob is None else _blob_json(payload.blob),
    }
    if isinstance(payload, Deposited):
        members["mode"] = payload.mode.value
    return members


def _blob_json(blob: Blob) -> Json:
    return {"cid": blob.cid, "content": "plaintext", "profile": {**PROFILE}}


def _read_entry(fields: Fields) -> Entry:
    fields.constant("type", ENTRY_TYPE)
    sequence = fields.integer("sequence")
    previous = fields.optional_digest32("previous")
    if (sequence == 0) != (previous is None):
        raise EntryError("entry.previous is null at sequence 0 and only there, found otherwise")
    event = Event(fields.choice("event", list(Event)))
    payload = fields.object("payload")
    entry = Entry(
        log=read_origin(fields),
        stream=read_stream_id(fields),
        sequence=sequence,
        previous=previous,
        actor=_read_actor(fields.object("actor")),
        claimed_at=fields.optional_time("claimed_at"),
        recorded_at=fields.time("recorded_at"),
        payload=_PAYLOAD_READERS[event](payload),
        particulars=_read_particulars_digest(fields),
        confidentiality=Confidentiality(fields.choice("confidentiality", list(Confidentiality))),
        nonce=fields.hex("nonce", NONCE_BYTES),
    )
    payload.end()
    return entry


def _read_actor(fields: Fields) -> Actor:
    actor_id = _matching(fields, "id", _ACTOR_ID, 64)
    if actor_id is None:
        raise EntryError("an entry names its actor, found null")
    actor = Actor(
        id=actor_id,
        role=Role(fields.choice("role", list(Role))),
        authentication=Authentication(fields.choice("authentication", list(Authentication))),
        on_behalf_of=_matching(fields, "on_behalf_of", _ACTOR_ID, 64),
    )
    fields.end()
    return actor


def _read_deposited(fields: Fields) -> Deposited:
    mode = Mode(fields.choice("mode", list(Mode)))
    blob = fields.optional_object("blob")
    if (mode is Mode.FILE) != (blob is not None):
        raise EntryError(f"a deposit has a blob exactly for FILE, found otherwise for {mode}")
    return Deposited(
        mode=mode,
        exhibit=read_exhibit(fields.object("exhibit")),
        blob=None if blob is None else _read_blob(blob),
    )


def _read_original_added(fields: Fields) -> OriginalAdded:
    return OriginalAdded(
        exhibit=read_exhibit(fields.object("exhibit")), blob=_read_blob(fields.object("blob"))
    )


_PAYLOAD_READERS: Final[Mapping[Event, Callable[[Fields], Payload]]] = {
    Event.DEPOSITED: _read_deposited,
    Event.ORIGINAL_ADDED: _read_original_added,
}


def _read_blob(fields: Fields) -> Blob:
    cid = fields.text("cid", max_chars=2 * CID_BYTES)
    parse_cid(cid)
    fields.constant("content", "plaintext")
    profile = fields.object("profile")
    for name, value in PROFILE.items():
        # Compared with their types: in Python true equals 1.
        found = profile.json(name)
        if type(found) is not type(value) or found != value:
            raise EntryError(f"the CID profile is {PROFILE['name']}, found another {name}")
    profile.end()
    fields.end()
    return Blob(cid=cid)


def _read_particulars_digest(fields: Fields) -> bytes | None:
    text = fields.optional_text("particulars")
    if text is None:
        return None
    if not text.startswith(_SHA256_PREFIX):
        raise EntryError("entry.particulars is a SHA-256 digest, found another text")
    return parse_hex(text.removeprefix(_SHA256_PREFIX), DIGEST_BYTES, "entry.particulars")


def _matching(fields: Fields, name: str, form: re.Pattern[str], max_chars: int) -> str | None:
    text = fields.optional_text(name, max_chars=max_chars)
    if text is not None and not form.fullmatch(text):
        raise EntryError(f"{fields.where}.{name} is not in its form")
    return text


def _not_a_stream(where: str) -> EntryError:
    return EntryError(f"{where} is exhibit: and 32 lower-case hexadecimal digits, found otherwise")
