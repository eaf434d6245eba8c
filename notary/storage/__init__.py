"""Keeps sealed content under its CID: the contract of a blob store, and its engines.

`blobs` is the contract, `car` the embedded engine (one CARv1 file an object on a local disk).
Every engine passes tests/unit/notary/storage. What a blob holds, and who may read it, is decided
by the capabilities that use the store.
"""
