"""Steps 1, 2 and 13: the three files a verifier is given.

Leaves the form of a bundle to `evidence.bundle` and measuring the exhibit to its reader.
"""

from evidence.bundle import Bundle, BundleTooLargeError, UnknownVersionError, parse_bundle
from evidence.digests import Measurement
from evidence.errors import EvidenceError
from verifier.checks.entries import ReadStream
from verifier.checks.findings import lacking, passed, refused
from verifier.report import Finding, Reason, Step
from verifier.trust import LogKey, TrustRoot


def check_bundle(unverified_bundle: bytes) -> tuple[Finding, Bundle | None]:
    """Step 1: the bytes are a bundle of section 12."""
    try:
        bundle = parse_bundle(unverified_bundle)
    except BundleTooLargeError as error:
        return refused(Step.BUNDLE, "bundle", Reason.BUNDLE_TOO_LARGE, error), None
    except UnknownVersionError as error:
        return refused(Step.BUNDLE, "bundle", Reason.BUNDLE_VERSION_UNKNOWN, error), None
    except EvidenceError as error:
        return refused(Step.BUNDLE, "bundle", Reason.BUNDLE_MALFORMED, error), None
    sizes = f"{len(bundle.entries)} entries and {len(bundle.anchors)} anchors"
    return passed(Step.BUNDLE, "bundle", f"the bundle is well formed, with {sizes}"), bundle


def lacking_bundle(step: Step) -> Finding:
    """Return the finding of a step that comes after a bundle that could not be read."""
    return lacking(step, "bundle", "a bundle")


def check_trust(origin: str, trust: TrustRoot) -> tuple[Finding, LogKey | None]:
    """Step 2: the trust root names the log of the bundle."""
    log_key = trust.log(origin)
    if log_key is None:
        known = ", ".join(log.origin for log in trust.logs) or "none"
        message = f"expected a log of the trust root ({known}), found {origin}"
        return refused(Step.TRUST, "trust", Reason.LOG_UNKNOWN, message), None
    return passed(Step.TRUST, "trust", f"the trust root names the log {origin}"), log_key


def check_exhibit(stream: ReadStream, exhibit: Measurement | None) -> Finding:
    """Step 13: the exhibit is the one that was recorded, in size, digests and CID."""
    step, subject = Step.EXHIBIT, "exhibit"
    if exhibit is None:
        message = "expected the exhibit beside the bundle, found none"
        return refused(step, subject, Reason.EXHIBIT_NOT_GIVEN, message)
    first = stream.entries[0]
    if first is None:
        return lacking(step, subject, "the digests of the exhibit")
    recorded = first.payload.exhibit
    cids = {e.payload.blob.cid for e in stream.entries if e is not None and e.payload.blob}
    pairs: list[tuple[object, object]] = [
        (f"{recorded.size_bytes} bytes", f"{exhibit.size_bytes} bytes"),
        *zip(recorded.digests.texts(), exhibit.digests.texts(), strict=True),
        *((cid, exhibit.cid) for cid in sorted(cids)),
    ]
    for expected, found in pairs:
        if found != expected:
            message = f"expected {expected}, found {found}"
            return refused(step, subject, Reason.EXHIBIT_DIFFERS, message)
    return passed(step, subject, "the exhibit has the recorded size, digests and CID")
