"""Keccak-256 with the padding of Ethereum."""

import hashlib

from chain.keccak import keccak256


def test_known_answers() -> None:
    # Keccak team's known answers, also Ethereum's hash of empty code.
    assert keccak256(b"").hex() == (
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    assert keccak256(b"abc").hex() == (
        "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    )


def test_is_not_the_sha3_of_fips_202() -> None:
    assert keccak256(b"abc") != hashlib.sha3_256(b"abc").digest()
