"""Cases of entries: steps 2 to 5."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from evidence.entry import Mode, encode_entry
from evidence.envelope import ENTRY_TYP, sign_envelope
from evidence.keys import Algorithm, PrivateKeySigner, PublicKey
from tests.vector_cases.case import (
    CONTENT,
    Case,
    case,
    one_entry,
    two_entries,
    with_entry,
    with_log_key,
    with_signers,
)
from tests.world import START, World, deposited, original_added

STREAM = "exhibit:00112233445566778899aabbccddeeff"


def cases() -> Iterator[Case]:
    """Yield every case of this module."""
    yield from _trust()
    yield from _signatures()
    yield from _streams()
    yield from _particulars()


class _Forger:
    """Signs something else than it is given, in the name of another signer."""

    def __init__(self, victim: PrivateKeySigner) -> None:
        self._victim = victim

    @property
    def algorithm(self) -> Algorithm:
        return self._victim.algorithm

    @property
    def kid(self) -> str:
        return self._victim.kid

    @property
    def public_key(self) -> PublicKey:
        return self._victim.public_key

    def sign(self, message: bytes) -> bytes:
        return self._victim.sign(b"something else")


def _trust() -> Iterator[Case]:
    world, stream = one_entry()
    why = "The trust root knows another log only; what needs its key cannot be decided."
    trust = with_log_key(world.trust_root(), origin="other.example/log")
    yield case("log_unknown_indeterminate", why, world, world.bundle(stream), trust=trust)


def _signatures() -> Iterator[Case]:
    world = World()
    stream = world.deposit(CONTENT, signers=(_Forger(world.notary),))
    world.anchor()
    why = "The signature names a trusted key but does not verify under it."
    yield case("signature_invalid_fail", why, world, world.bundle(stream))

    world = World()
    stream = world.deposit(CONTENT, signers=(world.notary, _Forger(world.depositor)))
    world.anchor()
    why = "The first signature verifies, the second does not: every signature present must."
    yield case("second_signature_invalid_fail", why, world, world.bundle(stream))

    world = World()
    stranger = World(seed="stranger").notary
    stream = world.deposit(CONTENT, signers=(stranger,))
    world.anchor()
    why = "The signature is by a key that the trust root does not name."
    yield case("signer_unknown_indeterminate", why, world, world.bundle(stream))

    world = World()
    stream = world.deposit(CONTENT, signers=(stranger, _Forger(world.notary)))
    world.anchor()
    why = "One key is unknown and the signature of a known one does not verify: the latter decides."
    yield case("signer_unknown_and_signature_invalid_fail", why, world, world.bundle(stream))

    world, stream = one_entry()
    bundle = world.bundle(stream)
    for name, why, changes in (
        (
            "signer_retired_indeterminate",
            "The key of the signer was given up the day before.",
            {"not_after": START - timedelta(days=1)},
        ),
        (
            "signer_not_yet_in_use_indeterminate",
            "The key of the signer came into use the day after.",
            {"not_before": START + timedelta(days=1)},
        ),
    ):
        trust = with_signers(world.trust_root(), **changes)
        yield case(name, why, world, bundle, trust=trust)

    other, other_stream = two_entries()
    bundle = other.bundle(other_stream)
    why = "The envelopes of the two entries are exchanged."
    first, second = (entry.envelope for entry in bundle.entries)
    bundle = with_entry(with_entry(bundle, 0, envelope=second), 1, envelope=first)
    yield case("envelopes_exchanged_fail", why, other, bundle)

    world, stream = one_entry()
    bundle = world.bundle(stream)
    envelope = bundle.entries[0].envelope
    payload = envelope.payload.replace(b'"PARTIES"', b'"PUBLIC"')
    why = "The confidentiality was changed after signing."
    bundle = with_entry(bundle, 0, envelope=replace(envelope, payload=payload))
    yield case("payload_changed_fail", why, world, bundle)


def _streams() -> Iterator[Case]:
    world = World()
    entry = world.next_entry(STREAM, deposited(CONTENT, Mode.FILE), None)
    payload = encode_entry(entry).replace(b'"DEPOSITED"', b'"DESTROYED"')
    world.append(entry, sign_envelope(payload, (world.notary,), ENTRY_TYP), None)
    world.anchor()
    why = "The notary signed something that is not an entry: its event does not exist."
    yield case("entry_malformed_fail", why, world, world.bundle(STREAM))

    world, stream = two_entries()
    why = "The first entry was left out; the second stands alone."
    last = world.entries_of(stream)[1:]
    yield case("first_entry_omitted_fail", why, world, world.bundle_of(stream, last))

    for name, why, changes in (
        (
            "link_broken_fail",
            "The second entry does not link to the leaf hash of the first.",
            {"previous": bytes(32)},
        ),
        ("sequence_gap_fail", "The second entry has the sequence 2.", {"sequence": 2}),
        (
            "recorded_backwards_fail",
            "The second entry was recorded before the first.",
            {"recorded_at": START - timedelta(seconds=1)},
        ),
        (
            "entry_of_another_log_fail",
            "The second entry was written for another log.",
            {"log": "other.example/log"},
        ),
        (
            "entry_of_another_stream_fail",
            "The second entry belongs to the stream of another exhibit.",
            {"stream": "exhibit:" + "f" * 32},
        ),
    ):
        yield _second_entry(name, why, mode=Mode.DIGESTS, content=CONTENT, **changes)
    yield _second_entry(
        "link_and_event_fail",
        "The second entry does not link to the first and is a deposit again: the former decides.",
        mode=Mode.FILE,
        content=CONTENT,
        previous=bytes(32),
        payload=deposited(CONTENT, Mode.FILE),
    )
    yield _second_entry(
        "another_stream_and_link_fail",
        "The second entry is the second of another exhibit's stream: it links to another entry.",
        mode=Mode.DIGESTS,
        content=CONTENT,
        previous=bytes(32),
        stream="exhibit:" + "f" * 32,
    )
    yield _other_log_before_malformed()
    yield _second_entry(
        "original_after_file_fail",
        "The original is added to a deposit whose file the notary already held.",
        mode=Mode.FILE,
        content=CONTENT,
    )
    yield _second_entry(
        "original_of_other_content_fail",
        "The original that is added is not the content whose digests were deposited.",
        mode=Mode.DIGESTS,
        content=b"other content\n",
    )
    yield _second_entry(
        "deposited_twice_fail",
        "The second entry is a deposit again.",
        mode=Mode.FILE,
        content=CONTENT,
        payload=deposited(CONTENT, Mode.FILE),
    )


def _other_log_before_malformed() -> Case:
    """Return the case of two entries that each break a rule."""
    world = World()
    honest = world.next_entry(STREAM, deposited(CONTENT, Mode.DIGESTS), None)
    world.record(replace(honest, log="other.example/log"), None)
    entry = world.next_entry(STREAM, original_added(CONTENT), None)
    payload = encode_entry(entry).replace(b'"ORIGINAL_ADDED"', b'"DESTROYED"')
    world.append(entry, sign_envelope(payload, (world.notary,), ENTRY_TYP), None)
    world.anchor()
    why = (
        "The first entry was written for another log and the second is none: the reason is that "
        "of the first."
    )
    return case("entry_of_another_log_before_malformed_fail", why, world, world.bundle(STREAM))


def _second_entry(name: str, why: str, *, mode: Mode, content: bytes, **changes: Any) -> Case:
    """Return the case of a stream whose second entry differs from an honest one by `changes`."""
    world = World()
    world.fill(1)
    stream = world.deposit(CONTENT, mode=mode)
    honest = world.next_entry(stream, original_added(content), None)
    world.record(replace(honest, **changes), None)
    world.anchor()
    return case(name, why, world, world.bundle_of(stream, world.entries[1:]))


def _particulars() -> Iterator[Case]:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    particulars = bundle.entries[0].particulars
    assert particulars is not None
    why = "The file name was changed; the entry commits to another."
    changed = replace(particulars, file_name="收据.pdf")
    yield case("particulars_changed_fail", why, world, with_entry(bundle, 0, particulars=changed))
    why = "The particulars were withheld or erased; the entry commits to some."
    yield case(
        "particulars_withheld_indeterminate", why, world, with_entry(bundle, 0, particulars=None)
    )

    world = World()
    stream = world.deposit(CONTENT, with_particulars=False)
    world.anchor()
    why = "Particulars are given, but the entry commits to none."
    bundle = with_entry(world.bundle(stream), 0, particulars=particulars)
    yield case("particulars_not_committed_fail", why, world, bundle)
