"""What the notary says of itself: how far the log has come, and whether it can work."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from chain.errors import ChainError
from notary.anchoring import store as anchoring_store
from notary.anchoring.ledger import Ledger
from notary.anchoring.loop import AnchoringLoop
from notary.anchoring.model import block_time
from notary.db import Database
from notary.errors import NotReadyError
from notary.log import store as log_store
from notary.storage.blobs import BlobError, BlobStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """How far the log has come."""

    log_size: int
    """Of the latest checkpoint."""
    anchored_size: int
    """Of the latest anchored checkpoint."""
    pending: int
    """Acknowledged entries that are not anchored yet."""
    last_anchored_at: datetime | None
    """Block time of the latest anchor."""
    block_height: int | None
    """Of the block of the latest anchor."""
    anchoring: str
    """"running", "retrying" after a failed round, or "halted" for good."""


class OperationsService:
    """Answers operators; any thread may call it."""

    def __init__(
        self, *, database: Database, blobs: BlobStore, ledger: Ledger, loop: AnchoringLoop
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._ledger = ledger
        self._loop = loop

    def status(self) -> LogStatus:
        """Return how far the log has come."""
        with self._database.read() as connection:
            latest = log_store.latest_checkpoint(connection)
            anchored = anchoring_store.latest_anchored(connection)
            sequenced = log_store.count_sequenced(connection)
            waiting = log_store.count_waiting(connection)
        anchored_size = 0 if anchored is None else anchored.checkpoint_size
        return LogStatus(
            log_size=0 if latest is None else latest.size,
            anchored_size=anchored_size,
            pending=waiting + sequenced - anchored_size,
            last_anchored_at=block_time(anchored.proof) if anchored and anchored.proof else None,
            block_height=None if anchored is None else anchored.block_height,
            anchoring=self._anchoring(),
        )

    def require_log(self) -> None:
        """Return only while the log goes on; a ledger that cannot be reached does not end it.

        An acknowledgement promises a place in the log. Once log and ledger contradict each other
        a backup may have to be restored, and whatever was promised since would be lost with it.

        Raises:
            NotReadyError: anchoring has stopped for good.
        """
        if self._loop.halted is not None:
            raise NotReadyError(f"Anchoring has stopped: {self._loop.halted}.", part="anchoring")
        if self._loop.ended:
            raise NotReadyError("Anchoring has ended; restart the notary.", part="anchoring")

    def require_ready(self) -> None:
        """Return only when database, blob store and ledger can be used and the log goes on.

        Raises:
            NotReadyError: one cannot; `part` says which.
        """
        self.require_log()
        try:
            with self._database.read() as connection:
                log_store.read_identity(connection)
        except SQLAlchemyError as error:
            raise NotReadyError("The database cannot be read.", part="database") from error
        try:
            self._blobs.begin().abort()
        except (BlobError, OSError) as error:
            raise NotReadyError("The blob store cannot be written.", part="blobs") from error
        try:
            self._ledger.state()
        except ChainError as error:
            raise NotReadyError("The chain cannot be read.", part="chain") from error

    def _anchoring(self) -> str:
        if self._loop.halted is not None or self._loop.ended:
            return "halted"
        return "running" if self._loop.failure is None else "retrying"
