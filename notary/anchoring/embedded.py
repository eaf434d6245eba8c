"""The ledger on the embedded chain: a sandbox in the data directory.

Owns opening the chain, the one deployment of the contract and the grant to the notary's account,
each found done when it was done before; and the adapter. Importing it loads web3 and py-evm, so the
application imports it when it starts the chain and not before.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain import rlp
from chain.embedded import EmbeddedChain, open_embedded_chain
from chain.errors import ChainError
from chain.jsonrpc import ask, from_hex
from chain.keccak import keccak256
from chain.ledger import EvidenceLedger, HeadMove, MinedTx, SignedTx, deploy_ledger
from chain.proof import AnchorProof, HeadProof
from contracts import load_artifact
from evidence.entry import stream_key
from notary.anchoring.model import Extension, HeadChange, TreeState
from notary.errors import StartError

_ADDRESS_BYTES = 20


class EmbeddedLedger:
    """A `Ledger` on an embedded chain. Transactions are mined as they are submitted."""

    def __init__(self, chain: EmbeddedChain, account: LocalAccount, log_id: bytes) -> None:
        self._chain = chain
        self._account = account
        self._log_id = log_id
        self._ledger = EvidenceLedger(chain.web3(), contract_address(from_hex(account.address)))

    @property
    def chain_id(self) -> int:
        """The id of the chain."""
        return self._chain.chain_id

    @property
    def contract(self) -> bytes:
        """The address of the contract, 20 bytes."""
        return self._ledger.address

    @property
    def validators(self) -> tuple[bytes, ...]:
        """The address of the one validator."""
        return (self._chain.identity.validator,)

    def establish(self) -> None:
        """The contract is deployed and the account may extend the log.

        Raises:
            StartError: the account made something else of its first tx.
        """
        web3 = self._chain.web3()
        code = from_hex(ask(web3, "eth_getCode", "0x" + self.contract.hex(), "latest"))
        if not code and self._ledger.next_nonce(from_hex(self._account.address)) == 0:
            deploy_ledger(web3, self._account)
        elif code != load_artifact().runtime_bytecode:
            raise StartError(
                f"the EvidenceLedger contract is expected at 0x{self.contract.hex()} of the"
                " embedded chain, found none; the chain directory belongs to other keys or to"
                " another version of the contract"
            )
        self._ledger.grant_sequencer(self._account, self._log_id, from_hex(self._account.address))

    def state(self) -> TreeState:
        """Return the latest size and root the contract accepted."""
        state = self._ledger.state(self._log_id)
        return TreeState(size=state.size, root=bytes(state.root))

    def sign_extension(self, extension: Extension) -> SignedTx:
        """Return the tx that asks for `extension`, not sent."""
        return self._ledger.sign_extend(
            self._account,
            nonce=self._ledger.next_nonce(from_hex(self._account.address)),
            log_id=self._log_id,
            previous_size=extension.previous_size,
            size=extension.size,
            root=extension.root,
            consistency=extension.consistency,
            heads=[_head_move(change) for change in extension.heads],
        )

    def submit(self, raw_tx: bytes) -> None:
        """The chain has mined the tx, now or before."""
        self._ledger.submit(raw_tx)

    def mined(self, tx_hash: bytes) -> MinedTx | None:
        """Return where the tx was mined and with what status; None while it is not."""
        return self._ledger.mined(tx_hash)

    def find_extension(self, size: int) -> bytes | None:
        """Return the hash of the tx that extended the log to exactly this size, if any did."""
        return self._ledger.find_extension(self._log_id, size)

    def anchor_proof(self, tx_hash: bytes) -> AnchorProof:
        """Return the proof that a sealed block holds the extension of this tx."""
        return self._ledger.anchor_proof(tx_hash)

    def head_proof(self, stream: str, block_height: int) -> HeadProof:
        """Return the proof of the stream's head or its absence as of that block."""
        return self._ledger.head_proof(self._log_id, stream_key(stream), block_height)

    def close(self) -> None:
        """The chain's directory is free."""
        self._chain.close()


def open_embedded_ledger(
    directory: Path,
    *,
    secret: bytes,
    log_id: bytes,
    chain_id: int,
    clock: Callable[[], datetime],
) -> EmbeddedLedger:
    """The log can be extended on the chain in `directory` by the account of `secret` (32 bytes).

    Raises:
        StartError: the chain there is open elsewhere, is another one, or cannot be used.
    """
    try:
        chain = open_embedded_chain(directory, clock=lambda: clock().timestamp(), chain_id=chain_id)
        try:
            ledger = EmbeddedLedger(chain, Account.from_key(secret), log_id)
            ledger.establish()
        except BaseException:
            chain.close()
            raise
    except ChainError as error:
        raise StartError(f"the embedded chain cannot be used: {error}") from error
    return ledger


def contract_address(account: bytes) -> bytes:
    """Return the address of the contract that the account deploys with its first tx.

    Known beforehand, so that a crash between deploying and recording cannot lose it (Yellow Paper
    §7: keccak of RLP [sender, nonce]).
    """
    return keccak256(rlp.encode([account, rlp.encode_scalar(0)]))[-_ADDRESS_BYTES:]


def _head_move(change: HeadChange) -> HeadMove:
    return HeadMove(
        stream=stream_key(change.stream),
        previous_sequence=0 if change.previous is None else change.previous.sequence,
        previous_leaf=bytes(32) if change.previous is None else change.previous.leaf,
        sequence=change.last.sequence,
        leaf=change.last.leaf,
    )
