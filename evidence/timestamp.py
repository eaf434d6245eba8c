"""The timestamp token: an outside authority's statement that a message existed by a time.

Owns the strict profile of RFC 3161 tokens of format section 9. Leaves which roots are trusted to
the verifier, and what the message is to the bundle. The signature and the certificate path are
verified by `rfc3161_client`; the profile, the imprint and the times are read with `asn1crypto`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evidence.errors import TimestampError

MAX_TOKEN_BYTES: Final = 32 * 2**10
"""A token with a path of four RSA certificates takes about 6 kB (format section 16)."""


class TokenMalformedError(TimestampError):
    """The bytes are not a token of the strict profile."""


class TokenImprintError(TimestampError):
    """The token is over another message."""


class UnknownAuthorityError(TimestampError):
    """The certificate path of the token does not end in a trusted root."""


class TokenSignatureError(TimestampError):
    """The signature of the token or the validity of a certificate does not verify."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTime:
    """The time that a verified token states.

    accuracy: how far the true time may lie before or after `time`.
    authority: the name under which the trust root knows the root certificate.
    """

    time: datetime
    accuracy: timedelta
    authority: str

    @property
    def latest(self) -> datetime:
        """Return the time by which the message existed, whatever the authority's clock error."""
        return self.time + self.accuracy


def verify_token(token: bytes, message: bytes, roots: Mapping[str, bytes]) -> TokenTime:
    """Return the time that a trusted authority states for `message`.

    roots: DER of the trusted root certificates by name.

    Raises:
        TokenMalformedError, TokenImprintError, UnknownAuthorityError, TokenSignatureError.
    """
    raise NotImplementedError
