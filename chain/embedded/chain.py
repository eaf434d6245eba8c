"""The embedded chain: opening it, adding blocks to it, reading its state.

Owns the order of the writes at the first start, the lock between threads and the block time. Leaves
execution to :mod:`chain.embedded.engine`, the file to :mod:`chain.embedded.store` and JSON-RPC to
:mod:`chain.embedded.rpc`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from coincurve import PrivateKey
from eth.vm.forks.london.state import LondonState
from eth.vm.interrupt import EVMMissingData

from chain.embedded.audit import AuditReport, audit_store
from chain.embedded.blocks import StoredBlock, StoredTx
from chain.embedded.directory import (
    DirectoryLock,
    create_validator_key,
    read_validator_key,
    sync_directory,
)
from chain.embedded.engine import (
    Identity,
    execute,
    genesis_header,
    open_state,
    read_transaction,
    seal,
    validator_address,
)
from chain.embedded.refusal import RefusedError
from chain.embedded.state import StateOverlay
from chain.embedded.store import ChainStore
from chain.errors import EngineError, WrongChainError
from chain.header import BlockHeader, encode_header, parse_header
from chain.keccak import keccak256
from chain.qbft import block_hash

if TYPE_CHECKING:
    from web3 import Web3

DEFAULT_CHAIN_ID = 20_180_907
# The day the provisions on trial by internet courts took effect, 2018-09-07 (Fa Shi [2018] No. 16).

CHAIN_FILE = "chain.sqlite3"


class EmbeddedChain:
    """A chain with one validator in this process.

    Every method may be called from any thread; one lock serves them in turn. A block is durable
    when the method that made it returns. Nothing is retried here: a refused transaction changed
    nothing and may be corrected and sent again.
    """

    def __init__(
        self,
        directory: Path,
        store: ChainStore,
        lock: DirectoryLock,
        key: PrivateKey,
        identity: Identity,
        clock: Callable[[], float],
    ) -> None:
        self.directory = directory
        self.store = store
        self.identity = identity
        self._lock_file = lock
        self._key = key
        self._clock = clock
        self._turn = threading.RLock()

    @property
    def chain_id(self) -> int:
        """The chain id that transactions are bound to (EIP-155)."""
        return self.identity.chain_id

    @property
    def head(self) -> BlockHeader:
        """The header of the newest block."""
        with self.turn():
            return self.header(self.store.height())

    def web3(self) -> Web3:
        """A web3 client of this chain; it holds no state of its own."""
        from web3 import Web3
        from web3.middleware import ExtraDataToPOAMiddleware

        from chain.embedded.provider import EmbeddedProvider

        client = Web3(EmbeddedProvider(self))
        # QBFT keeps more than the 32 bytes in extraData that web3 allows by default.
        client.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        return client

    @contextmanager
    def turn(self) -> Iterator[None]:
        """No other thread reads or writes the chain meanwhile.

        Raises:
            EngineError: inside, py-evm missed a part of the state.
        """
        with self._turn:
            try:
                yield
            except EVMMissingData as error:
                raise EngineError(f"the state in {self.store.path} is not complete") from error

    def mine(self, raw_transactions: Sequence[bytes]) -> StoredBlock:
        """One durable block holds all these signed transactions, in this order.

        Raises:
            RefusedError: one of them cannot be mined; then none of them is.
        """
        with self.turn():
            transactions = [read_transaction(raw, self.chain_id) for raw in raw_transactions]
            hashes = [keccak256(raw) for raw in raw_transactions]
            if any(self.store.tx(tx_hash) for tx_hash in hashes):
                raise RefusedError("already known")
            parent, overlay = self.head, StateOverlay(self.store)
            executed = execute(
                overlay,
                parent,
                self.store.hashes_before(parent.number + 1),
                transactions,
                identity=self.identity,
                timestamp=max(int(self._clock()), parent.timestamp),
            )
            header = seal(executed.header, self._key)
            block = StoredBlock(
                number=header.number,
                hash=block_hash(header),
                header=encode_header(header),
                txs=tuple(
                    StoredTx(
                        block_number=header.number,
                        index=index,
                        hash=tx_hash,
                        raw=raw,
                        receipt=receipt,
                    )
                    for index, (tx_hash, raw, receipt) in enumerate(
                        zip(hashes, raw_transactions, executed.receipts, strict=True)
                    )
                ),
            )
            self.store.append(block, overlay.pending)
            return block

    def header(self, number: int) -> BlockHeader:
        """The header at this height.

        Raises:
            EngineError: the chain is not that high.
        """
        with self.turn():
            raw = self.store.header(number)
        if raw is None:
            raise EngineError(f"block {number} is expected in {self.store.path}, found none")
        return parse_header(raw)

    def state_at(self, number: int) -> LondonState:
        """The state after the block at this height; changes to it are never kept.

        It reads the file when it is asked, so hold `turn` as long as other threads may write.
        """
        return open_state(
            StateOverlay(self.store),
            self.header(number),
            self.store.hashes_before(number),
            self.identity,
        )

    def audit(self, progress: Callable[[int, int], None] | None = None) -> AuditReport:
        """The whole chain was executed again from genesis and compared with the file.

        `progress` is called after each block with its number and the height of the chain.
        """
        with self.turn():
            return audit_store(self.store, self.identity, progress)

    def close(self) -> None:
        """The file and the directory are free for another process."""
        with self.turn():
            self.store.close()
            self._lock_file.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_embedded_chain(
    directory: Path,
    *,
    clock: Callable[[], float] = time.time,
    chain_id: int = DEFAULT_CHAIN_ID,
) -> EmbeddedChain:
    """The chain in `directory` is open for this process alone; a new directory gets a new chain.

    `clock` gives seconds since 1970; block times are whole seconds and never go back.

    Raises:
        ChainLockedError: the chain is open in another process.
        WrongChainError: the directory holds a chain of another id or another validator key.
        EngineError: the files cannot be used.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(directory)
    try:
        store = ChainStore(directory / CHAIN_FILE)
        try:
            key, identity = _open_identity(directory, store, chain_id, clock)
            return EmbeddedChain(directory, store, lock, key, identity, clock)
        except BaseException:
            store.close()
            raise
    except BaseException:
        lock.release()
        raise


def _open_identity(
    directory: Path, store: ChainStore, chain_id: int, clock: Callable[[], float]
) -> tuple[PrivateKey, Identity]:
    found = store.identity()
    key = read_validator_key(directory)
    if found is None:
        # The key is durable before genesis names it: a crash in between leaves a key without a
        # chain, which the next start uses, and never a chain that nobody can extend.
        key = key or create_validator_key(directory)
        identity = Identity(chain_id=chain_id, validator=validator_address(key))
        header = genesis_header(identity.validator, int(clock()))
        genesis = StoredBlock(
            number=0, hash=block_hash(header), header=encode_header(header), txs=()
        )
        store.create(identity, genesis)
        sync_directory(directory)
        return key, identity
    if found.chain_id != chain_id:
        raise WrongChainError(
            f"chain {chain_id} is expected in {directory}, found chain {found.chain_id}"
        )
    if key is None or validator_address(key) != found.validator:
        holder = "no key" if key is None else f"the key of 0x{validator_address(key).hex()}"
        raise WrongChainError(
            f"the key of validator 0x{found.validator.hex()} is expected in {directory},"
            f" found {holder}"
        )
    return key, found
