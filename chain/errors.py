"""The errors of this package, one tree.

    ChainError
    ├── RlpError              bytes are not canonical RLP, or exceed a limit
    ├── HeaderError           a block header does not have the fields of one
    ├── SealError             a header is not sealed by the validators we trust
    ├── TrieProofError        a trie proof, or the receipt or account in it, shows something else
    ├── ContractError         an EVM log is not the contract event it is taken for
    └── EngineError           an engine could not do what it was asked
        ├── ChainLockedError  another process is writing this chain
        ├── WrongChainError   the chain there is not the one we were configured for
        └── RpcError          a node did not answer, or answered with an error

Owns the classes only. Whoever raises one says in one sentence what was expected and what was found.
"""


class ChainError(Exception):
    """Anything this package refuses."""


class RlpError(ChainError):
    """Bytes are not the canonical RLP encoding of an item, or exceed a limit."""


class HeaderError(ChainError):
    """A block header does not have the fields of one."""


class SealError(ChainError):
    """A header is not sealed by enough of the trusted validators, or breaks a QBFT rule."""


class TrieProofError(ChainError):
    """A trie proof, or the receipt or account it leads to, does not show what it should."""


class ContractError(ChainError):
    """An EVM log is not the contract event it is taken for."""


class EngineError(ChainError):
    """An engine could not do what it was asked."""


class ChainLockedError(EngineError):
    """Another process is writing this chain."""


class WrongChainError(EngineError):
    """The chain found is not the one configured."""


class RpcError(EngineError):
    """A node did not answer, or answered with an error."""
