"""The state of the chain as py-evm reads and changes it.

Owns the seam between py-evm's key-value interface and the store. Leaves what is stored under which
hash to py-evm, and making the changes durable to :mod:`chain.embedded.chain`.
"""

from __future__ import annotations

from eth.db.backends.base import BaseDB

from chain.embedded.store import ChainStore


class StateOverlay(BaseDB):
    """py-evm's view of the state: reads fall through to the store, writes stay in `pending`."""

    def __init__(self, store: ChainStore) -> None:
        self._store = store
        self.pending: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        value = self.pending.get(key)
        if value is None:
            value = self._store.state_value(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.pending[key] = value

    def __delitem__(self, key: bytes) -> None:
        del self.pending[key]

    def _exists(self, key: bytes) -> bool:
        return key in self.pending or self._store.state_value(key) is not None
