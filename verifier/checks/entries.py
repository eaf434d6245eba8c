"""Steps 3 to 5: what the envelopes hold, who signed them and whether they form a stream.

Leaves signatures to `evidence.envelope` and the rules of streams to `evidence.custody`.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evidence.bundle import Bundle, BundleEntry
from evidence.custody import (
    EntryOfAnotherLogError,
    EntryOfAnotherStreamError,
    EventNotAllowedError,
    LinkedEntry,
    StreamBrokenError,
    verify_stream,
)
from evidence.entry import Entry, parse_entry, particulars_digest
from evidence.envelope import UnknownSignerError, verify_envelope
from evidence.errors import CustodyError, EntryError, EvidenceError
from verifier.checks.findings import entry_subject, lacking, passed, refused, shown
from verifier.report import Finding, Reason, Step
from verifier.trust import TrustRoot

_STREAM_REASONS: Final[Mapping[type[CustodyError], Reason]] = {
    StreamBrokenError: Reason.STREAM_BROKEN,
    EventNotAllowedError: Reason.EVENT_NOT_ALLOWED,
    EntryOfAnotherLogError: Reason.ENTRY_OF_ANOTHER_LOG,
    EntryOfAnotherStreamError: Reason.ENTRY_OF_ANOTHER_STREAM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStream:
    """What the envelopes of a bundle hold."""

    entries: tuple[Entry | None, ...]
    """In the order of the bundle; None for one that cannot be read."""
    is_established: bool
    """Whether they form a stream of the bundle's log and name."""


def check_signatures(n: int, item: BundleEntry, entry: Entry | None, trust: TrustRoot) -> Finding:
    """Step 3: every signature of entry `n` is by a trusted signer in office when it was recorded.

    `entry` is what the envelope holds, None where it cannot be read.
    """
    step, subject = Step.SIGNATURES, entry_subject(n)
    signers = {each.kid: trust.signer(each.kid) for each in item.envelope.signatures}
    keys = {kid: signer.public_key for kid, signer in signers.items() if signer is not None}
    try:
        verify_envelope(item.envelope, keys.get)
    except UnknownSignerError as error:
        return refused(step, subject, Reason.SIGNER_UNKNOWN, error)
    except EvidenceError as error:
        return refused(step, subject, Reason.SIGNATURE_INVALID, error)
    if entry is None:
        return lacking(step, subject, "the time at which the entry was recorded")
    for signer in filter(None, signers.values()):
        if not signer.in_use_at(entry.recorded_at):
            message = (
                f"expected a time in the period of the signer {signer.name!r}, "
                f"found recorded_at {shown(entry.recorded_at)}"
            )
            return refused(step, subject, Reason.SIGNER_OUT_OF_PERIOD, message)
    names = ", ".join(repr(signer.name) for signer in filter(None, signers.values()))
    return passed(step, subject, f"entry {n} is signed by {names}")


def check_stream(bundle: Bundle, leaves: Sequence[bytes]) -> tuple[Finding, ReadStream]:
    """Step 4: the entries, of these leaf hashes, form a stream of the bundle's log and name.

    The reason is that of the first entry that breaks a rule.
    """
    step, subject = Step.STREAM, "stream"
    entries: list[Entry | None] = []
    linked: list[LinkedEntry] = []
    refusal: Finding | None = None
    for n, (item, leaf) in enumerate(zip(bundle.entries, leaves, strict=True)):
        try:
            entry = parse_entry(item.envelope.payload)
        except EntryError as error:
            entries.append(None)
            refusal = refusal or refused(
                step, subject, Reason.ENTRY_MALFORMED, f"entry {n}: {error}"
            )
            continue
        entries.append(entry)
        if refusal is None:
            linked.append(LinkedEntry(entry=entry, leaf_hash=leaf))
    try:
        if linked:
            verify_stream(linked, log=bundle.log, stream=bundle.stream)
    except CustodyError as error:
        # It comes before an entry that cannot be read.
        refusal = refused(
            step, subject, _STREAM_REASONS.get(type(error), Reason.STREAM_BROKEN), error
        )
    read = ReadStream(entries=tuple(entries), is_established=refusal is None)
    message = f"{len(entries)} entries form the stream {bundle.stream}"
    return refusal or passed(step, subject, message), read


def check_particulars(n: int, item: BundleEntry, entry: Entry | None) -> Finding:
    """Step 5: the particulars of entry `n` match their digest, or none were committed."""
    step, subject = Step.PARTICULARS, entry_subject(n)
    if entry is None:
        return lacking(step, subject, "the digest of the particulars")
    if item.particulars is None:
        if entry.particulars is not None:
            message = f"expected the particulars of entry {n}, found none"
            return refused(step, subject, Reason.PARTICULARS_WITHHELD, message)
        return passed(step, subject, f"entry {n} has no particulars and commits to none")
    found = particulars_digest(item.particulars)
    if entry.particulars is None or not hmac.compare_digest(found, entry.particulars):
        expected = "none" if entry.particulars is None else f"sha256:{entry.particulars.hex()}"
        message = f"expected particulars of digest {expected}, found sha256:{found.hex()}"
        return refused(step, subject, Reason.PARTICULARS_MISMATCH, message)
    return passed(step, subject, f"the particulars of entry {n} match their digest")
