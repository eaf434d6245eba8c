"""Blocks and 32-byte commitments: how they are proved, and how they are written.

Owns the knowledge of the chain. The pure half (`rlp`, `keccak`, `header`, `qbft`, `mpt`, `proof`,
`contract`) turns bytes into verified facts; `embedded` and `jsonrpc` are engines that produce them.
Leaves the meaning of what is committed to `evidence`: a log, a stream and a leaf are opaque
32-byte values here.
"""
