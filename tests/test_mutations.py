"""No change of a byte survives: of an accepted bundle or exhibit nothing can be altered unnoticed.

Changes are drawn from a fixed seed: a bit flipped, a byte replaced, inserted or deleted. One small
bundle is gone through byte by byte.
"""

from pathlib import Path
from random import Random

import pytest

from evidence.digests import Measurement, measure_chunks
from scripts.make_vectors import VECTORS
from verifier.report import Status
from verifier.trust import TrustRoot, parse_trust_root
from verifier.verify import verify_bundle

ACCEPTED = (
    "one_validator",
    "only_leaf",
    "digests_only",
    "two_signatures",
    "two_tokens",
    "all_validators_seal",
    "two_entries_two_anchors",
    "complete_as_of_an_older_block",
)


class Sample:
    """An accepted vector."""

    def __init__(self, name: str) -> None:
        directory: Path = VECTORS / name
        self.bundle = (directory / "bundle.evidence.json").read_bytes()
        self.trust: TrustRoot = parse_trust_root((directory / "trust.json").read_bytes())
        self.exhibit = (directory / "exhibit.bin").read_bytes()
        self.measurement: Measurement = measure_chunks([self.exhibit])

    def status_of(self, bundle: bytes) -> Status:
        return verify_bundle(bundle, self.trust, exhibit=self.measurement).status

    def status_beside(self, exhibit: bytes) -> Status:
        return verify_bundle(self.bundle, self.trust, exhibit=measure_chunks([exhibit])).status


SAMPLES = [Sample(name) for name in ACCEPTED]


def mutated(raw: bytes, random: Random) -> bytes:
    """Return `raw` with one byte changed, inserted or deleted."""
    place = random.randrange(len(raw))
    before, byte, after = raw[:place], raw[place], raw[place + 1 :]
    match random.randrange(4):
        case 0:
            return before + bytes((byte ^ (1 << random.randrange(8)),)) + after
        case 1:
            return before + bytes(((byte + random.randrange(1, 256)) % 256,)) + after
        case 2:
            return before + random.randbytes(1) + bytes((byte,)) + after
        case _:
            return before + after


def surviving_bundle_mutations(count: int, seed: int) -> list[bytes]:
    """Return those of `count` mutated bundles that still pass."""
    random = Random(seed)
    survivors = []
    for n in range(count):
        sample = SAMPLES[n % len(SAMPLES)]
        bundle = mutated(sample.bundle, random)
        if sample.status_of(bundle) is Status.PASSED and bundle != sample.bundle:
            survivors.append(bundle)
    return survivors


def test_samples_pass_unchanged() -> None:
    assert {sample.status_of(sample.bundle) for sample in SAMPLES} == {Status.PASSED}


def test_mutated_bundle_never_passes() -> None:
    assert surviving_bundle_mutations(500, seed=1) == []


@pytest.mark.slow
def test_ten_thousand_mutated_bundles_never_pass() -> None:
    assert surviving_bundle_mutations(10_000, seed=2) == []


@pytest.mark.slow
def test_no_byte_of_a_bundle_can_be_changed() -> None:
    sample = min(SAMPLES, key=lambda each: len(each.bundle))
    random = Random(3)
    survivors = []
    for place, byte in enumerate(sample.bundle):
        other = bytes(((byte + random.randrange(1, 256)) % 256,))
        bundle = sample.bundle[:place] + other + sample.bundle[place + 1 :]
        if sample.status_of(bundle) is Status.PASSED:
            survivors.append(place)
    assert survivors == []


def test_mutated_exhibit_never_passes() -> None:
    random = Random(4)
    for n in range(200):
        sample = SAMPLES[n % len(SAMPLES)]
        exhibit = mutated(sample.exhibit, random)
        if exhibit != sample.exhibit:
            assert sample.status_beside(exhibit) is Status.FAILED
