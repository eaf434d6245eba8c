import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chain.errors import RpcError
from evidence.checkpoint import read_note
from evidence.merkle import leaf_hash, root_of
from notary.anchoring.model import Progress
from notary.app import create_app
from notary.errors import DataDirectoryLockedError, KeyFileError, StartError
from notary.settings import Settings
from notary.storage.car import CarStore
from notary.wiring import Notary, Seams, open_ledger
from verifier.report import Status, Step
from verifier.trust import Assurance, parse_trust_root
from verifier.verify import verify_bundle

Anchored = Callable[[TestClient, str], dict[str, Any]]


def notary_of(client: TestClient) -> Notary:
    notary: Notary = client.app.state.notary  # type: ignore[attr-defined]
    return notary


def problem_of(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_the_status_follows_the_log(client: TestClient, anchored: Anchored) -> None:
    new = client.get("/v1/status").json()
    assert (new["log_size"], new["anchored_size"], new["pending"]) == (0, 0, 0)
    assert new["last_anchored_at"] is None
    anchored(client, client.post("/v1/deposits", content=b"x").json()["links"]["self"])
    status = client.get("/v1/status").json()
    assert (status["log_size"], status["anchored_size"], status["pending"]) == (1, 1, 0)
    assert status["last_anchored_at"] is not None
    assert status["anchoring"] == "running"
    assert status["assurance"] == "sandbox"
    assert status["chain"]["chain_id"] == 20_180_907
    assert status["software"].startswith("zhenglian ")


def test_the_trust_root_is_served_and_lies_in_the_data_directory(
    client: TestClient, settings: Settings
) -> None:
    served = client.get("/v1/trust-root")
    assert served.headers["content-type"] == "application/json"
    assert served.content == settings.data.trust_root.read_bytes()
    trust = parse_trust_root(served.content)
    assert trust.assurance is Assurance.SANDBOX
    assert trust.logs[0].origin == client.get("/v1/status").json()["log"]


def test_checkpoint_and_tiles_are_published(client: TestClient, anchored: Anchored) -> None:
    assert problem_of(client.get("/log/checkpoint")) == (404, "not-found")
    for n in range(3):
        anchored(client, client.post("/v1/deposits", content=bytes([n])).json()["links"]["self"])
    answer = client.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = read_note(answer.text).checkpoint
    assert checkpoint.size == 3
    tile = client.get("/log/tile/0/000.p/3")
    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]
    leaves = [tile.content[at : at + 32] for at in (0, 32, 64)]
    assert root_of(leaves) == checkpoint.root
    with notary_of(client).database.read() as connection:
        envelopes = connection.execute(text("SELECT envelope FROM entries ORDER BY id")).scalars()
        assert [leaf_hash(envelope) for envelope in envelopes] == leaves


@pytest.mark.parametrize(
    "path", ["0/000", "0/000.p/200", "0/001.p/1", "6/000", "0/0", "entries/000", "..%2f..%2fkeys"]
)
def test_what_is_no_tile_is_not_found(
    shared_client: TestClient, anchored: Anchored, path: str
) -> None:
    view = shared_client.post("/v1/deposits", content=b"x").json()
    anchored(shared_client, view["links"]["self"])
    assert problem_of(shared_client.get(f"/log/tile/{path}")) == (404, "not-found")


def test_a_healthy_notary_says_so(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_broken_part_makes_it_unready_and_is_named(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    notary = notary_of(client)

    def broken_blobs() -> None:
        raise OSError("input/output error")

    def broken_chain() -> None:
        raise RpcError("no answer")

    for part, target, name, broken in (
        ("blobs", notary.blobs, "begin", broken_blobs),
        ("chain", notary.operations._ledger, "state", broken_chain),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, broken)
            answer = client.get("/readyz")
        assert problem_of(answer) == (503, "not-ready")
        assert answer.json()["part"] == part
        assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_thread_that_ended_is_noticed(client: TestClient) -> None:
    notary_of(client).loop.stop()
    answer = client.get("/readyz")
    assert problem_of(answer) == (503, "not-ready")
    assert answer.json()["part"] == "anchoring"
    assert client.get("/v1/status").json()["anchoring"] == "halted"


def test_a_fork_halts_anchoring_and_says_what_to_do(
    settings: Settings, anchored: Anchored, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(create_app(settings)) as client:
        anchored(client, client.post("/v1/deposits", content=b"x").json()["links"]["self"])
    settings.data.chain.rename(tmp_path / "lost")
    with TestClient(create_app(settings)) as client:
        notary_of(client).loop._thread.join(60)
        answer = client.get("/readyz")
        assert problem_of(answer) == (503, "not-ready")
        assert answer.json()["part"] == "anchoring"
        assert "backup" in answer.json()["detail"]
        assert client.get("/v1/status").json()["anchoring"] == "halted"
    assert "stopped for good" in caplog.text


def test_deposits_go_on_while_the_chain_fails(settings: Settings) -> None:
    class Unreachable:
        def __init__(self, ledger: Any) -> None:
            self._ledger = ledger

        def __getattr__(self, name: str) -> Any:
            return getattr(self._ledger, name)

        def state(self) -> None:
            raise RpcError("no answer")

    seams = Seams(open_ledger=lambda *args: Unreachable(open_ledger(*args)))  # type: ignore[return-value,arg-type]
    with TestClient(create_app(settings, seams=seams)) as client:
        view = client.post("/v1/deposits", content=b"x").json()
        assert view["state"] == "acknowledged"
        answer = client.get(view["links"]["bundle"])
        assert problem_of(answer) == (409, "not-anchored-yet")
        assert answer.headers["retry-after"] == "1"
        assert client.get("/v1/status").json()["pending"] == 1
        assert client.get("/readyz").status_code == 503


def test_a_restart_keeps_everything(settings: Settings) -> None:
    seen: dict[str, dict[str, Any]] = {}
    trust = None
    for n in range(3):
        with TestClient(create_app(settings)) as client:
            for path, view in seen.items():
                assert client.get(path).json()["acknowledgement"] == view["acknowledgement"]
            served = client.get("/v1/trust-root").content
            assert trust in (None, served)
            trust = served
            view = client.post("/v1/deposits", content=bytes([n])).json()
            seen[view["links"]["self"]] = view
    with TestClient(create_app(settings)) as client:
        notary_of(client).loop.stop()
        # Whatever was not anchored when the process ended is anchored by the next one.
        while notary_of(client).anchorer.run_once() is not Progress.IDLE:
            pass
        assert trust is not None
        for view in seen.values():
            report = verify_bundle(
                client.get(view["links"]["bundle"]).content, parse_trust_root(trust)
            )
            bad = [f for f in report.findings if f.status is not Status.PASSED]
            assert [finding.step for finding in bad] == [Step.EXHIBIT]


def test_a_tampered_entry_is_not_handed_out(
    client: TestClient, anchored: Anchored, caplog: pytest.LogCaptureFixture
) -> None:
    view = anchored(
        client, client.post("/v1/deposits?note=a", content=b"x").json()["links"]["self"]
    )
    assert client.get(view["links"]["bundle"]).status_code == 200
    with notary_of(client).database.write() as connection:
        connection.execute(text("DROP TRIGGER entries_are_never_changed"))
        connection.execute(
            text(
                "UPDATE entries SET particulars ="
                " CAST(replace(CAST(particulars AS TEXT), '\"a\"', '\"b\"') AS BLOB)"
            )
        )
    with caplog.at_level(logging.CRITICAL):
        answer = client.get(view["links"]["bundle"])
    assert problem_of(answer) == (500, "bundle-refused")
    assert "particulars_mismatch" in caplog.text


def test_a_second_notary_on_the_same_directory_does_not_start(
    client: TestClient, settings: Settings
) -> None:
    assert client.get("/healthz").status_code == 200
    with pytest.raises(DataDirectoryLockedError), TestClient(create_app(settings)):
        pytest.fail("it started")


def test_a_key_others_can_read_stops_the_start(settings: Settings) -> None:
    with TestClient(create_app(settings)):
        pass
    (settings.data.keys / "ledger.pem").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"), TestClient(create_app(settings)):
        pytest.fail("it started")


def test_a_chain_of_another_id_stops_the_start(settings: Settings) -> None:
    with TestClient(create_app(settings)):
        pass
    other = settings.model_copy(update={"chain_id": 7})
    with pytest.raises(StartError, match="chain 7"), TestClient(create_app(other)):
        pytest.fail("it started")


def test_uploads_that_a_crash_left_are_swept(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    CarStore(settings.data.blobs)
    (settings.data.blobs / "incoming" / "left.part").write_bytes(b"half")
    with caplog.at_level(logging.INFO), TestClient(create_app(settings)):
        assert list((settings.data.blobs / "incoming").iterdir()) == []
    assert "removed 1 uploads" in caplog.text


def test_a_sandbox_says_so_at_the_start(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(create_app(settings)):
        pass
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "no independent evidence" in warning.getMessage()
