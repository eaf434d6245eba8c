"""Keccak-256, the hash function of Ethereum.

Owns nothing but the call: the original Keccak padding of the Yellow Paper (§1, KEC), which is not
the SHA3-256 of FIPS 202.
"""

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest of `data`."""
    return keccak.new(digest_bits=256, data=data).digest()
