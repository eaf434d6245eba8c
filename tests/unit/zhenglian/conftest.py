"""A stub notary and a client of it that does not rest between retries."""

from collections.abc import Iterator

import pytest

from tests.unit.zhenglian.stub_notary import StubNotary, running_stub
from zhenglian import Client, Retry

AT_ONCE = Retry(attempts=3, first_wait_s=0.0, longest_wait_s=0.0)


@pytest.fixture
def notary() -> Iterator[StubNotary]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def client(notary: StubNotary) -> Iterator[Client]:
    with Client(notary.url, timeout_s=5.0, retry=AT_ONCE) as client:
        yield client
