"""The errors of this package, one tree.

    VerifierError
    ├── TrustError    a trust root is not one we can start from
    └── AddressError  a service cannot listen where it was told to

There is no error for a bundle: whatever is wrong with it becomes a finding of the report. A trust
root is what the reader chose to believe; if it cannot be read there is nothing to report on.
"""


class VerifierError(Exception):
    """Anything this package refuses."""


class TrustError(VerifierError):
    """A trust root is malformed or contradicts itself."""


class AddressError(VerifierError):
    """A service cannot listen where it was told to; the message says what to do."""
