"""Putting a notary together from its parts, without HTTP.

Owns the order in which parts are opened and closed, and the seams at which each outside effect may
be replaced. Leaves the HTTP application and the running of the anchoring thread to `notary.app`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from notary.anchoring.ledger import Ledger
from notary.anchoring.loop import AnchoringLoop
from notary.anchoring.service import Anchorer
from notary.anchoring.tsa import TimestampAuthority, create_demo_authority
from notary.bundles.service import BundleService
from notary.clock import Clock, read_clock, system_clock
from notary.datadir import write_durably
from notary.db import Database, open_database
from notary.deposits.progress import DepositReader
from notary.deposits.service import DepositService
from notary.errors import StartError
from notary.keys import NotaryKeys, open_keys
from notary.log.identity import LogIdentity, establish_identity
from notary.log.sequencer import Sequencer
from notary.log.tiles import FileTileStore, TileStore
from notary.operations.service import OperationsService
from notary.operations.trust_root import sandbox_trust_root
from notary.settings import Settings
from notary.storage.blobs import BlobStore
from notary.storage.car import CarStore
from verifier.errors import TrustError
from verifier.trust import TrustRoot, encode_trust_root, parse_trust_root

_LOG = logging.getLogger(__name__)


class SandboxAuthority(TimestampAuthority, Protocol):
    """A timestamp authority whose root certificate goes into our own trust root."""

    @property
    def root_certificate(self) -> bytes:
        """The DER of the root certificate."""
        ...


def open_demo_authority(keys: NotaryKeys, clock: Clock) -> SandboxAuthority:
    """Return the demo authority under the notary's own keys."""
    return create_demo_authority(clock, root_key=keys.tsa_root, signing_key=keys.tsa_signing)


def open_ledger(settings: Settings, keys: NotaryKeys, log_id: bytes, clock: Clock) -> Ledger:
    """Return the ledger on the embedded chain of the data directory."""
    # web3 and py-evm take seconds to import; whoever only makes the application does not wait.
    from notary.anchoring.embedded import open_embedded_ledger

    return open_embedded_ledger(
        settings.data.chain,
        secret=keys.ledger_secret,
        log_id=log_id,
        chain_id=settings.chain_id,
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """Everything through which a notary touches the world outside its own memory.

    Each is what the notary really uses unless another is given; a test may wrap what one returns.
    """

    clock: Clock = system_clock
    randomness: Callable[[int], bytes] = secrets.token_bytes
    open_database: Callable[[Path], Database] = open_database
    open_blobs: Callable[[Path], BlobStore] = CarStore
    open_tiles: Callable[[Path], TileStore] = FileTileStore
    open_authority: Callable[[NotaryKeys, Clock], SandboxAuthority] = open_demo_authority
    open_ledger: Callable[[Settings, NotaryKeys, bytes, Clock], Ledger] = open_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Notary:
    """An open notary: its use cases and what their routes show."""

    settings: Settings
    identity: LogIdentity
    trust: TrustRoot
    database: Database
    blobs: BlobStore
    tiles: TileStore
    deposits: DepositService
    deposit_reader: DepositReader
    bundles: BundleService
    operations: OperationsService
    anchorer: Anchorer
    loop: AnchoringLoop
    """Not started."""


@contextmanager
def open_notary(settings: Settings, seams: Seams) -> Iterator[Notary]:
    """The notary of this data directory is open for this process alone; anchoring is not started.

    Raises:
        StartError: it cannot be opened; the message says what to do.
        LogForkError: the stored log contradicts itself.
    """
    data = settings.data
    with ExitStack() as opened:
        opened.enter_context(data.locked())
        keys = open_keys(data.keys)
        database = seams.open_database(data.database)
        opened.callback(database.close)
        identity = establish_identity(
            database,
            origin=settings.origin,
            public_key=keys.checkpoints.public_key.raw,
            now=read_clock(seams.clock),
        )
        blobs = seams.open_blobs(data.blobs)
        leftovers = blobs.sweep_incoming()
        if leftovers:
            _LOG.info("removed %d uploads that a crash left half received", leftovers)
        tiles = seams.open_tiles(data.tiles)
        authority = seams.open_authority(keys, seams.clock)
        ledger = seams.open_ledger(settings, keys, identity.log_id, seams.clock)
        opened.callback(ledger.close)
        trust = sandbox_trust_root(
            name=settings.trust_root_name,
            identity=identity,
            keys=keys,
            ledger=ledger,
            authority_name=authority.name,
            authority_root=authority.root_certificate,
        )
        trust = _publish(trust, data.trust_root)
        _LOG.warning(
            "this notary is a sandbox: its chain and its timestamp authority run in this process,"
            " so what it anchors is no independent evidence"
        )
        anchorer = Anchorer(
            database=database,
            tiles=tiles,
            sequencer=Sequencer(database, tiles, origin=identity.origin, signer=keys.checkpoints),
            authority=authority,
            ledger=ledger,
            trust=trust,
            log_id=identity.log_id,
        )
        loop = AnchoringLoop(anchorer.run_once, interval_s=settings.anchor_interval_s)
        yield Notary(
            settings=settings,
            identity=identity,
            trust=trust,
            database=database,
            blobs=blobs,
            tiles=tiles,
            deposits=DepositService(
                database=database,
                identity=identity,
                signer=keys.entries,
                clock=seams.clock,
                randomness=seams.randomness,
                on_recorded=loop.wake,
            ),
            deposit_reader=DepositReader(database, trust),
            bundles=BundleService(
                database=database,
                tiles=tiles,
                ledger=ledger,
                trust=trust,
                origin=identity.origin,
                clock=seams.clock,
            ),
            operations=OperationsService(database=database, blobs=blobs, ledger=ledger, loop=loop),
            anchorer=anchorer,
            loop=loop,
        )


def _publish(trust: TrustRoot, path: Path) -> TrustRoot:
    """The file holds the trust root that is returned: what it named once, it names for good.

    Verifiers may have a copy, and what was handed out before verifies under no other. When the
    ledger is on another chain than the one named, anchoring finds out and stops; deposits go on.

    Raises:
        StartError: the file names another log, key or timestamp authority; nothing was written.
    """
    if path.exists():
        try:
            earlier = parse_trust_root(path.read_bytes())
        except TrustError as error:
            raise StartError(f"{path} holds no trust root; restore it: {error}") from error
        trust = replace(trust, ledger=earlier.ledger)
        if replace(earlier, name=trust.name) != trust:
            raise StartError(
                f"the log, keys and timestamp authority named in {path} are expected, found others;"
                " restore the whole data directory from one backup"
            )
    write_durably(path, encode_trust_root(trust))
    return trust


async def current_notary(request: Request) -> Notary:
    """Return the notary that the application of this request serves."""
    notary: Notary = request.app.state.notary
    return notary


CurrentNotary = Annotated[Notary, Depends(current_notary)]
