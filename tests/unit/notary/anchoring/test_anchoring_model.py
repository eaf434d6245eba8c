from dataclasses import replace

import pytest

from chain.proof import AnchorProof
from notary.anchoring import store
from notary.anchoring.model import (
    NOTHING,
    TreeState,
    encode_anchor_proof,
    parse_anchor_proof,
    require_agreement,
    verify_anchor_proof,
)
from notary.errors import AnchoringError, LogForkError
from notary.log import store as log_store
from notary.wiring import Notary
from tests.unit.notary.workbench import anchor_all, deposit

THREE = TreeState(size=3, root=b"\3" * 32)
FIVE = TreeState(size=5, root=b"\5" * 32)


@pytest.mark.parametrize("ledger", [THREE, FIVE])
def test_the_ledger_may_be_at_the_last_anchor_or_at_the_one_in_flight(ledger: TreeState) -> None:
    require_agreement(ledger, THREE, FIVE)


@pytest.mark.parametrize(
    "ledger",
    [NOTHING, TreeState(size=7, root=b"\7" * 32), replace(THREE, root=FIVE.root)],
    ids=["rolled back", "ahead", "another root"],
)
def test_a_ledger_anywhere_else_is_a_fork(ledger: TreeState) -> None:
    with pytest.raises(LogForkError, match="rolled back or replaced"):
        require_agreement(ledger, THREE, FIVE)


def test_a_ledger_ahead_of_an_idle_log_is_a_fork() -> None:
    require_agreement(THREE, THREE, None)
    with pytest.raises(LogForkError):
        require_agreement(FIVE, THREE, None)


def stored_proof(notary: Notary) -> tuple[AnchorProof, TreeState]:
    deposit(notary, b"content")
    anchor_all(notary)
    with notary.database.read() as connection:
        row = store.latest_anchored(connection)
        checkpoint = log_store.latest_checkpoint(connection)
    assert row is not None
    assert row.proof is not None
    assert checkpoint is not None
    return parse_anchor_proof(row.proof), TreeState(size=checkpoint.size, root=checkpoint.root)


def test_a_stored_proof_is_read_as_it_was_written(notary: Notary) -> None:
    proof, _ = stored_proof(notary)
    assert parse_anchor_proof(encode_anchor_proof(proof)) == proof
    odd = replace(proof, transaction_index=300, log_index=128, receipt_nodes=())
    assert parse_anchor_proof(encode_anchor_proof(odd)) == odd


@pytest.mark.parametrize("raw", [b"", b"\xc0", b"\xc4\x01\x02\x03\x04", b"\xff"])
def test_other_bytes_are_no_stored_proof(raw: bytes) -> None:
    with pytest.raises(AnchoringError):
        parse_anchor_proof(raw)


def test_only_a_proof_of_exactly_this_extension_is_accepted(notary: Notary) -> None:
    proof, state = stored_proof(notary)
    ledger = notary.trust.ledger
    validators = ledger.validator_sets[0].addresses
    contract, log_id = ledger.contract, notary.identity.log_id

    found = verify_anchor_proof(
        proof, validators=validators, contract=contract, log_id=log_id, extended_to=state
    )
    assert found.block_height > 0
    refused = [
        {"extended_to": replace(state, size=2)},
        {"extended_to": replace(state, root=bytes(32))},
        {"log_id": bytes(32)},
        {"contract": bytes(20)},
        {"validators": frozenset({bytes(20)})},
        {"unverified": replace(proof, log_index=proof.log_index + 1)},
        {"unverified": replace(proof, header=proof.header[:-1])},
        {"unverified": replace(proof, receipt_nodes=())},
    ]
    for change in refused:
        arguments = {
            "unverified": proof,
            "validators": validators,
            "contract": contract,
            "log_id": log_id,
            "extended_to": state,
            **change,
        }
        with pytest.raises(AnchoringError):
            verify_anchor_proof(**arguments)  # type: ignore[arg-type]
