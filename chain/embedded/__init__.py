"""A single-validator chain in one directory, for development, tests and demonstrations.

Owns a chain whose blocks have the QBFT form of a production engine, so that one offline verifier
covers both; py-evm is used as the state-transition engine only. It is a sandbox: the one key that
seals its blocks belongs to whoever runs it, so it is no independent evidence of anything.
"""

from chain.embedded.audit import AuditReport
from chain.embedded.chain import DEFAULT_CHAIN_ID, EmbeddedChain, open_embedded_chain

__all__ = ["DEFAULT_CHAIN_ID", "AuditReport", "EmbeddedChain", "open_embedded_chain"]
