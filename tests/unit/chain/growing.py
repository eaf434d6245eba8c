"""A log that grows: its tree, its identifier and extensions signed by its sequencer."""

from collections.abc import Sequence
from hashlib import sha256

from eth_account.signers.local import LocalAccount

from chain.ledger import EvidenceLedger, HeadMove, SignedTx
from tests.unit.chain.embedded.sending import STRANGER
from tests.unit.contracts.reference_tree import ReferenceTree

LOG_ID = b"\x11" * 32
OTHER_LOG = b"\x12" * 32
STREAM = b"\x33" * 32
OTHER_STREAM = b"\x34" * 32
NO_LEAF = bytes(32)

LEAVES = [sha256(b"\x00" + number.to_bytes(4, "big")).digest() for number in range(400)]
TREE = ReferenceTree(LEAVES)


def sign_growth(
    ledger: EvidenceLedger,
    nonce: int,
    previous_size: int,
    size: int,
    heads: Sequence[HeadMove] = (),
    *,
    account: LocalAccount = STRANGER,
    log_id: bytes = LOG_ID,
) -> SignedTx:
    """The extension of the log from one size of TREE to another, signed and not sent."""
    return ledger.sign_extend(
        account,
        nonce=nonce,
        log_id=log_id,
        previous_size=previous_size,
        size=size,
        root=TREE.root(size),
        consistency=TREE.consistency_proof(previous_size, size) if previous_size else [],
        heads=heads,
    )


def first_head(stream: bytes, leaf: bytes) -> HeadMove:
    """The stream's second entry, which gives it its first head."""
    return HeadMove(
        stream=stream, previous_sequence=0, previous_leaf=NO_LEAF, sequence=1, leaf=leaf
    )
