"""Cases that pass: each shows one thing that a bundle may look like."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from evidence.entry import Mode
from tests.consortium import resealed
from tests.vector_cases.case import (
    CONTENT,
    Case,
    case,
    one_entry,
    proof_of,
    two_entries,
    with_anchor,
    with_proof,
)
from tests.world import World
from verifier.trust import TimestampRoot, TrustRoot


def cases() -> Iterator[Case]:
    """Yield every case of this module."""
    yield from _deposits()
    yield from _streams()
    yield from _anchors()


def _deposits() -> Iterator[Case]:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    yield case("one_validator", "A file, deposited among others; one validator.", world, bundle)

    world, stream = one_entry(validators=4)
    bundle = world.bundle(stream)
    yield case("four_validators", "The same; four validators, three seals.", world, bundle)

    world = World()
    stream = world.deposit(CONTENT)
    world.anchor()
    why = "The only leaf of its log: the inclusion proof is empty and the leaf is the root."
    yield case("only_leaf", why, world, world.bundle(stream))

    world = World()
    stream = world.deposit(CONTENT, mode=Mode.DIGESTS)
    world.fill(2)
    world.anchor()
    why = "Digests only: the notary never saw the file and recorded no CID."
    yield case("digests_only", why, world, world.bundle(stream))

    world = World()
    world.fill(1)
    stream = world.deposit(CONTENT, with_particulars=False)
    world.anchor()
    why = "No particulars are given and none were committed."
    yield case("without_particulars", why, world, world.bundle(stream))

    world = World()
    world.fill(3)
    stream = world.deposit(CONTENT, claimed_at=world.now - timedelta(days=400))
    world.anchor()
    why = "The actor claims a time long before the deposit: a statement, with no effect on steps."
    yield case("claimed_time", why, world, world.bundle(stream))

    world = World()
    stream = world.deposit(CONTENT, signers=(world.depositor, world.notary))
    world.fill(1)
    world.anchor()
    why = "Two signatures: ES256 of the depositor and Ed25519 of the notary."
    yield case("two_signatures", why, world, world.bundle(stream))


def _streams() -> Iterator[Case]:
    world, stream = two_entries()
    why = (
        "Two entries under two anchors with a consistency proof between them, and a head proof "
        "of the last block; four validators."
    )
    yield case("two_entries_two_anchors", why, world, world.bundle(stream))

    world = World()
    stream = world.deposit(CONTENT, mode=Mode.DIGESTS)
    world.fill(3)
    world.add_original(stream, CONTENT)
    world.anchor()
    why = "Two entries under one anchor, with the head in the same block."
    yield case("two_entries_one_anchor", why, world, world.bundle(stream))

    world, stream = two_entries()
    first = world.entries_of(stream)[:1]
    why = (
        "The first entry only, with the head proof of a block before the second was anchored: "
        "complete as of that block, which is what the report says."
    )
    bundle = world.bundle_of(stream, first, head_height=1)
    yield case("complete_as_of_an_older_block", why, world, bundle)


def _anchors() -> Iterator[Case]:
    world, stream = one_entry(validators=4)
    bundle = world.bundle(stream)
    header = resealed(proof_of(bundle.anchors[0]).header, world.consortium.keys)
    bundle = with_proof(bundle, 0, header=header)
    why = "All four validators sealed the block: more seals than needed."
    yield case("all_validators_seal", why, world, bundle)

    world, stream = one_entry()
    bundle = world.bundle(stream)
    other = world.new_authority("another tsa")
    tokens = (*bundle.anchors[0].tokens, other.stamp(bundle.anchors[0].checkpoint.encode()))
    trust = world.trust_root()
    second_root = TimestampRoot(name="Another TSA", certificate=other.root_certificate)
    trust = replace(trust, timestamp_authorities=(*trust.timestamp_authorities, second_root))
    why = "Two tokens, of two authorities, over the same checkpoint."
    bundle = with_anchor(bundle, 0, tokens=tokens)
    yield case("two_tokens", why, world, bundle, trust=trust)

    world = World()
    for _ in range(4):
        world.consortium.mine(world.now)
    stream = world.deposit(CONTENT)
    world.anchor()
    why = "The validators changed at block 5, where the anchor is; those of block 5 sealed it."
    trust = _with_former_validators(world, last_block=4)
    yield case("validators_of_the_block", why, world, world.bundle(stream), trust=trust)

    world = World()
    stream = world.deposit(CONTENT)
    world.advance(-100)
    world.anchor()
    why = "The clock of the notary was fast by less than the tolerance of 120 s."
    yield case("clocks_within_tolerance", why, world, world.bundle(stream))

    world, stream = one_entry()
    why = "A moment of verification is given, and nothing lies after it."
    yield case("verified_later", why, world, world.bundle(stream), now=world.now)


def _with_former_validators(world: World, *, last_block: int) -> TrustRoot:
    """Return the trust root of `world` with other validators in office up to `last_block`."""
    trust = world.trust_root()
    stranger = World(seed="former").consortium.addresses[0]
    now = trust.ledger.validator_sets[0]
    former = replace(
        now,
        to_block=last_block,
        validators=(replace(now.validators[0], address=stranger),),
    )
    sets = (former, replace(now, from_block=last_block + 1))
    return replace(trust, ledger=replace(trust.ledger, validator_sets=sets))
