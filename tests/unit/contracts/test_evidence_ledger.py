"""EvidenceLedger refuses every history but a longer one, and every caller but a sequencer."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from eth_keys.datatypes import PrivateKey

from chain.contract import (
    NO_HEAD,
    HeadMove,
    LedgerExtension,
    head_commitment,
    head_slot,
    parse_extended,
    parse_head_moved,
)
from chain.keccak import keccak256
from tests.unit.contracts.ledger import Ledger, RefusedError, account, address_of
from tests.unit.contracts.reference_tree import ReferenceTree

NO_HEADS: list[Any] = []
NOTHING = bytes(32)
STREAM = b"\x22" * 32
LEAF_1, LEAF_2, LEAF_3 = (bytes([n]) * 32 for n in (0xA1, 0xA2, 0xA3))
UINT64_MOST = 2**64 - 1


def honest_tree(size: int) -> ReferenceTree:
    return ReferenceTree([sha256(b"leaf %d" % index).digest() for index in range(size)])


def rewritten_tree(size: int, changed: int) -> ReferenceTree:
    leaves = [sha256(b"leaf %d" % index).digest() for index in range(size)]
    leaves[changed] = sha256(b"another leaf").digest()
    return ReferenceTree(leaves)


def bad_proofs(proof: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    yield "truncated at the end", proof[:-1]
    yield "truncated at the start", proof[1:]
    yield "extended", [*proof, NOTHING]
    if len(set(proof)) > 1:
        yield "permuted", proof[::-1]


def grow(ledger: Ledger, sequencer: PrivateKey, log_id: bytes, size: int) -> None:
    """Extend a log of `size - 1` leaves of the honest tree by one."""
    tree = honest_tree(size)
    proof = tree.consistency_proof(size - 1, size) if size > 1 else []
    ledger.call(sequencer, "extend", log_id, size - 1, size, tree.root(size), proof, NO_HEADS)


def log_of_size(size: int) -> bytes:
    return size.to_bytes(32, "big")


def assert_all_pairs_decided(first_sizes: range, most: int) -> None:
    """For every pair of sizes: the consistency proof is accepted and each bad one refused."""
    administrator, sequencer = account(1), account(2)
    ledger = Ledger(administrator)
    tree = honest_tree(most)
    for first in first_sizes:
        log_id = log_of_size(first)
        ledger.call(administrator, "add_sequencer", log_id, address_of(sequencer))
        if first:
            start = (log_id, 0, first, tree.root(first), [], NO_HEADS)
            ledger.call(sequencer, "extend", *start)
        for second in range(first + 1, most + 1):

            def reason(root: bytes, proof: list[bytes]) -> str | None:
                extension = (log_id, first, second, root, proof, NO_HEADS)  # noqa: B023
                return ledger.reason_to_refuse(sequencer, "extend", *extension)

            root = tree.root(second)
            if first == 0:
                assert reason(root, []) is None
                assert reason(root, [root]) == "inconsistent", (first, second, "not empty")
                continue
            proof = tree.consistency_proof(first, second)
            assert reason(root, proof) is None, (first, second)
            other = rewritten_tree(second, changed=(second * 7) % first)
            other_proof = other.consistency_proof(first, second)
            assert reason(other.root(second), other_proof) == "inconsistent", (first, second)
            for name, bad_proof in bad_proofs(proof):
                assert reason(root, bad_proof) == "inconsistent", (first, second, name)


def test_every_pair_of_sizes_to_16_is_decided_rightly() -> None:
    assert_all_pairs_decided(range(16), 16)


@pytest.mark.slow
@pytest.mark.parametrize("first_sizes", [range(start, start + 8) for start in range(0, 64, 8)])
def test_every_pair_of_sizes_to_64_is_decided_rightly(first_sizes: range) -> None:
    assert_all_pairs_decided(first_sizes, 64)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 8), (6, 8), (11, 29)])
def test_every_changed_or_inserted_proof_node_is_refused(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes, first: int, second: int
) -> None:
    tree = honest_tree(second)
    ledger.call(sequencer, "extend", log_id, 0, first, tree.root(first), [], NO_HEADS)
    proof = tree.consistency_proof(first, second)
    for at, node in enumerate(proof):
        flipped = bytes([node[0] ^ 1]) + node[1:]
        for changed in (
            [*proof[:at], flipped, *proof[at + 1 :]],
            [*proof[:at], node, *proof[at:]],
            [*proof[:at], *proof[at + 1 :]],
        ):
            extension = (log_id, first, second, tree.root(second), changed, NO_HEADS)
            assert ledger.reason_to_refuse(sequencer, "extend", *extension) == "inconsistent"


@pytest.mark.parametrize("leaf", range(5))
def test_rewriting_any_old_leaf_is_refused_with_the_old_proof_and_the_new(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes, leaf: int
) -> None:
    tree, other = honest_tree(9), rewritten_tree(9, leaf)
    ledger.call(sequencer, "extend", log_id, 0, 5, tree.root(5), [], NO_HEADS)
    for proof in (tree.consistency_proof(5, 9), other.consistency_proof(5, 9)):
        extension = (log_id, 5, 9, other.root(9), proof, NO_HEADS)
        assert ledger.reason_to_refuse(sequencer, "extend", *extension) == "inconsistent"


def test_log_grows_one_leaf_at_a_time(ledger: Ledger, sequencer: PrivateKey, log_id: bytes) -> None:
    for size in range(1, 18):
        grow(ledger, sequencer, log_id, size)
    assert ledger.call(sequencer, "log_state", log_id).values == (17, honest_tree(17).root(17))


def test_log_doubles_up_to_the_largest_size(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    root = honest_tree(1).root(1)
    ledger.call(sequencer, "extend", log_id, 0, 1, root, [], NO_HEADS)
    for level in range(63):
        node = sha256(b"right subtree of level %d" % level).digest()
        root = sha256(b"\x01" + root + node).digest()
        extension = (log_id, 1 << level, 2 << level, root, [node], NO_HEADS)
        ledger.call(sequencer, "extend", *extension)
    node = sha256(b"right subtree of 2**63 - 1 leaves").digest()
    root = sha256(b"\x01" + root + node).digest()
    ledger.call(sequencer, "extend", log_id, 1 << 63, UINT64_MOST, root, [node], NO_HEADS)
    assert ledger.call(sequencer, "log_state", log_id).values == (UINT64_MOST, root)


def test_extension_reports_itself(ledger: Ledger, sequencer: PrivateKey, log_id: bytes) -> None:
    grow(ledger, sequencer, log_id, 1)
    tree = honest_tree(3)
    outcome = ledger.call(
        sequencer, "extend", log_id, 1, 3, tree.root(3), tree.consistency_proof(1, 3), NO_HEADS
    )
    assert [parse_extended(log, ledger.address) for log in outcome.logs] == [
        LedgerExtension(
            log_id=log_id,
            previous_size=1,
            size=3,
            root=tree.root(3),
            sequencer=address_of(sequencer),
        )
    ]


@pytest.mark.parametrize(
    ("previous_size", "size", "reason"),
    [
        (0, 4, "stale"),
        (1, 4, "stale"),
        (4, 5, "stale"),
        (3, 3, "nothing new"),
        (3, 2, "shrinking"),
        (3, 0, "shrinking"),
    ],
)
def test_extension_from_or_to_a_wrong_size_is_refused(
    ledger: Ledger,
    sequencer: PrivateKey,
    log_id: bytes,
    previous_size: int,
    size: int,
    reason: str,
) -> None:
    for grown in (1, 2, 3):
        grow(ledger, sequencer, log_id, grown)
    extension = (log_id, previous_size, size, honest_tree(5).root(5), [], NO_HEADS)
    assert ledger.reason_to_refuse(sequencer, "extend", *extension) == reason


def test_replayed_extension_is_refused(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    tree = honest_tree(2)
    first = (log_id, 0, 1, tree.root(1), [], NO_HEADS)
    second = (log_id, 1, 2, tree.root(2), tree.consistency_proof(1, 2), NO_HEADS)
    ledger.call(sequencer, "extend", *first)
    assert ledger.reason_to_refuse(sequencer, "extend", *first) == "stale"
    ledger.call(sequencer, "extend", *second)
    assert ledger.reason_to_refuse(sequencer, "extend", *second) == "stale"


def test_log_of_size_zero_is_no_extension(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    extension = (log_id, 0, 0, sha256(b"").digest(), [], NO_HEADS)
    assert ledger.reason_to_refuse(sequencer, "extend", *extension) == "nothing new"


def test_extension_of_a_grown_log_without_a_proof_is_refused(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    grow(ledger, sequencer, log_id, 1)
    extension = (log_id, 1, 2, honest_tree(2).root(2), [], NO_HEADS)
    assert ledger.reason_to_refuse(sequencer, "extend", *extension) == "inconsistent"


def test_logs_are_independent(
    ledger: Ledger, administrator: PrivateKey, sequencer: PrivateKey, log_id: bytes
) -> None:
    other = b"\x12" * 32
    ledger.call(administrator, "add_sequencer", other, address_of(sequencer))
    head = (STREAM, 0, NOTHING, 1, LEAF_1)
    ledger.call(sequencer, "extend", log_id, 0, 2, b"\x01" * 32, [], [head])
    assert ledger.call(sequencer, "log_state", other).values == (0, NOTHING)
    assert ledger.call(sequencer, "head_of", other, STREAM).values == (NO_HEAD,)


# Roles


def test_deployer_is_the_only_administrator(
    ledger: Ledger, administrator: PrivateKey, stranger: PrivateKey
) -> None:
    assert ledger.call(stranger, "is_administrator", address_of(administrator)).values == (True,)
    assert ledger.call(stranger, "is_administrator", address_of(stranger)).values == (False,)
    (added,) = ledger.deployment_logs
    assert added.topics == (topic("AdministratorAdded(address,address)"), padded(administrator))
    assert added.data == padded(administrator)


def test_only_a_sequencer_of_the_log_extends_it(
    ledger: Ledger,
    administrator: PrivateKey,
    sequencer: PrivateKey,
    stranger: PrivateKey,
    log_id: bytes,
) -> None:
    extension = (log_id, 0, 1, b"\x01" * 32, [], NO_HEADS)
    of_other_log = (b"\x12" * 32, *extension[1:])
    assert ledger.reason_to_refuse(administrator, "extend", *extension) == "not a sequencer"
    assert ledger.reason_to_refuse(stranger, "extend", *extension) == "not a sequencer"
    assert ledger.reason_to_refuse(sequencer, "extend", *of_other_log) == "not a sequencer"
    assert ledger.reason_to_refuse(sequencer, "extend", *extension) is None


def test_removed_sequencer_cannot_extend(
    ledger: Ledger, administrator: PrivateKey, sequencer: PrivateKey, log_id: bytes
) -> None:
    removal = ledger.call(administrator, "remove_sequencer", log_id, address_of(sequencer))
    (removed,) = removal.logs
    assert removed.topics == (
        topic("SequencerRemoved(bytes32,address,address)"),
        log_id,
        padded(sequencer),
    )
    assert removed.data == padded(administrator)
    extension = (log_id, 0, 1, b"\x01" * 32, [], NO_HEADS)
    assert ledger.reason_to_refuse(sequencer, "extend", *extension) == "not a sequencer"
    assert ledger.call(sequencer, "is_sequencer", log_id, address_of(sequencer)).values == (False,)


def test_added_sequencer_is_reported(
    ledger: Ledger, administrator: PrivateKey, stranger: PrivateKey, log_id: bytes
) -> None:
    addition = ledger.call(administrator, "add_sequencer", log_id, address_of(stranger))
    (added,) = addition.logs
    assert added.topics == (
        topic("SequencerAdded(bytes32,address,address)"),
        log_id,
        padded(stranger),
    )
    assert added.data == padded(administrator)
    assert ledger.call(stranger, "is_sequencer", log_id, address_of(stranger)).values == (True,)


@pytest.mark.parametrize("caller", [account(2), account(3)], ids=["sequencer", "stranger"])
def test_only_an_administrator_changes_roles(
    ledger: Ledger, caller: PrivateKey, log_id: bytes
) -> None:
    someone = address_of(caller)
    for change in (
        ("add_administrator", someone),
        ("remove_administrator", someone),
        ("add_sequencer", log_id, someone),
        ("remove_sequencer", log_id, someone),
    ):
        assert ledger.reason_to_refuse(caller, *change) == "not an administrator"


def test_administration_can_be_handed_over_but_not_ended(
    ledger: Ledger, administrator: PrivateKey, stranger: PrivateKey
) -> None:
    first, second = address_of(administrator), address_of(stranger)
    removal = ("remove_administrator", first)
    assert ledger.reason_to_refuse(administrator, *removal) == "last administrator"
    ledger.call(administrator, "add_administrator", second)
    (removed,) = ledger.call(stranger, *removal).logs
    assert removed.topics == (topic("AdministratorRemoved(address,address)"), padded(administrator))
    assert removed.data == padded(stranger)
    assert ledger.reason_to_refuse(stranger, "remove_administrator", second) == "last administrator"
    assert ledger.reason_to_refuse(administrator, "add_administrator", first) == (
        "not an administrator"
    )


def test_role_change_that_changes_nothing_is_refused(
    ledger: Ledger,
    administrator: PrivateKey,
    sequencer: PrivateKey,
    stranger: PrivateKey,
    log_id: bytes,
) -> None:
    for change, reason in (
        (("add_administrator", address_of(administrator)), "already an administrator"),
        (("remove_administrator", address_of(stranger)), "no such administrator"),
        (("add_sequencer", log_id, address_of(sequencer)), "already a sequencer"),
        (("remove_sequencer", log_id, address_of(stranger)), "no such sequencer"),
        (("add_administrator", bytes(20)), "no account"),
        (("add_sequencer", log_id, bytes(20)), "no account"),
    ):
        assert ledger.reason_to_refuse(administrator, *change) == reason


# Heads


def extend_with(
    ledger: Ledger,
    sequencer: PrivateKey,
    log_id: bytes,
    *heads: tuple[bytes, int, bytes, int, bytes],
) -> Any:
    """Extend the log by one leaf of the honest tree, moving `heads`."""
    (size, _) = ledger.call(sequencer, "log_state", log_id).values
    tree = honest_tree(size + 1)
    proof = tree.consistency_proof(size, size + 1) if size else []
    extension = (log_id, size, size + 1, tree.root(size + 1), proof, list(heads))
    return ledger.call(sequencer, "extend", *extension)


def test_head_is_stored_where_a_storage_proof_looks_for_it(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    assert ledger.storage(head_slot(log_id, STREAM)) == NO_HEAD
    outcome = extend_with(ledger, sequencer, log_id, (STREAM, 0, NOTHING, 1, LEAF_1))
    assert ledger.storage(head_slot(log_id, STREAM)) == head_commitment(1, LEAF_1)
    assert ledger.call(sequencer, "head_of", log_id, STREAM).values == (head_commitment(1, LEAF_1),)
    assert parse_head_moved(outcome.logs[1], ledger.address) == HeadMove(
        log_id=log_id, stream=STREAM, sequence=1, leaf=LEAF_1
    )


def test_head_moves_forward_by_one_or_more(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    extend_with(ledger, sequencer, log_id, (STREAM, 0, NOTHING, 2, LEAF_1))
    extend_with(ledger, sequencer, log_id, (STREAM, 2, LEAF_1, 3, LEAF_2))
    extend_with(ledger, sequencer, log_id, (STREAM, 3, LEAF_2, UINT64_MOST, LEAF_3))
    assert ledger.storage(head_slot(log_id, STREAM)) == head_commitment(UINT64_MOST, LEAF_3)


def test_head_moves_twice_in_one_extension_if_the_second_move_cites_the_first(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    first = (STREAM, 0, NOTHING, 1, LEAF_1)
    with pytest.raises(RefusedError, match="head mismatch"):
        extend_with(ledger, sequencer, log_id, first, (STREAM, 0, NOTHING, 2, LEAF_2))
    extend_with(ledger, sequencer, log_id, first, (STREAM, 1, LEAF_1, 2, LEAF_2))
    assert ledger.storage(head_slot(log_id, STREAM)) == head_commitment(2, LEAF_2)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ((STREAM, 1, LEAF_1, 2, LEAF_2), "head mismatch"),
        ((STREAM, 1, NOTHING, 2, LEAF_2), "head mismatch"),
        ((STREAM, 0, LEAF_1, 1, LEAF_2), "head mismatch"),
        ((STREAM, 0, NOTHING, 0, LEAF_1), "head not newer"),
        ((STREAM, 0, NOTHING, 1, NOTHING), "head without leaf"),
    ],
)
def test_bad_first_head_is_refused(
    ledger: Ledger,
    sequencer: PrivateKey,
    log_id: bytes,
    head: tuple[bytes, int, bytes, int, bytes],
    reason: str,
) -> None:
    extension = (log_id, 0, 1, honest_tree(1).root(1), [], [head])
    assert ledger.reason_to_refuse(sequencer, "extend", *extension) == reason


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ((STREAM, 0, NOTHING, 6, LEAF_2), "head mismatch"),
        ((STREAM, 5, LEAF_2, 6, LEAF_3), "head mismatch"),
        ((STREAM, 4, LEAF_1, 6, LEAF_2), "head mismatch"),
        ((STREAM, 5, NOTHING, 6, LEAF_2), "head mismatch"),
        ((STREAM, 5, LEAF_1, 5, LEAF_2), "head not newer"),
        ((STREAM, 5, LEAF_1, 4, LEAF_2), "head not newer"),
        ((STREAM, 5, LEAF_1, 0, LEAF_2), "head not newer"),
        ((STREAM, 5, LEAF_1, 6, NOTHING), "head without leaf"),
    ],
)
def test_bad_move_of_a_head_is_refused(
    ledger: Ledger,
    sequencer: PrivateKey,
    log_id: bytes,
    head: tuple[bytes, int, bytes, int, bytes],
    reason: str,
) -> None:
    extend_with(ledger, sequencer, log_id, (STREAM, 0, NOTHING, 5, LEAF_1))
    with pytest.raises(RefusedError, match=reason):
        extend_with(ledger, sequencer, log_id, head)


def test_refused_head_leaves_the_log_and_the_other_heads_as_they_were(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    good, bad = (STREAM, 0, NOTHING, 1, LEAF_1), (b"\x23" * 32, 0, NOTHING, 0, LEAF_2)
    with pytest.raises(RefusedError, match="head not newer"):
        extend_with(ledger, sequencer, log_id, good, bad)
    assert ledger.storage(head_slot(log_id, STREAM)) == NO_HEAD
    assert ledger.call(sequencer, "log_state", log_id).values == (0, NOTHING)


def test_an_extension_takes_64_heads_and_no_more(
    ledger: Ledger, sequencer: PrivateKey, log_id: bytes
) -> None:
    heads = [(n.to_bytes(32, "big"), 0, NOTHING, 1, LEAF_1) for n in range(65)]
    root = honest_tree(1).root(1)
    refused = ledger.reason_to_refuse(sequencer, "extend", log_id, 0, 1, root, [], heads)
    assert refused == "unexplained revert "
    outcome = ledger.call(sequencer, "extend", log_id, 0, 1, root, [], heads[:64])
    assert len(outcome.logs) == 65


def topic(signature: str) -> bytes:
    return keccak256(signature.encode())


def padded(key: PrivateKey) -> bytes:
    return address_of(key).rjust(32, b"\x00")
