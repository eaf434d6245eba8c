"""Print the gas figures of contracts/README.md.

    python -m scripts.measure_gas

Every figure is the gas of one tx in py-evm with London rules, intrinsic gas and calldata included.
"""

from hashlib import sha256

from eth_keys.datatypes import PrivateKey

from tests.unit.contracts.ledger import Ledger, account, address_of
from tests.unit.contracts.reference_tree import ReferenceTree

ADMINISTRATOR, SEQUENCER = account(1), account(2)
NOTHING = bytes(32)
SIZE_PAIRS = (
    (1, 2),
    (100, 101),
    (1_000, 1_100),
    (10_000, 10_500),
    (32_768, 50_000),
    (49_999, 50_000),
    (500_000, 1_000_000),
    (999_999, 1_000_000),
)


def log_of(number: int) -> bytes:
    """Return the id of a log that no other measurement uses."""
    return sha256(b"log %d" % number).digest()


def leaf_of(number: int) -> bytes:
    """Return a leaf hash; like a real one it has hardly a zero byte, which would be cheaper."""
    return sha256(b"leaf %d" % number).digest()


def started_log(ledger: Ledger, number: int, size: int, root: bytes) -> tuple[bytes, int]:
    """Return a log with a first extension to `size` leaves, and the gas of that extension."""
    log_id = log_of(number)
    ledger.call(ADMINISTRATOR, "add_sequencer", log_id, address_of(SEQUENCER))
    return log_id, ledger.call(SEQUENCER, "extend", log_id, 0, size, root, [], []).gas


def print_extensions(ledger: Ledger, tree: ReferenceTree) -> None:
    """Print the gas of an extension without heads for each pair of sizes."""
    for number, (first, second) in enumerate(SIZE_PAIRS):
        log_id, gas_of_first = started_log(ledger, number, first, tree.root(first))
        if number == 0:
            print(f"first extension of a log: {gas_of_first:,}")
        proof = tree.consistency_proof(first, second)
        extension = (log_id, first, second, tree.root(second), proof, [])
        gas = ledger.call(SEQUENCER, "extend", *extension).gas
        print(f"{first:,} to {second:,} leaves, {len(proof)} proof nodes: {gas:,}")


def print_heads(ledger: Ledger, tree: ReferenceTree) -> None:
    """Print what each head adds to an extension, on average of one and of 64."""
    streams = [sha256(b"stream %d" % number).digest() for number in range(64)]
    first_leaf, second_leaf = leaf_of(-1), leaf_of(-2)
    new = [(stream, 0, NOTHING, 1, first_leaf) for stream in streams]
    moved = [(stream, 1, first_leaf, 2, second_leaf) for stream in streams]
    for number, count in ((100, 1), (101, 64)):
        log_id, _ = started_log(ledger, number, 1, tree.root(1))
        base, _ = started_log(ledger, number + 100, 1, tree.root(1))
        for size, name, heads in ((2, "new", new), (3, "moved", moved)):
            arguments = (size - 1, size, tree.root(size), tree.consistency_proof(size - 1, size))
            without = ledger.call(SEQUENCER, "extend", base, *arguments, []).gas
            with_heads = ledger.call(SEQUENCER, "extend", log_id, *arguments, heads[:count]).gas
            print(f"each {name} head, {count} at once: {(with_heads - without) // count:,}")


def main(administrator: PrivateKey) -> None:
    """Print all figures."""
    ledger = Ledger(administrator)
    print(f"deployment: {ledger.deployment_gas:,}")
    addition = ("add_sequencer", log_of(-1), address_of(SEQUENCER))
    print(f"add a sequencer: {ledger.call(administrator, *addition).gas:,}")
    tree = ReferenceTree([leaf_of(number) for number in range(SIZE_PAIRS[-1][1])])
    print_extensions(ledger, tree)
    print_heads(ledger, tree)


if __name__ == "__main__":
    main(ADMINISTRATOR)
