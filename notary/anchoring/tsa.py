"""Timestamp authorities: whoever states that a checkpoint existed by a time.

Owns the interface to them and the demo authority of the sandbox, which is run by the notary itself
and therefore shows nothing to a third party. Leaves the verification of tokens to
`evidence.timestamp` and when to ask for one to `notary.anchoring`.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec


class TimestampAuthority(Protocol):
    """Stamps messages: RFC 3161, inside the strict profile of format section 9.

    Stamping keeps nothing that a caller relies on. The same message may be stamped again, by the
    same or another process, at the same time or after a failure: each token stands for itself.

    Raises TimestampUnavailableError when no token could be had, whatever the cause; the caller
    tries again later, and goes on without a token meanwhile.
    """

    @property
    def name(self) -> str:
        """The name of the authority for people to read."""
        ...

    def stamp(self, message: bytes) -> bytes:
        """Return the DER of a token whose imprint is the SHA-256 of `message`."""
        ...


class DemoTimestampAuthority:
    """Signs the time of the machine it runs on, under keys of its own. Never fails.

    Implements TimestampAuthority.
    """

    name = "Zhenglian DEMO timestamp authority – sandbox"

    def __init__(
        self,
        *,
        root_certificate: x509.Certificate,
        signing_key: ec.EllipticCurvePrivateKey,
        signing_certificate: x509.Certificate,
        clock: Callable[[], datetime],
        new_serial: Callable[[], int],
    ) -> None:
        raise NotImplementedError

    @property
    def root_certificate_der(self) -> bytes:
        """The root to name in the sandbox trust root."""
        raise NotImplementedError

    def stamp(self, message: bytes) -> bytes:
        """Return the DER of a token whose imprint is the SHA-256 of `message`."""
        raise NotImplementedError


def create_demo_authority(
    clock: Callable[[], datetime],
    *,
    root_key: ec.EllipticCurvePrivateKey | None = None,
    signing_key: ec.EllipticCurvePrivateKey | None = None,
    new_serial: Callable[[], int] = lambda: secrets.randbits(64),
) -> DemoTimestampAuthority:
    """Return a demo authority; keys not given are made anew."""
    raise NotImplementedError
