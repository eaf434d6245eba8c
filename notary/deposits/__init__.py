"""Deposits: exhibits or their digests are taken in, recorded and acknowledged."""
