"""The checks one by one, at the edges that the vectors do not reach.

Which material gives which reason is shown by `tests/vectors`; here stand tolerances, the choice
among several reasons, and what happens without a value of an earlier step.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence.bundle import MAX_BUNDLE_BYTES, Bundle, encode_bundle
from evidence.digests import measure_chunks
from evidence.entry import Entry, parse_entry
from evidence.envelope import encode_envelope
from evidence.merkle import leaf_hash
from evidence.timestamp import TokenTime
from notary.anchoring.tsa import DemoTimestampAuthority
from tests.vector_cases.case import (
    CONTENT,
    one_entry,
    two_entries,
    with_anchor,
    with_entry,
    with_log_key,
)
from tests.world import START, World
from verifier.checks.entries import ReadStream, check_particulars, check_signatures, check_stream
from verifier.checks.files import check_bundle, check_exhibit
from verifier.checks.ledger import check_anchor, check_completeness
from verifier.checks.log import (
    check_checkpoint,
    check_consistency,
    check_inclusion,
    check_log_key_period,
)
from verifier.checks.times import TOLERANCE, AnchorTimes, TrustedBlock, check_times, check_timestamp
from verifier.report import Finding, Reason, Status, Step
from verifier.trust import TimestampRoot

SECOND = timedelta(seconds=1)
NOTHING = AnchorTimes(tokens=(), block=None)


def times(*, token: datetime | None = None, block: datetime | None = None) -> AnchorTimes:
    """Return the established times of an anchor."""
    tokens = [] if token is None else [TokenTime(time=token, accuracy=SECOND, authority="TSA")]
    return AnchorTimes(
        tokens=tuple(tokens), block=None if block is None else TrustedBlock(height=7, time=block)
    )


def an_entry() -> Entry:
    """Return an entry recorded at START."""
    world, stream = one_entry()
    return replace(world.entries_of(stream)[0].entry, recorded_at=START)


def read(bundle: Bundle) -> tuple[ReadStream, list[bytes]]:
    """Return the stream of a bundle and its leaf hashes."""
    leaves = [leaf_hash(encode_envelope(item.envelope)) for item in bundle.entries]
    return check_stream(bundle, leaves)[1], leaves


def outcome(finding: Finding) -> Reason | Status:
    return finding.reason or finding.status


# 1 bundle


def test_bundle_above_the_limit_is_too_large() -> None:
    finding, bundle = check_bundle(b" " * (MAX_BUNDLE_BYTES + 1))
    assert (finding.status, finding.reason) == (Status.FAILED, Reason.BUNDLE_TOO_LARGE)
    assert bundle is None


def test_bytes_at_the_limit_are_read() -> None:
    finding, _ = check_bundle(b" " * MAX_BUNDLE_BYTES)
    assert finding.reason is Reason.BUNDLE_MALFORMED


# 3 signatures


def test_signature_over_an_unreadable_entry_is_not_decided() -> None:
    world, stream = one_entry()
    item = world.bundle(stream).entries[0]
    finding = check_signatures(0, item, None, world.trust_root())
    assert finding.reason is Reason.PREREQUISITE_FAILED


def test_period_of_every_signer_counts() -> None:
    world = World()
    stream = world.deposit(CONTENT, signers=(world.notary, world.depositor))
    world.anchor()
    item = world.bundle(stream).entries[0]
    entry = parse_entry(item.envelope.payload)
    trust = world.trust_root()
    assert check_signatures(0, item, entry, trust).status is Status.PASSED
    notary, depositor = trust.signers
    retired = replace(depositor, not_after=entry.recorded_at - SECOND)
    finding = check_signatures(0, item, entry, replace(trust, signers=(notary, retired)))
    assert finding.reason is Reason.SIGNER_OUT_OF_PERIOD
    assert "'Example depositor'" in finding.detail


# 4 stream


def test_unreadable_entry_keeps_its_place_in_the_stream() -> None:
    world, stream = two_entries()
    bundle = world.bundle(stream)
    envelope = replace(bundle.entries[0].envelope, payload=b"{}")
    bundle = with_entry(bundle, 0, envelope=envelope)
    found, _ = read(bundle)
    assert not found.is_established
    assert found.entries[0] is None
    assert found.entries[1] == world.entries_of(stream)[1].entry


def test_first_of_several_unreadable_entries_is_named() -> None:
    world, stream = two_entries()
    bundle = world.bundle(stream)
    for n in range(2):
        envelope = replace(bundle.entries[n].envelope, payload=b"{}")
        bundle = with_entry(bundle, n, envelope=envelope)
    leaves = [leaf_hash(encode_envelope(item.envelope)) for item in bundle.entries]
    finding, _ = check_stream(bundle, leaves)
    assert finding.reason is Reason.ENTRY_MALFORMED
    assert finding.detail.startswith("entry 0: ")


# 5 particulars


def test_particulars_of_an_unreadable_entry_are_not_decided() -> None:
    world, stream = one_entry()
    item = world.bundle(stream).entries[0]
    assert check_particulars(0, item, None).reason is Reason.PREREQUISITE_FAILED


# 6 checkpoint


def test_checkpoint_is_read_even_where_the_log_is_unknown() -> None:
    world, stream = one_entry()
    anchor = world.bundle(stream).anchors[0]
    undecided, checkpoint = check_checkpoint(0, anchor, world.origin, None)
    assert (undecided.reason, checkpoint) == (Reason.PREREQUISITE_FAILED, None)
    broken = replace(anchor, checkpoint="nonsense")
    assert check_checkpoint(0, broken, world.origin, None)[0].reason is (
        Reason.CHECKPOINT_MALFORMED
    )


@pytest.mark.parametrize(
    ("anchor_times", "expected"),
    [
        (times(token=START), Status.PASSED),
        (times(block=START), Status.PASSED),
        (times(token=START, block=START + 2 * SECOND), Status.PASSED),
        (times(token=START + 2 * SECOND, block=START), Reason.LOG_KEY_OUT_OF_PERIOD),
        (times(token=START + SECOND), Status.PASSED),
        (times(token=START + SECOND + timedelta(milliseconds=1)), Reason.LOG_KEY_OUT_OF_PERIOD),
        (times(block=START + 2 * SECOND), Reason.LOG_KEY_OUT_OF_PERIOD),
        (NOTHING, Reason.LOG_KEY_OUT_OF_PERIOD),
    ],
)
def test_period_of_the_log_key_is_held_against_token_else_block(
    anchor_times: AnchorTimes, expected: Reason | Status
) -> None:
    world, stream = one_entry()
    trust = with_log_key(world.trust_root(), not_after=START + SECOND)
    key = trust.logs[0]
    signed, _ = check_checkpoint(0, world.bundle(stream).anchors[0], world.origin, key)
    assert outcome(check_log_key_period(0, signed, key, anchor_times)) is expected


def test_period_of_the_log_key_leaves_a_refused_checkpoint_refused() -> None:
    world, stream = one_entry()
    key = world.trust_root().logs[0]
    anchor = replace(world.bundle(stream).anchors[0], checkpoint="nonsense")
    refused, _ = check_checkpoint(0, anchor, world.origin, key)
    assert check_log_key_period(0, refused, key, NOTHING) is refused


# 7 and 8 inclusion and consistency


def test_inclusion_without_a_checkpoint_is_not_decided() -> None:
    world, stream = one_entry()
    item = world.bundle(stream).entries[0]
    finding = check_inclusion(0, item, bytes(32), None)
    assert finding.reason is Reason.PREREQUISITE_FAILED


def test_consistency_needs_both_checkpoints() -> None:
    world, stream = two_entries()
    anchors = world.bundle(stream).anchors
    earlier, later = (logged.checkpoint for logged in world.anchors)
    assert check_consistency(1, anchors[1], earlier, later).status is Status.PASSED
    for pair in ((None, later), (earlier, None)):
        finding = check_consistency(1, anchors[1], *pair)
        assert finding.reason is Reason.PREREQUISITE_FAILED


def test_shrinking_tree_is_not_consistent() -> None:
    world, stream = two_entries()
    anchor = world.bundle(stream).anchors[1]
    earlier, later = (logged.checkpoint for logged in world.anchors)
    finding = check_consistency(1, anchor, later, earlier)
    assert finding.reason is Reason.CONSISTENCY_INVALID
    assert finding.detail == "expected a tree of more than 9 leaves, found 5"


# 9 timestamp


def test_first_reason_of_several_tokens_is_given_and_the_good_token_kept() -> None:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    note = bundle.anchors[0].checkpoint.encode()
    (good,) = bundle.anchors[0].tokens
    stranger = World(seed="stranger").authority.stamp(note)
    elsewhere = world.authority.stamp(b"other")
    trust = world.trust_root()
    for tokens, reason in (
        ((stranger, good), Reason.TSA_UNKNOWN),
        ((stranger, good, elsewhere), Reason.TOKEN_OF_ANOTHER_CHECKPOINT),
        ((stranger, b"", elsewhere, good), Reason.TOKEN_MALFORMED),
    ):
        anchor = replace(bundle.anchors[0], tokens=tokens)
        finding, established = check_timestamp(0, anchor, trust)
        assert (finding.reason, len(established)) == (reason, 1)


def authority_for_ever(now: datetime) -> DemoTimestampAuthority:
    """Return an authority whose certificates never run out, at a time of our choice."""
    root_key, key = (ec.derive_private_key(n, ec.SECP256R1()) for n in (11, 12))
    root_name, name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in ("R", "S")
    )

    def certificate(
        subject: x509.Name, public_key: ec.EllipticCurvePublicKey, serial: int, *, ca: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder(root_name, subject, public_key)
            .serial_number(serial)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(stamping, critical=True)
        return builder.sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)

    return DemoTimestampAuthority(
        root_certificate=certificate(root_name, root_key.public_key(), 1, ca=True),
        signing_key=key,
        signing_certificate=certificate(name, key.public_key(), 2, ca=False),
        clock=lambda: now,
        new_serial=lambda: 1,
    )


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (datetime(9998, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), Status.PASSED),
        (datetime(9999, 1, 1, tzinfo=UTC), Reason.TOKEN_INVALID),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), Reason.TOKEN_INVALID),
    ],
)
def test_token_time_leaves_room_in_the_calendar(time: datetime, expected: Reason | Status) -> None:
    world, stream = one_entry()
    authority = authority_for_ever(time)
    trust = replace(
        world.trust_root(),
        timestamp_authorities=(TimestampRoot(name="R", certificate=authority.root_certificate),),
    )
    anchor = world.bundle(stream).anchors[0]
    anchor = replace(anchor, tokens=(authority.stamp(anchor.checkpoint.encode()),))
    finding, _ = check_timestamp(0, anchor, trust)
    assert outcome(finding) is expected


# 10 anchor


def test_anchor_is_verified_as_far_as_possible_without_a_checkpoint() -> None:
    world, stream = one_entry()
    anchor = world.bundle(stream).anchors[0]
    trust = world.trust_root()
    finding, block = check_anchor(0, anchor, world.origin, None, trust)
    assert (finding.reason, block) == (Reason.PREREQUISITE_FAILED, None)
    assert anchor.proof is not None
    broken = replace(anchor, proof=replace(anchor.proof, receipt_nodes=()))
    finding, _ = check_anchor(0, broken, world.origin, None, trust)
    assert finding.reason is Reason.RECEIPT_INVALID


def test_anchor_names_the_operators_that_sealed() -> None:
    world, stream = one_entry(validators=4)
    anchor = world.bundle(stream).anchors[0]
    finding, block = check_anchor(
        0, anchor, world.origin, world.anchors[0].checkpoint, world.trust_root()
    )
    assert block == TrustedBlock(height=1, time=datetime(2026, 1, 31, 8, 0, 6, tzinfo=UTC))
    assert "Court of Exampleton, Forensic Institute of Exampleton" in finding.detail


# 11 completeness


def test_completeness_needs_the_stream_and_the_last_anchor() -> None:
    world, stream = two_entries()
    bundle = world.bundle(stream)
    good, leaves = read(bundle)
    broken = replace(good, is_established=False)
    block = TrustedBlock(height=2, time=START)
    trust = world.trust_root()

    def reason(found: ReadStream, last_leaf: bytes, last_anchor: TrustedBlock | None) -> object:
        return outcome(check_completeness(bundle, found, last_leaf, last_anchor, trust)[0])

    assert reason(good, leaves[-1], block) is Status.PASSED
    assert reason(broken, leaves[-1], block) is Reason.PREREQUISITE_FAILED
    assert reason(good, leaves[-1], None) is Reason.PREREQUISITE_FAILED
    # What can be decided without them is decided.
    later = replace(block, height=4)
    assert reason(broken, leaves[-1], later) is Reason.HEAD_OLDER_THAN_ANCHOR
    assert reason(good, leaves[0], None) is Reason.HEAD_MISMATCH


def test_head_of_the_block_of_the_last_anchor_is_new_enough() -> None:
    world, stream = two_entries()
    bundle = world.bundle(stream, head_height=2)
    found, leaves = read(bundle)
    for height, expected in ((2, Status.PASSED), (3, Reason.HEAD_OLDER_THAN_ANCHOR)):
        block = TrustedBlock(height=height, time=START)
        finding, _ = check_completeness(bundle, found, leaves[-1], block, world.trust_root())
        assert outcome(finding) is expected


# 12 times

LATER = START + 2 * SECOND
LIMIT = TOLERANCE
TOO_MUCH = LIMIT + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("now_times", "before", "now", "expected"),
    [
        (times(token=START, block=START), None, None, Status.PASSED),
        (times(token=START - LIMIT, block=START), None, None, Status.PASSED),
        (times(token=START - TOO_MUCH, block=START), None, None, Reason.TIMES_CONTRADICT),
        (times(token=START + LIMIT, block=START), None, None, Status.PASSED),
        (times(token=START + TOO_MUCH, block=START), None, None, Reason.TIMES_CONTRADICT),
        # Without a token the block alone must not precede the record.
        (times(block=START - LIMIT), None, None, Reason.TIMES_MISSING),
        (times(block=START - TOO_MUCH), None, None, Reason.TIMES_CONTRADICT),
        (times(token=START), None, None, Reason.TIMES_MISSING),
        (NOTHING, None, None, Reason.TIMES_MISSING),
        # The anchor before.
        (times(token=START, block=START), times(block=START + LIMIT), None, Status.PASSED),
        (
            times(token=START, block=START),
            times(block=START + TOO_MUCH),
            None,
            Reason.TIMES_CONTRADICT,
        ),
        (
            times(token=START, block=START),
            times(token=START + TOO_MUCH),
            None,
            Reason.TIMES_CONTRADICT,
        ),
        (times(token=START, block=START), NOTHING, None, Status.PASSED),
        # The moment of verification.
        (times(token=START, block=LATER), None, LATER - LIMIT, Status.PASSED),
        (times(token=START, block=LATER), None, LATER - TOO_MUCH, Reason.TIMES_CONTRADICT),
    ],
)
def test_times_follow_one_another_within_the_tolerance(
    now_times: AnchorTimes,
    before: AnchorTimes | None,
    now: datetime | None,
    expected: Reason | Status,
) -> None:
    assert outcome(check_times(0, an_entry(), now_times, before, now)) is expected


def test_head_is_neither_before_the_anchor_nor_in_the_future() -> None:
    entry, good = an_entry(), times(token=START, block=START)
    later = TOLERANCE + timedelta(seconds=1)
    for head_time, expected in (
        (START - TOLERANCE, Status.PASSED),
        (START - later, Reason.TIMES_CONTRADICT),
        (START + TOLERANCE, Status.PASSED),
        (START + later, Reason.TIMES_CONTRADICT),
    ):
        head = TrustedBlock(height=9, time=head_time)
        assert outcome(check_times(0, entry, good, None, START, head)) is expected


def test_times_of_an_unreadable_entry_are_decided_as_far_as_possible() -> None:
    good = times(token=START, block=START)
    assert check_times(0, None, good, None, None).reason is Reason.PREREQUISITE_FAILED
    bad = times(token=START + TOO_MUCH, block=START)
    assert check_times(0, None, bad, None, None).reason is Reason.TIMES_CONTRADICT


def test_times_at_the_ends_of_the_calendar_are_compared() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    entry = replace(an_entry(), recorded_at=first)
    good = times(token=last, block=last)
    assert check_times(0, entry, good, good, last).status is Status.PASSED
    bad = times(token=last, block=first)
    assert check_times(0, entry, bad, good, last).reason is Reason.TIMES_CONTRADICT


# 13 exhibit


def test_exhibit_of_an_unreadable_entry_is_not_decided() -> None:
    nothing = ReadStream(entries=(None,), is_established=False)
    finding = check_exhibit(nothing, measure_chunks([CONTENT]))
    assert finding.reason is Reason.PREREQUISITE_FAILED


def test_cid_of_an_added_original_is_compared() -> None:
    world, stream = two_entries()
    found, _ = read(world.bundle(stream))
    measured = measure_chunks([CONTENT])
    assert check_exhibit(found, measured).status is Status.PASSED
    other = replace(measured, cid=measure_chunks([b"other"]).cid)
    assert check_exhibit(found, other).reason is Reason.EXHIBIT_DIFFERS


# All


def test_sentences_say_what_was_expected_and_found() -> None:
    world, stream = one_entry()
    found, _ = read(world.bundle(stream))
    finding = check_exhibit(found, measure_chunks([CONTENT + b"!"]))
    assert finding.detail == "expected 12 bytes, found 13 bytes"
    assert finding.subject == "exhibit"
    assert finding.step is Step.EXHIBIT


def test_bundle_without_tokens_and_proofs_is_well_formed() -> None:
    world, stream = one_entry()
    bundle = with_anchor(replace(world.bundle(stream), head=None), 0, tokens=(), proof=None)
    finding, found = check_bundle(encode_bundle(bundle))
    assert (finding.status, found) == (Status.PASSED, bundle)
