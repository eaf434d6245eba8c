"""Whether a service of ours can listen where it was told to.

Owns the sentence that says why not. Leaves listening to the server, which a service only starts
once it holds everything else it needs.
"""

import errno
import socket

from verifier.errors import AddressError


def require_free(host: str, port: int) -> None:
    """Nobody listens at `host` and `port`, and we may; port 0 stands for any.

    Raises AddressError otherwise.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise AddressError(_sentence(host, port, error)) from error


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use by another program; stop that one, or choose another"
            " port with --port"
        )
    return f"expected to listen on port {port} of {host}: {error.strerror}"
