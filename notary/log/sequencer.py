"""The sequencer: acknowledged entries get their place in the log, its tiles and a checkpoint.

Owns the order of the writes: 1. the leaf indexes (the intent), 2. the tiles, 3. the signed
checkpoint. Each can be repeated, so that going on after a crash is the normal way. Leaves when to
run to `notary.anchoring`, and the hashes to `evidence.merkle`.
"""

from evidence.checkpoint import Checkpoint, sign_checkpoint
from evidence.keys import Signer
from evidence.merkle import Frontier
from evidence.tiles import Tile, TileReader, tiles_between
from notary.db import Database
from notary.errors import LogForkError
from notary.log import store
from notary.log.model import MAX_BATCH, next_batch
from notary.log.tiles import TileStore, require_tile


class Sequencer:
    """Extends one log. One thread uses it; a failed `extend` is repeated from where it stood."""

    def __init__(
        self, database: Database, tiles: TileStore, *, origin: str, signer: Signer
    ) -> None:
        """Take up the log where its latest checkpoint left it.

        Raises:
            LogForkError: the tiles do not have the root of that checkpoint.
        """
        self._database = database
        self._tiles = tiles
        self._origin = origin
        self._signer = signer
        self._frontier = Frontier()
        self._catch_up()

    def extend(self) -> Checkpoint | None:
        """Return the new checkpoint that takes in waiting entries, or None when none waits.

        Raises:
            LogForkError: a stored tile contradicts the entries.
        """
        self._catch_up()
        old_size, new_size = self._frontier.size, self._assign()
        if new_size == old_size:
            return None
        with self._database.read() as connection:
            hashes = store.leaf_hashes(connection, old_size, new_size)
        for tile, content in tiles_between(old_size, hashes, self._fetch):
            self._tiles.write(tile, content)
        frontier = Frontier(old_size, self._frontier.hashes)
        for leaf_hash in hashes:
            frontier.append(leaf_hash)
        checkpoint = Checkpoint(origin=self._origin, size=new_size, root=frontier.root())
        note = sign_checkpoint(checkpoint, self._signer)
        with self._database.write() as connection:
            row = store.CheckpointRow(size=new_size, root=checkpoint.root, note=note)
            store.insert_checkpoint(connection, row)
        self._frontier = frontier
        return checkpoint

    def _catch_up(self) -> None:
        """The frontier is that of the latest checkpoint, also when its writing seemed to fail.

        The tiles are read anew each time: what was damaged meanwhile must not be copied into the
        next ones.
        """
        with self._database.read() as connection:
            latest = store.latest_checkpoint(connection)
        if latest is None:
            return
        frontier = Frontier.from_reader(tile_reader(self._tiles, latest.size), latest.size)
        if frontier.root() != latest.root:
            raise LogForkError(
                f"the tiles have the root {frontier.root().hex()} at size {latest.size}, the"
                f" checkpoint says {latest.root.hex()}; restore the data directory from its last"
                " backup before starting again"
            )
        self._frontier = frontier

    def _assign(self) -> int:
        """Return the size of the next checkpoint; its entries have their indexes durably."""
        with self._database.write() as connection:
            sequenced = store.count_sequenced(connection)
            if sequenced > self._frontier.size:
                # The last run got no further than this.
                return sequenced
            batch = next_batch(store.waiting_entries(connection, MAX_BATCH))
            if batch:
                store.assign_indexes(connection, [entry.id for entry in batch], sequenced)
            return sequenced + len(batch)

    def _fetch(self, tile: Tile) -> bytes:
        return require_tile(self._tiles, tile)


def tile_reader(tiles: TileStore, size: int) -> TileReader:
    """Return the reader of subtree hashes for proofs in the log's first `size` leaves."""
    return TileReader(size, lambda tile: require_tile(tiles, tile))
