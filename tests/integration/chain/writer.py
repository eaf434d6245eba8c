"""Mines blocks into the chain of a directory until it is killed, saying so after each.

Run as ``python -m tests.integration.chain.writer DIRECTORY``. A printed line is an acknowledgement:
the block's number and hash, flushed after the block was returned.
"""

import sys
from itertools import count
from pathlib import Path

from chain.embedded import open_embedded_chain
from tests.unit.chain.embedded.sending import COUNTER, SENDER, address_of, sign_creation


def write_forever(directory: Path) -> None:
    """Blocks are added until the process ends."""
    with open_embedded_chain(directory) as chain:
        nonce = chain.state_at(chain.head.number).get_nonce(address_of(SENDER))
        for next_nonce in count(nonce):
            block = chain.mine([sign_creation(next_nonce, COUNTER)])
            print(block.number, block.hash.hex(), flush=True)


if __name__ == "__main__":
    write_forever(Path(sys.argv[1]))
