"""Anchoring: each checkpoint is timestamped and its root written to the ledger, once."""
