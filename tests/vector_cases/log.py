"""Cases of the log and of time: steps 6 to 9."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from evidence.checkpoint import read_note, sign_checkpoint
from evidence.entry import Mode
from tests.vector_cases.case import (
    CONTENT,
    Case,
    case,
    one_entry,
    two_entries,
    with_anchor,
    with_entry,
    with_log_key,
)
from tests.world import START, World


def cases() -> Iterator[Case]:
    """Yield every case of this module."""
    yield from _checkpoints()
    yield from _log_keys()
    yield from _inclusion()
    yield from _consistency()
    yield from _tokens()


def _checkpoints() -> Iterator[Case]:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    note = bundle.anchors[0].checkpoint
    checkpoint = read_note(note).checkpoint
    stranger = World(seed="stranger").log_signer
    elsewhere = replace(checkpoint, origin="other.example/log")
    signature_line = note.splitlines(keepends=True)[-1]
    notes = {
        "checkpoint_malformed_fail": (
            "The size is written with a leading zero.",
            note.replace("\n4\n", "\n04\n"),
        ),
        "checkpoint_signed_twice_fail": (
            "A second signature line follows, which nobody would check.",
            note + signature_line,
        ),
        "checkpoint_extended_fail": (
            "An extension line stands after the root.",
            note.replace("\n\n", "\nextension\n\n"),
        ),
        "checkpoint_of_another_log_fail": (
            "A checkpoint of another log, well signed by the same key.",
            sign_checkpoint(elsewhere, world.log_signer),
        ),
        "checkpoint_signed_by_a_stranger_fail": (
            "Another key signed the checkpoint.",
            sign_checkpoint(checkpoint, stranger),
        ),
        "checkpoint_size_changed_fail": (
            "The size was changed after signing.",
            note.replace("\n4\n", "\n5\n"),
        ),
    }
    for name, (why, other_note) in notes.items():
        assert other_note != note, name
        # Stamped anew, so that the token does not add a second reason.
        token = world.authority.stamp(other_note.encode())
        changed = with_anchor(bundle, 0, checkpoint=other_note, tokens=(token,))
        yield case(name, why, world, changed)


def _log_keys() -> Iterator[Case]:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    trust = with_log_key(world.trust_root(), not_after=START - timedelta(days=1))
    why = "The log key was given up before the token time."
    yield case("log_key_retired_indeterminate", why, world, bundle, trust=trust)

    why = "The log key was given up before the block time; there is no token."
    without_tokens = with_anchor(bundle, 0, tokens=())
    yield case(
        "log_key_retired_by_block_time_indeterminate", why, world, without_tokens, trust=trust
    )

    why = "Neither token nor anchor proof: nothing says when the log key signed."
    timeless = with_anchor(bundle, 0, tokens=(), proof=None)
    yield case("log_key_period_undecided_indeterminate", why, world, timeless)


def _inclusion() -> Iterator[Case]:
    world, stream = two_entries()
    bundle = world.bundle(stream)
    first, second = (entry.inclusion for entry in bundle.entries)
    cases = {
        "inclusion_proofs_exchanged_fail": (
            "The inclusion proofs of the two entries are exchanged.",
            with_entry(with_entry(bundle, 0, inclusion=second), 1, inclusion=first),
        ),
        "inclusion_proof_short_fail": (
            "The last node of an inclusion proof is missing.",
            with_entry(bundle, 0, inclusion=first[:-1]),
        ),
        "inclusion_proof_long_fail": (
            "An inclusion proof has a node too many.",
            with_entry(bundle, 0, inclusion=(*first, bytes(32))),
        ),
        "leaf_index_changed_fail": (
            "The index of the leaf is that of its neighbour.",
            with_entry(bundle, 0, index=bundle.entries[0].index - 1),
        ),
        "leaf_index_beyond_the_tree_fail": (
            "The index of the leaf is the size of the tree.",
            with_entry(bundle, 1, index=9),
        ),
    }
    for name, (why, changed) in cases.items():
        yield case(name, why, world, changed)


def _consistency() -> Iterator[Case]:
    world, stream = two_entries()
    bundle = world.bundle(stream)
    proof = bundle.anchors[1].consistency
    for name, why, consistency in (
        ("consistency_proof_missing_fail", "No consistency proof between two anchors.", ()),
        ("consistency_proof_short_fail", "Its last node is missing.", proof[:-1]),
        ("consistency_proof_long_fail", "It has a node too many.", (*proof, bytes(32))),
        ("consistency_proof_reversed_fail", "Its nodes are in reverse order.", proof[::-1]),
    ):
        yield case(name, why, world, with_anchor(bundle, 1, consistency=consistency))
    yield _rewritten_history()
    yield _anchor_repeated()


def _rewritten_history() -> Case:
    """Return the case of a log that showed one tree first and another later."""
    world = World()
    world.fill(2)
    stream = world.deposit(CONTENT, mode=Mode.DIGESTS)
    world.anchor()
    before = world.bundle(stream)
    world.rewrite(0)
    world.add_original(stream, CONTENT)
    world.anchor()
    after = world.bundle(stream)
    why = (
        "Between the two anchors the log replaced a leaf of somebody else. Every other proof holds."
    )
    bundle = replace(
        after,
        entries=(before.entries[0], after.entries[1]),
        anchors=(before.anchors[0], after.anchors[1]),
    )
    return case("history_rewritten_fail", why, world, bundle)


def _anchor_repeated() -> Case:
    """Return the case of two anchors with the same checkpoint."""
    world = World()
    stream = world.deposit(CONTENT, mode=Mode.DIGESTS)
    world.add_original(stream, CONTENT)
    world.anchor()
    bundle = world.bundle(stream)
    bundle = with_entry(replace(bundle, anchors=bundle.anchors * 2), 1, anchor=1)
    why = "The same anchor twice: checkpoint sizes must increase strictly."
    return case("anchor_repeated_fail", why, world, bundle)


def _tokens() -> Iterator[Case]:
    world, stream = one_entry()
    bundle = world.bundle(stream)
    (token,) = bundle.anchors[0].tokens
    note = bundle.anchors[0].checkpoint.encode()
    stranger = World(seed="stranger")
    stranger.now = world.now
    unsigned = _with_last_byte_changed(token)
    tokens = {
        "token_malformed_fail": ("The last byte of the token is missing.", (token[:-1],)),
        "token_with_trailing_byte_fail": ("A byte follows the token.", (token + b"\x00",)),
        "token_signature_invalid_fail": (
            "The signature of the token does not verify.",
            (unsigned,),
        ),
        "token_of_another_checkpoint_fail": (
            "The token is over other bytes.",
            (world.authority.stamp(note + b"\n"),),
        ),
        "second_token_of_another_checkpoint_fail": (
            "The first token verifies, the second is over other bytes: every token must verify.",
            (token, world.authority.stamp(note + b"\n")),
        ),
        "token_missing_indeterminate": ("There is no token.", ()),
        "tsa_unknown_indeterminate": (
            "The authority of the token is not in the trust root.",
            (stranger.authority.stamp(note),),
        ),
    }
    for name, (why, changed) in tokens.items():
        yield case(name, why, world, with_anchor(bundle, 0, tokens=changed))

    world = World()
    stream = world.deposit(CONTENT)
    world.now = datetime(2050, 6, 1, tzinfo=UTC)
    world.anchor()
    why = "The certificates of the authority had run out at the token time."
    yield case("token_after_its_certificate_fail", why, world, world.bundle(stream))

    other, other_stream = two_entries()
    both = other.bundle(other_stream)
    why = "The tokens of the two anchors are exchanged."
    earlier, later = (anchor.tokens for anchor in both.anchors)
    both = with_anchor(with_anchor(both, 0, tokens=later), 1, tokens=earlier)
    yield case("tokens_exchanged_fail", why, other, both)


def _with_last_byte_changed(token: bytes) -> bytes:
    """Return `token` with another last byte: that of the ECDSA signature's second integer."""
    return token[:-1] + bytes((token[-1] ^ 1,))
