import socket

import pytest

from verifier.errors import AddressError
from verifier.listening import require_free


def test_free_port_is_left_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)
    require_free("127.0.0.1", 0)


def test_port_in_use_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressError, match=f"port {port} of 127.0.0.1 is in use.*--port"):
            require_free("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no host name"])
def test_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(AddressError, match=f"expected to listen on port 8001 of {host}: .+"):
        require_free(host, 8001)
