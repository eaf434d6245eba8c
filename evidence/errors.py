"""The errors of the package: one tree, so that a caller can catch as much or as little as it means.

    EvidenceError
    ├── CanonicalError    bytes are not the JSON we accept, or a value has no canonical form
    ├── FieldError        a field is missing, unknown, or not in its one text form
    ├── DigestError       a digest, a CID or an IPFS block is malformed
    ├── MerkleError       a proof, tile or range does not fit the tree it is said to belong to
    ├── CheckpointError   a signed note is malformed or is not of this log
    ├── SignatureError    a signature, key or envelope does not verify
    ├── EntryError        an entry or its place in a stream breaks the rules of entries
    ├── CustodyError      a custody event is not allowed where it stands
    ├── TimestampError    an RFC 3161 token does not verify
    └── BundleError       a bundle is malformed or its parts do not belong together

Errors of other libraries never leave the package; each is converted where it is met.
"""


class EvidenceError(Exception):
    """Something handed to the package does not meet its rules."""


class CanonicalError(EvidenceError):
    """Bytes are not the JSON we accept, or a value has no canonical form."""


class FieldError(EvidenceError):
    """A field is missing, unknown, or not in its one text form."""


class DigestError(EvidenceError):
    """A digest, a CID or an IPFS block is malformed."""


class MerkleError(EvidenceError):
    """A proof, tile or range does not fit the tree it is said to belong to."""


class CheckpointError(EvidenceError):
    """A signed note is malformed or is not of this log."""


class SignatureError(EvidenceError):
    """A signature, key or envelope does not verify."""


class EntryError(EvidenceError):
    """An entry or its place in a stream breaks the rules of entries."""


class CustodyError(EvidenceError):
    """A custody event is not allowed where it stands."""


class TimestampError(EvidenceError):
    """An RFC 3161 token does not verify."""


class BundleError(EvidenceError):
    """A bundle is malformed or its parts do not belong together."""
