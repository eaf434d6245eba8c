"""Knows what a proof is: the formats and rules that decide what a bundle means.

Everything here is pure: bytes and values in, values or errors out; no socket, file, clock,
randomness, environment or database. A change here that could alter the meaning of an old bundle
is a format change and needs a version, a line in docs/format.md, a vector and an ADR.
The package knows nothing of chains; `chain` is its sibling and neither imports the other.
"""
