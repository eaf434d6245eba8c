"""The numbered procedure of section 15 of docs/format.md: from a bundle to a report.

Owns the order of the steps, what one step hands to the next, and what follows from the findings:
the time by which the exhibit existed, and what was not checked. Leaves each step to `checks`, the
words of the report to `report`, reading files to the command line, and fetching anything to nobody.

    from verifier.trust import parse_trust_root
    from verifier.verify import verify_bundle

    report = verify_bundle(bundle_bytes, parse_trust_root(trust_bytes), exhibit=measurement)

Material that is wrong in whatever way gives findings, never an exception.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from evidence.digests import Measurement
from evidence.entry import Entry
from evidence.envelope import encode_envelope
from evidence.merkle import leaf_hash
from evidence.timestamp import TokenTime
from verifier.checks.entries import check_particulars, check_signatures, check_stream
from verifier.checks.files import check_bundle, check_exhibit, check_trust, lacking_bundle
from verifier.checks.findings import anchor_subject, entry_subject
from verifier.checks.ledger import check_anchor, check_completeness
from verifier.checks.log import (
    check_checkpoint,
    check_consistency,
    check_inclusion,
    check_log_key_period,
)
from verifier.checks.times import (
    AnchorTimes,
    TrustedBlock,
    check_times,
    check_timestamp,
    existed_by,
    whole_milliseconds,
)
from verifier.report import (
    Finding,
    NotChecked,
    Report,
    Status,
    Step,
    TimeKind,
    TimeSource,
    worst,
)
from verifier.trust import Assurance, TrustRoot

_NEVER_CHECKED = (
    NotChecked.CONTENT_TRUTH,
    NotChecked.BEFORE_DEPOSIT,
    NotChecked.LAWFULNESS,
    NotChecked.RELEVANCE,
    NotChecked.AUTHORSHIP,
)


def verify_bundle(
    unverified_bundle: bytes,
    trust: TrustRoot,
    *,
    exhibit: Measurement | None = None,
    now: datetime | None = None,
) -> Report:
    """Return what the bundle shows to somebody who believes `trust`.

    `exhibit` is the measured file, None where there is none. `now` is the moment of verification,
    an aware time; None leaves out the check that no time lies in the future.
    """
    # 1. bundle
    bundle_finding, bundle = check_bundle(unverified_bundle)
    if bundle is None:
        return _report_without_bundle(bundle_finding, trust, exhibit)
    items, anchors = bundle.entries, bundle.anchors
    leaves = [leaf_hash(encode_envelope(item.envelope)) for item in items]

    # 2. trust
    trust_finding, log_key = check_trust(bundle.log, trust)

    # 4. stream: before step 3, which needs the time at which an entry was recorded
    stream_finding, stream = check_stream(bundle, leaves)
    entries = stream.entries

    # 3. signatures
    signature_findings = [
        check_signatures(n, item, entries[n], trust) for n, item in enumerate(items)
    ]

    # 5. particulars
    particulars_findings = [check_particulars(n, item, entries[n]) for n, item in enumerate(items)]

    # 6. checkpoint, except for the period of the log key
    signed = [check_checkpoint(n, anchor, bundle.log, log_key) for n, anchor in enumerate(anchors)]
    checkpoints = [checkpoint for _, checkpoint in signed]

    # 7. inclusion
    inclusion_findings = [
        check_inclusion(n, item, leaves[n], checkpoints[item.anchor])
        for n, item in enumerate(items)
    ]

    # 8. consistency
    consistency_findings = [
        check_consistency(n, anchors[n], checkpoints[n - 1], checkpoints[n])
        for n in range(1, len(anchors))
    ]

    # 9. timestamp
    stamped = [check_timestamp(n, anchor, trust) for n, anchor in enumerate(anchors)]

    # 10. anchor
    anchored = [
        check_anchor(n, anchor, bundle.log, checkpoints[n], trust)
        for n, anchor in enumerate(anchors)
    ]
    times = [
        AnchorTimes(tokens=tokens, block=block)
        for (_, tokens), (_, block) in zip(stamped, anchored, strict=True)
    ]

    # 6. checkpoint, the rest: the period is held against the times of steps 9 and 10
    checkpoint_findings = [
        check_log_key_period(n, finding, log_key, times[n]) for n, (finding, _) in enumerate(signed)
    ]

    # 11. completeness
    completeness_finding, head_block = check_completeness(
        bundle, stream, leaves[-1], times[-1].block, trust
    )

    # 12. times
    times_findings = [
        check_times(
            n,
            entries[n],
            times[item.anchor],
            times[item.anchor - 1] if item.anchor > 0 else None,
            now,
            head_block if n == len(items) - 1 else None,
        )
        for n, item in enumerate(items)
    ]

    # 13. exhibit
    exhibit_finding = check_exhibit(stream, exhibit)

    findings = (
        bundle_finding,
        trust_finding,
        *signature_findings,
        stream_finding,
        *particulars_findings,
        *checkpoint_findings,
        *inclusion_findings,
        *consistency_findings,
        *(finding for finding, _ in stamped),
        *(finding for finding, _ in anchored),
        completeness_finding,
        *times_findings,
        exhibit_finding,
    )
    first = entries[0]
    is_included = inclusion_findings[0].status is Status.PASSED
    return Report(
        status=worst(finding.status for finding in findings),
        assurance=trust.assurance,
        trust_name=trust.name,
        log=bundle.log,
        stream=bundle.stream,
        exhibit=None if first is None else first.payload.exhibit,
        findings=findings,
        existed_by=_existed_by(first, times[items[0].anchor]) if is_included else None,
        not_before=None,
        time_sources=(*_statements(entries), *_established(times, head_block)),
        not_checked=_not_checked(trust, exhibit),
    )


def _report_without_bundle(
    finding: Finding, trust: TrustRoot, exhibit: Measurement | None
) -> Report:
    """Return the report on bytes that are no bundle: no later step could be carried out."""
    later = (step for step in Step if step is not Step.BUNDLE)
    findings = (finding, *map(lacking_bundle, later))
    return Report(
        status=worst(each.status for each in findings),
        assurance=trust.assurance,
        trust_name=trust.name,
        log=None,
        stream=None,
        exhibit=None,
        findings=findings,
        existed_by=None,
        not_before=None,
        time_sources=(),
        not_checked=_not_checked(trust, exhibit),
    )


def _existed_by(first: Entry | None, times: AnchorTimes) -> datetime | None:
    """Return the earliest established time of the anchor that covers the entry of sequence 0."""
    if first is None or first.sequence != 0:
        return None
    return existed_by(times)


def _statements(entries: Sequence[Entry | None]) -> Iterable[TimeSource]:
    """Yield the times that actors and the notary state."""
    for n, entry in enumerate(entries):
        if entry is None:
            continue
        subject = entry_subject(n)
        if entry.claimed_at is not None:
            yield TimeSource(
                kind=TimeKind.CLAIMED, subject=subject, time=entry.claimed_at, accuracy_s=0
            )
        yield TimeSource(
            kind=TimeKind.RECORDED, subject=subject, time=entry.recorded_at, accuracy_s=0
        )


def _established(
    times: Sequence[AnchorTimes], head_block: TrustedBlock | None
) -> Iterable[TimeSource]:
    """Yield the times that timestamp authorities and validators stand for."""
    for n, each in enumerate(times):
        subject = anchor_subject(n)
        for token in each.tokens:
            yield _token_source(subject, token)
        if each.block is not None:
            yield _block_source(subject, each.block)
    if head_block is not None:
        yield _block_source("head", head_block)


def _token_source(subject: str, token: TokenTime) -> TimeSource:
    return TimeSource(
        kind=TimeKind.TOKEN,
        subject=subject,
        time=whole_milliseconds(token.time),
        accuracy_s=_whole_seconds(token.accuracy),
    )


def _block_source(subject: str, block: TrustedBlock) -> TimeSource:
    return TimeSource(
        kind=TimeKind.BLOCK,
        subject=subject,
        time=block.time,
        accuracy_s=_whole_seconds(block.latest - block.time),
    )


def _whole_seconds(span: timedelta) -> int:
    """Return `span`, rounded up."""
    return -(-span // timedelta(seconds=1))


def _not_checked(trust: TrustRoot, exhibit: Measurement | None) -> tuple[NotChecked, ...]:
    codes = list(_NEVER_CHECKED)
    if exhibit is None:
        codes.append(NotChecked.EXHIBIT)
    if trust.assurance is Assurance.SANDBOX:
        codes.append(NotChecked.ORGANISATIONS_INDEPENDENCE)
    return tuple(codes)
