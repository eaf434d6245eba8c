"""The acknowledgement: the notary's signed promise to include an entry in its log.

Owns format section 13. Leaves the promise itself, that the entry is durable when this is signed,
to the notary, and the signatures to `evidence.envelope`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evidence.canonical import encode_canonical, parse_canonical
from evidence.checkpoint import read_origin
from evidence.entry import Exhibit, exhibit_json, read_exhibit, read_stream_id
from evidence.envelope import (
    ACKNOWLEDGEMENT_TYP,
    MAX_ENVELOPE_BYTES,
    Envelope,
    sign_envelope,
    verify_envelope,
)
from evidence.errors import EntryError, EvidenceError
from evidence.fields import Fields, encode_hex, encode_time
from evidence.keys import PublicKey, Signer

ACKNOWLEDGEMENT_TYPE: Final = "zhenglian/acknowledgement/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Which entry the notary promises to include.

    log: origin of the log.
    leaf_hash: 32 bytes, of the entry's envelope.
    """

    log: str
    stream: str
    sequence: int
    leaf_hash: bytes
    recorded_at: datetime
    exhibit: Exhibit


def sign_acknowledgement(acknowledgement: Acknowledgement, signer: Signer) -> Envelope:
    """Return the promise, signed.

    Raises:
        EntryError: a member is outside its form.
    """
    return sign_envelope(_encode(acknowledgement), [signer], ACKNOWLEDGEMENT_TYP)


def verify_acknowledgement(
    unverified_envelope: Envelope, key_of: Callable[[str], PublicKey | None]
) -> Acknowledgement:
    """Return the promise that the keys of `key_of` signed.

    Raises:
        SignatureError: as `verify_envelope`.
        EntryError: the payload is not an acknowledgement.
    """
    verify_envelope(unverified_envelope, key_of)
    return _parse(unverified_envelope.payload)


def _encode(acknowledgement: Acknowledgement) -> bytes:
    try:
        raw = encode_canonical(
            {
                "type": ACKNOWLEDGEMENT_TYPE,
                "log": acknowledgement.log,
                "stream": acknowledgement.stream,
                "sequence": acknowledgement.sequence,
                "leaf_hash": encode_hex(acknowledgement.leaf_hash),
                "recorded_at": encode_time(acknowledgement.recorded_at),
                "exhibit": exhibit_json(acknowledgement.exhibit),
            }
        )
    except EvidenceError as error:
        raise EntryError(f"the acknowledgement cannot be written: {error}") from error
    _parse(raw)
    return raw


def _parse(raw: bytes) -> Acknowledgement:
    try:
        fields = Fields(parse_canonical(raw, limit_bytes=MAX_ENVELOPE_BYTES), "acknowledgement")
        fields.constant("type", ACKNOWLEDGEMENT_TYPE)
        acknowledgement = Acknowledgement(
            log=read_origin(fields),
            stream=read_stream_id(fields),
            sequence=fields.integer("sequence"),
            leaf_hash=fields.digest32("leaf_hash"),
            recorded_at=fields.time("recorded_at"),
            exhibit=read_exhibit(fields.object("exhibit")),
        )
        fields.end()
    except EvidenceError as error:
        raise EntryError(f"the acknowledgement cannot be read: {error}") from error
    return acknowledgement
