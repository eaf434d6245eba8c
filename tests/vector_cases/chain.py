"""Cases of the chain: steps 10 to 12."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chain.header import BlockHeader, encode_header, parse_header
from chain.qbft import encode_extra_data, parse_extra_data
from evidence.checkpoint import log_id
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
from verifier.trust import TrustRoot

_GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def cases() -> Iterator[Case]:
    """Yield every case of this module."""
    yield from _headers()
    yield from _seals()
    yield from _receipts()
    yield from _extensions()
    yield from _heads()
    yield from _times()


def _headers() -> Iterator[Case]:
    world, stream = one_entry(validators=4)
    bundle = world.bundle(stream)
    header = proof_of(bundle.anchors[0]).header
    why = "A byte follows the header."
    yield case("header_malformed_fail", why, world, with_proof(bundle, 0, header=header + b"\x00"))
    why = "The time of the block is beyond the calendar."
    timeless = resealed(header, world.consortium.keys, timestamp=2**63)
    yield case("block_time_absurd_fail", why, world, with_proof(bundle, 0, header=timeless))
    yield case(
        "anchor_missing_indeterminate",
        "There is no anchor proof.",
        world,
        with_anchor(bundle, 0, proof=None),
    )
    why = "The trust root does not say who the validators of that block were."
    yield case(
        "validators_unknown_indeterminate", why, world, bundle, trust=_in_office_from(world, 2)
    )


def _in_office_from(world: World, block: int) -> TrustRoot:
    """Return the trust root of `world` with its validators in office from a later block on."""
    trust = world.trust_root()
    later = replace(trust.ledger.validator_sets[0], from_block=block)
    return replace(trust, ledger=replace(trust.ledger, validator_sets=(later,)))


def _seals() -> Iterator[Case]:
    world, stream = one_entry(validators=4)
    bundle = world.bundle(stream)
    keys = world.consortium.keys
    header = proof_of(bundle.anchors[0]).header
    stranger = World(seed="stranger", validators=4)
    strangers = stranger.consortium
    parsed = parse_header(header)
    extra = parse_extra_data(parsed.extra_data)
    forged = replace(extra, validators=strangers.addresses)
    unsorted = replace(extra, validators=extra.validators[::-1])
    headers = {
        "seals_too_few_fail": (
            "Two seals of four validators, where three are needed.",
            resealed(header, keys[:2]),
        ),
        "seals_none_fail": ("No seals at all.", resealed(header, ())),
        "seal_twice_fail": (
            "Three seals, two of which are by the same validator.",
            resealed(header, [keys[0], keys[1], keys[1]]),
        ),
        "seal_of_a_stranger_fail": (
            "Three seals, one of which is by no validator.",
            resealed(header, [keys[0], keys[1], strangers.keys[0]]),
        ),
        "validators_forged_fail": (
            "The header names validators of its own, who sealed it. Trusted ones did not.",
            resealed(
                header,
                strangers.keys[:3],
                extra_data=encode_extra_data(forged),
                coinbase=strangers.addresses[0],
            ),
        ),
        "validators_unsorted_fail": (
            "The validators in the header are not in ascending order.",
            resealed(header, keys[:3], extra_data=encode_extra_data(unsorted)),
        ),
        "proposer_unknown_fail": (
            "The coinbase is no validator.",
            resealed(header, keys[:3], coinbase=strangers.addresses[0]),
        ),
        "mix_hash_of_another_consensus_fail": (
            "The mix hash is not that of a BFT header.",
            resealed(header, keys[:3], mix_hash=bytes(32)),
        ),
        "difficulty_of_another_consensus_fail": (
            "The difficulty is 2.",
            resealed(header, keys[:3], difficulty=2),
        ),
        "header_changed_after_sealing_fail": (
            "The time of the block was changed after it was sealed.",
            encode_header(replace(parsed, timestamp=parsed.timestamp - 1)),
        ),
        "round_changed_after_sealing_fail": (
            "The round in the extra data was changed after sealing.",
            encode_header(replace(parsed, extra_data=encode_extra_data(replace(extra, round=1)))),
        ),
        "seal_with_high_s_fail": (
            "A seal in its other form, with s above half the group order.",
            _with_high_s(parsed),
        ),
        "seal_with_wrong_v_fail": (
            "A seal whose last byte is 27 or 28, as wallets write it.",
            _with_wallet_v(parsed),
        ),
        "extra_data_of_another_consensus_fail": (
            "The extra data is not that of QBFT.",
            encode_header(replace(parsed, extra_data=bytes(97))),
        ),
    }
    for name, (why, changed) in headers.items():
        yield case(name, why, world, with_proof(bundle, 0, header=changed))


def _with_first_seal(header: BlockHeader, seal: bytes) -> bytes:
    extra = parse_extra_data(header.extra_data)
    seals = (seal, *extra.seals[1:])
    return encode_header(replace(header, extra_data=encode_extra_data(replace(extra, seals=seals))))


def _with_high_s(header: BlockHeader) -> bytes:
    seal = parse_extra_data(header.extra_data).seals[0]
    high = _GROUP_ORDER - int.from_bytes(seal[32:64], "big")
    return _with_first_seal(header, seal[:32] + high.to_bytes(32, "big") + bytes((seal[64] ^ 1,)))


def _with_wallet_v(header: BlockHeader) -> bytes:
    seal = parse_extra_data(header.extra_data).seals[0]
    return _with_first_seal(header, seal[:64] + bytes((seal[64] + 27,)))


def _receipts() -> Iterator[Case]:
    world, stream = two_entries(validators=1)
    bundle = world.bundle(stream)
    proof = proof_of(bundle.anchors[1])
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "receipt_of_another_tx_fail": (
            "The nodes lead to the receipt of index 1, not to that of index 0.",
            {"transaction_index": 0},
        ),
        "receipt_absent_fail": ("The block has no tx of that index.", {"transaction_index": 9}),
        "receipt_node_surplus_fail": (
            "A node too many stands at the end of the receipt proof.",
            {"receipt_nodes": (*proof.receipt_nodes, proof.receipt_nodes[-1])},
        ),
        "receipt_node_missing_fail": (
            "The last node of the receipt proof is missing.",
            {"receipt_nodes": proof.receipt_nodes[:-1]},
        ),
        "evm_log_of_another_event_fail": (
            "The EVM log at that index is HeadMoved, not Extended.",
            {"log_index": 1},
        ),
        "evm_log_absent_fail": ("The receipt has no EVM log of that index.", {"log_index": 2}),
    }
    for name, (why, change) in changes.items():
        yield case(name, why, world, with_proof(bundle, 1, **change))

    for name, why, forged in (
        ("tx_reverted_fail", "The tx failed: its status is 0.", {"status": 0}),
        ("event_of_another_contract_fail", "Another contract said so.", {"emitter": bytes(20)}),
    ):
        world = World()
        stream = world.deposit(CONTENT)
        world.anchor(**forged)
        yield case(name, why, world, world.bundle(stream))


def _extensions() -> Iterator[Case]:
    for name, why, forged in (
        (
            "extension_of_another_log_fail",
            "The block holds this size and root for another log.",
            {"log_id": log_id("other.example/log")},
        ),
        ("extension_of_another_size_fail", "The block holds a larger size.", {"size": 2}),
        ("extension_of_another_root_fail", "The block holds another root.", {"root": bytes(32)}),
    ):
        world = World()
        stream = world.deposit(CONTENT)
        world.anchor(**forged)
        yield case(name, why, world, world.bundle(stream))

    world, stream = two_entries()
    bundle = world.bundle(stream)
    first, second = (proof_of(anchor) for anchor in bundle.anchors)
    bundle = with_anchor(with_anchor(bundle, 0, proof=second), 1, proof=first)
    why = "The anchor proofs of the two anchors are exchanged."
    yield case("anchor_proofs_exchanged_fail", why, world, bundle)


def _heads() -> Iterator[Case]:
    world, stream = two_entries()
    bundle = world.bundle(stream)
    head = bundle.head
    assert head is not None
    other = world.deposit(b"of another stream")
    world.anchor()
    why = "The second entry was left out; the chain still has its head."
    truncated = world.bundle_of(stream, world.entries_of(stream)[:1])
    yield case("stream_truncated_fail", why, world, truncated)
    why = "The head proof is of the stream of another exhibit."
    swapped = replace(bundle, head=world.head(other))
    yield case("head_of_another_stream_fail", why, world, swapped)
    why = "The head proof is of a block before the last anchor, when the head was another."
    stale = replace(bundle, head=world.head(stream, 1))
    yield case("head_before_last_entry_fail", why, world, stale)
    why = "There is no head proof, so entries may have been left out."
    missing = replace(bundle, head=None)
    yield case("head_missing_indeterminate", why, world, missing)
    heads = {
        "head_storage_node_missing_fail": (
            "The last storage node is missing.",
            replace(head, storage_nodes=head.storage_nodes[:-1]),
        ),
        "head_account_node_missing_fail": (
            "The last account node is missing.",
            replace(head, account_nodes=head.account_nodes[:-1]),
        ),
        "head_node_surplus_fail": (
            "A node too many stands at the end of the storage proof.",
            replace(head, storage_nodes=(*head.storage_nodes, head.storage_nodes[-1])),
        ),
        "head_header_malformed_fail": (
            "The last byte of the header is missing.",
            replace(head, header=head.header[:-1]),
        ),
        "head_seals_too_few_fail": (
            "Two seals of four validators stand under the block of the head proof.",
            replace(head, header=resealed(head.header, world.consortium.keys[:2])),
        ),
    }
    for name, (why, changed) in heads.items():
        yield case(name, why, world, replace(bundle, head=changed))

    world, stream = one_entry()
    world.consortium.mine(world.now)
    why = "The block of the head proof comes after those whose validators are known."
    yield case(
        "head_validators_unknown_indeterminate",
        why,
        world,
        world.bundle(stream),
        trust=_in_office_until(world, 1),
    )

    world = World()
    world.consortium.mine(world.now)
    stream = world.deposit(CONTENT)
    world.anchor()
    why = "The head proof shows that there was no head, but as of a block before the anchor."
    yield case("head_older_than_anchor_fail", why, world, world.bundle(stream, head_height=1))


def _in_office_until(world: World, block: int) -> TrustRoot:
    """Return the trust root of `world` with its validators in office up to a block."""
    trust = world.trust_root()
    earlier = replace(trust.ledger.validator_sets[0], to_block=block)
    return replace(trust, ledger=replace(trust.ledger, validator_sets=(earlier,)))


def _times() -> Iterator[Case]:
    world = World()
    stream = world.deposit(CONTENT)
    world.advance(-200)
    world.anchor()
    why = "The checkpoint was timestamped more than two minutes before the entry was recorded."
    yield case("token_before_recorded_fail", why, world, world.bundle(stream))

    world, stream = one_entry()
    bundle = world.bundle(stream)
    world.advance(300)
    token = world.authority.stamp(bundle.anchors[0].checkpoint.encode())
    why = "The token is five minutes later than the block that holds the checkpoint."
    yield case("block_before_token_fail", why, world, with_anchor(bundle, 0, tokens=(token,)))

    world, stream = one_entry()
    bundle = world.bundle(stream)
    world.advance(-200)
    why = "The moment of verification lies more than two minutes before the block."
    yield case("anchored_in_the_future_fail", why, world, bundle, now=world.now)

    yield _anchors_backwards()
    yield from _head_times()


def _head_times() -> Iterator[Case]:
    """Yield the cases of a head proof whose block lies about its time."""
    world, stream = two_entries()
    bundle = world.bundle(stream)
    assert bundle.head is not None
    sealed_at = parse_header(bundle.head.header).timestamp
    for name, why, timestamp in (
        (
            "head_in_the_future_fail",
            "The block of the head proof is an hour later than the moment of verification: the "
            "entries would be complete as of a time that has not come.",
            sealed_at + 3600,
        ),
        (
            "head_before_the_anchor_in_time_fail",
            "The block of the head proof follows that of the last anchor, but its time is an hour "
            "earlier.",
            sealed_at - 3600,
        ),
    ):
        header = resealed(bundle.head.header, world.consortium.keys, timestamp=timestamp)
        changed = replace(bundle, head=replace(bundle.head, header=header))
        yield case(name, why, world, changed, now=world.now)


def _anchors_backwards() -> Case:
    """Return the case of a later checkpoint in an earlier time."""
    world, stream = two_entries(validators=1)
    bundle = world.bundle(stream)
    first = proof_of(bundle.anchors[0])
    late = parse_header(first.header).timestamp + 600
    header = resealed(first.header, world.consortium.keys, timestamp=late)
    world.now += timedelta(seconds=500)
    token = world.authority.stamp(bundle.anchors[0].checkpoint.encode())
    bundle = with_anchor(with_proof(bundle, 0, header=header), 0, tokens=(token,))
    why = "The first anchor is minutes later than the second, whose tree contains it."
    return case("anchors_backwards_fail", why, world, bundle)
