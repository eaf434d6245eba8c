"""The client against a notary over real sockets: what it sends, believes, repeats and refuses."""

import hashlib
import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.zhenglian.conftest import AT_ONCE
from tests.unit.zhenglian.stub_notary import (
    BUNDLE,
    LOG,
    StubNotary,
    answer,
    answer_early,
    carry_out_then_cut,
    cut,
    refuse,
)
from zhenglian import (
    AcknowledgementError,
    AnswerError,
    Client,
    DepositUnknownError,
    DigestMismatchError,
    ExhibitTooLargeError,
    FileChangedError,
    NotAnchoredYetError,
    OriginalDiffersError,
    ProblemError,
    State,
    TransportError,
    WaitTimeoutError,
    digests_of,
)
from zhenglian.digests import CHUNK_BYTES

UNKNOWN = "exhibit:" + "f" * 32


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    path = tmp_path / "截图.png"
    path.write_bytes(hashlib.shake_128(b"exhibit").digest(2 * CHUNK_BYTES + 17))
    return path


def test_a_deposited_file_comes_back_with_its_digests(client: Client, exhibit: Path) -> None:
    deposit = client.deposit_file(exhibit)
    assert deposit.exhibit == digests_of(exhibit)
    assert (deposit.mode, deposit.state, deposit.log) == ("FILE", State.ACKNOWLEDGED, LOG)
    assert deposit.entries[0].recorded_at == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert not deposit.anchored


def test_everything_said_about_a_file_reaches_the_notary(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    shanghai = timezone(timedelta(hours=8))
    client.deposit_file(
        exhibit,
        note="页面 & 价格",
        source="https://shop.example/1?a=b",
        claimed_at=datetime(2026, 1, 31, 16, 0, 0, 123456, tzinfo=shanghai),
        confidentiality="SECRET",
        role="PLATFORM_ORG",
        idempotency_key="order-17",
    )
    assert notary.queries == [
        {
            "file_name": "截图.png",
            "media_type": "image/png",
            "note": "页面 & 价格",
            "source": "https://shop.example/1?a=b",
            "claimed_at": "2026-01-31T08:00:00.123Z",
            "confidentiality": "SECRET",
            "role": "PLATFORM_ORG",
        }
    ]
    assert notary.keys == ["order-17"]
    assert notary.lengths == [str(exhibit.stat().st_size)]


def test_a_file_object_is_deposited_under_the_name_given(
    client: Client, notary: StubNotary
) -> None:
    deposit = client.deposit_file(io.BytesIO(b"abc"), file_name="abc.pdf")
    assert deposit.exhibit.size_bytes == 3
    assert notary.queries == [{"file_name": "abc.pdf", "media_type": "application/pdf"}]


def test_a_pipe_is_deposited_without_a_length(client: Client, notary: StubNotary) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        deposit = client.deposit_file(pipe)
    assert deposit.exhibit.size_bytes == 11
    assert notary.lengths == [None]


def test_a_pipe_is_never_sent_twice(client: Client, notary: StubNotary) -> None:
    notary.faults.append(cut)
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe, pytest.raises(TransportError):
        client.deposit_file(pipe)
    assert len(notary.requests) == 1


def test_a_time_without_zone_is_refused_before_anything_is_sent(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    with pytest.raises(ValueError, match="time zone"):
        client.deposit_file(exhibit, claimed_at=datetime(2026, 1, 31))
    assert notary.requests == []


def test_a_notary_that_records_other_bytes_is_caught(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    notary.recorded = lambda content: bytes([content[0] ^ 1]) + content[1:]
    with pytest.raises(DigestMismatchError, match="the notary recorded"):
        client.deposit_file(exhibit)
    assert client.deposit_file(exhibit, expect_digests=False).mode == "FILE"


def test_an_answer_before_the_whole_file_is_not_believed(
    client: Client, notary: StubNotary
) -> None:
    notary.faults.append(answer_early)
    with pytest.raises(DigestMismatchError, match="before it was sent the whole file"):
        client.deposit_file(io.BytesIO(bytes(64 * CHUNK_BYTES)))


def test_a_file_that_cannot_be_read_raises_what_the_file_raised(
    client: Client, notary: StubNotary
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        client.deposit_file(Failing(b"content"))
    assert notary.deposits == {}


def test_a_file_that_changes_while_it_is_sent_is_not_deposited(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    def grow(_done: int, _total: int | None) -> None:
        with exhibit.open("ab") as more:
            more.write(b"more")

    with pytest.raises(FileChangedError):
        client.deposit_file(exhibit, progress=grow)
    assert notary.deposits == {}


@pytest.mark.parametrize(
    "fault", [cut, carry_out_then_cut, refuse("not-ready", 503, retry_after="0")]
)
def test_a_deposit_survives_a_fault_and_is_made_once(
    client: Client, notary: StubNotary, exhibit: Path, fault: object
) -> None:
    notary.faults.append(fault)  # type: ignore[arg-type]
    deposit = client.deposit_file(exhibit)
    assert deposit.exhibit == digests_of(exhibit)
    assert len(notary.deposits) == 1
    assert len(notary.requests) == 2
    assert len(set(notary.keys)) == 1


def test_two_deposits_of_one_file_have_keys_of_their_own(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    assert client.deposit_file(exhibit).stream != client.deposit_file(exhibit).stream
    assert len(set(notary.keys)) == 2


def test_retries_end(client: Client, notary: StubNotary) -> None:
    notary.faults.extend([cut] * AT_ONCE.attempts)
    with pytest.raises(TransportError, match=r"127\.0\.0\.1"):
        client.status()
    assert len(notary.requests) == AT_ONCE.attempts
    assert client.status().log_size == 3


def test_a_refusal_is_not_repeated(client: Client, notary: StubNotary, exhibit: Path) -> None:
    notary.faults.append(refuse("exhibit-too-large", 413, limit_bytes=10))
    with pytest.raises(ExhibitTooLargeError) as caught:
        client.deposit_file(exhibit)
    error = caught.value
    assert (error.code, error.status) == ("exhibit-too-large", 413)
    assert str(error) == error.detail == "The detail of exhibit-too-large."
    assert error.fields == {"limit_bytes": 10}
    assert len(notary.requests) == 1


def test_a_problem_of_a_later_notary_keeps_its_code(client: Client, notary: StubNotary) -> None:
    notary.faults.append(refuse("moon-phase", 422))
    with pytest.raises(ProblemError) as caught:
        client.status()
    assert caught.value.code == "moon-phase"


def test_a_refusal_without_a_problem_keeps_its_status(client: Client, notary: StubNotary) -> None:
    notary.faults.append(answer(b"<h1>Forbidden</h1>", status=403))
    with pytest.raises(ProblemError, match="403") as caught:
        client.status()
    assert caught.value.code == "http-403"


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"{}", b'{"log": 1, "log_size": "many"}'])
def test_an_answer_that_is_not_a_notarys_is_refused(
    client: Client, notary: StubNotary, raw: bytes
) -> None:
    notary.faults.append(answer(raw))
    with pytest.raises(AnswerError):
        client.status()


def test_a_redirect_is_refused(client: Client, notary: StubNotary) -> None:
    notary.faults.append(answer(b"", status=307))
    with pytest.raises(AnswerError, match="307"):
        client.status()


def test_nobody_listening_is_a_transport_error() -> None:
    with Client("http://127.0.0.1:9", retry=AT_ONCE) as client, pytest.raises(TransportError):
        client.status()


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected"), Client(url, retry=AT_ONCE) as client:
        client.status()


def test_digests_alone_are_deposited(client: Client, notary: StubNotary, exhibit: Path) -> None:
    measured = digests_of(exhibit)
    deposit = client.deposit_digests(measured.digests, measured.size_bytes, note="hash only")
    assert (deposit.mode, deposit.exhibit, deposit.cid) == ("DIGESTS", measured, None)
    assert notary.queries == [
        {
            "digests": list(measured.digests),
            "size_bytes": measured.size_bytes,
            "note": "hash only",
        }
    ]


def test_a_lost_answer_to_digests_is_asked_for_again(client: Client, notary: StubNotary) -> None:
    notary.faults.append(carry_out_then_cut)
    client.deposit_digests(("sha256:" + "0" * 64, "sm3:" + "0" * 64), 1)
    assert len(notary.deposits) == 1


def test_the_original_joins_its_digests_and_another_file_does_not(
    client: Client, exhibit: Path
) -> None:
    measured = digests_of(exhibit)
    stream = client.deposit_digests(measured.digests, measured.size_bytes).stream
    assert client.add_original(stream, exhibit).exhibit == measured
    with pytest.raises(OriginalDiffersError):
        client.add_original(stream, io.BytesIO(b"another"))


def test_waiting_ends_when_the_deposit_is_anchored(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    stream = client.deposit_file(exhibit).stream
    seen: list[State] = []
    deposit = client.wait_until_anchored(stream, on_answer=lambda answer: seen.append(answer.state))
    assert deposit.anchored
    assert deposit.existed_by == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert seen == [State.ACKNOWLEDGED, State.ANCHORED]


def test_waiting_ends_when_the_time_is_up(
    client: Client, notary: StubNotary, exhibit: Path
) -> None:
    notary.anchor_after = 1_000
    stream = client.deposit_file(exhibit).stream
    with pytest.raises(WaitTimeoutError, match=r"acknowledged but not anchored after 0\.05 s"):
        client.wait_until_anchored(stream, timeout_s=0.05)


def test_a_bundle_is_handed_out_once_anchored(client: Client, exhibit: Path) -> None:
    stream = client.deposit_file(exhibit).stream
    with pytest.raises(NotAnchoredYetError) as caught:
        client.bundle(stream)
    assert caught.value.retry_after_s == 1.0
    client.wait_until_anchored(stream)
    assert client.bundle(stream) == BUNDLE


def test_a_bundle_is_saved_under_its_name_or_the_one_given(
    client: Client, notary: StubNotary, exhibit: Path, tmp_path: Path
) -> None:
    notary.anchor_after = 0
    stream = client.deposit_file(exhibit).stream
    client.get(stream)
    named = client.save_bundle(stream, tmp_path)
    assert named == tmp_path / f"{stream.removeprefix('exhibit:')}.evidence.json"
    assert client.save_bundle(stream, tmp_path / "mine.json").read_bytes() == BUNDLE
    assert sorted(tmp_path.iterdir()) == sorted([exhibit, named, tmp_path / "mine.json"])


def test_a_bundle_that_cannot_be_saved_leaves_nothing_behind(
    client: Client, notary: StubNotary, exhibit: Path, tmp_path: Path
) -> None:
    notary.anchor_after = 0
    stream = client.deposit_file(exhibit).stream
    client.get(stream)
    with pytest.raises(OSError, match="absent"):
        client.save_bundle(stream, tmp_path / "absent" / "b.json")
    assert list(tmp_path.iterdir()) == [exhibit]


def test_a_deposit_the_notary_does_not_have_is_unknown(client: Client) -> None:
    with pytest.raises(DepositUnknownError):
        client.get(UNKNOWN)


@pytest.mark.parametrize("stream", ["", "exhibit:1", "../status", UNKNOWN.upper(), UNKNOWN + "\n"])
def test_what_is_no_stream_id_is_refused(client: Client, notary: StubNotary, stream: str) -> None:
    for call in (client.get, client.bundle, client.save_bundle, client.wait_until_anchored):
        with pytest.raises(ValueError, match="expected a stream id"):
            call(stream)
    assert notary.requests == []


def test_the_status_is_read_past_members_of_later_versions(client: Client) -> None:
    status = client.status()
    assert (status.log, status.log_size, status.anchored_size, status.pending) == (LOG, 3, 2, 1)
    assert status.last_anchored_at == datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.fixture
def trusting(notary: StubNotary) -> Iterator[Client]:
    with Client(notary.url, retry=AT_ONCE, trust_root=notary.trust_root()) as client:
        yield client


def test_with_a_trust_root_every_acknowledgement_must_verify(
    trusting: Client, notary: StubNotary, exhibit: Path
) -> None:
    stream = trusting.deposit_file(exhibit).stream
    assert trusting.get(stream).stream == stream
    notary.key = Ed25519PrivateKey.generate()
    with pytest.raises(AcknowledgementError):
        trusting.deposit_file(exhibit)


def test_the_trust_root_is_handed_out_as_it_is(client: Client, notary: StubNotary) -> None:
    assert client.trust_root() == notary.trust_root()
