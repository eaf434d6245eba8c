"""The audit of a whole notary: whatever happened to it, this must hold of its data directory.

Owns the invariants that every crash test ends with. Nothing here asks the notary for its opinion
where the same can be computed anew from the entries.
"""

from collections.abc import Mapping

from chain.contract import EXTENDED_TOPIC, LedgerExtension, parse_extended
from chain.embedded import EmbeddedChain, open_embedded_chain
from chain.jsonrpc import ask, from_hex
from chain.ledger import EvidenceLedger
from chain.proof import EvmLog
from evidence.checkpoint import Checkpoint, verify_checkpoint
from evidence.custody import LinkedEntry, verify_stream
from evidence.digests import measure_chunks
from evidence.entry import Mode
from evidence.envelope import ENTRY_TYP, parse_envelope, verify_envelope
from evidence.keys import PublicKey
from evidence.merkle import leaf_hash, root_of
from evidence.tiles import Tile, tiles_between
from notary.anchoring import store as anchoring_store
from notary.deposits.model import DepositState
from notary.deposits.service import read_entry
from notary.log import store as log_store
from notary.log.store import CheckpointRow
from notary.settings import Settings
from notary.wiring import Notary, Seams, open_notary
from verifier.report import Status
from verifier.trust import parse_trust_root
from verifier.verify import verify_bundle


def audit(settings: Settings, seams: Seams, deposits: Mapping[str, bytes]) -> None:
    """The notary holds these deposits, stream by content, all anchored, and nothing is amiss."""
    with open_notary(settings, seams) as notary:
        leaves = _audit_streams(notary, deposits)
        checkpoints = _audit_log(notary, leaves)
        for stream, content in deposits.items():
            _audit_bundle(notary, seams, stream, content)
    _audit_ledger(settings, notary, checkpoints)


def _audit_streams(notary: Notary, deposits: Mapping[str, bytes]) -> list[bytes]:
    """Each stream is a custody chain of signed entries; returns the leaf hashes in log order."""

    def key_of(kid: str) -> PublicKey | None:
        signer = notary.trust.signer(kid)
        return None if signer is None else signer.public_key

    leaves: dict[int, bytes] = {}
    for stream in deposits:
        with notary.database.read() as connection:
            rows = log_store.stream_entries(connection, stream)
        assert rows, f"{stream} was acknowledged and is gone"
        for row in rows:
            verify_envelope(parse_envelope(row.envelope, ENTRY_TYP), key_of)
            assert row.leaf_hash == leaf_hash(row.envelope)
            assert row.log_index is not None
            leaves[row.log_index] = row.leaf_hash
        entries = [LinkedEntry(entry=read_entry(row), leaf_hash=row.leaf_hash) for row in rows]
        verify_stream(entries, log=notary.identity.origin, stream=stream)
    assert sorted(leaves) == list(range(len(leaves))), "the log has other entries, or gaps"
    return [leaves[index] for index in range(len(leaves))]


def _audit_log(notary: Notary, leaves: list[bytes]) -> list[Checkpoint]:
    """Checkpoints and tiles are those of the entries; returns the checkpoints in order."""
    key = notary.trust.logs[0].public_key
    checkpoints = []
    with notary.database.read() as connection:
        assert log_store.count_waiting(connection) == 0
        row = log_store.first_checkpoint_above(connection, 0)
        while row is not None:
            checkpoints.append(_audit_checkpoint(notary, row, key, leaves))
            assert len(anchoring_store.tokens_of(connection, row.size)) == 1
            row = log_store.first_checkpoint_above(connection, row.size)
    assert (checkpoints[-1].size if checkpoints else 0) == len(leaves)

    def no_tile(tile: Tile) -> bytes:
        raise AssertionError("a new tree has no right edge")

    for tile, content in tiles_between(0, leaves, no_tile):
        assert notary.tiles.read(tile) == content, tile.path()
    return checkpoints


def _audit_checkpoint(
    notary: Notary, row: CheckpointRow, key: PublicKey, leaves: list[bytes]
) -> Checkpoint:
    checkpoint = verify_checkpoint(row.note, origin=notary.identity.origin, public_key=key)
    assert (checkpoint.size, checkpoint.root) == (row.size, row.root)
    assert checkpoint.root == root_of(leaves[: checkpoint.size])
    return checkpoint


def _audit_bundle(notary: Notary, seams: Seams, stream: str, content: bytes) -> None:
    """A stranger with the bundle, the exhibit and the trust root in its file finds PASSED."""
    progress = notary.deposit_reader.read(stream)
    assert progress.state is DepositState.ANCHORED
    measured = measure_chunks([content])
    if progress.mode == Mode.FILE or len(progress.entries) > 1:
        assert progress.cid == measured.cid
        assert notary.blobs.verify(measured.cid).size_bytes == len(content)
        assert b"".join(notary.blobs.open(measured.cid)) == content
    trust = parse_trust_root(notary.settings.data.trust_root.read_bytes())
    unverified_bundle = notary.bundles.bundle(stream)
    report = verify_bundle(unverified_bundle, trust, exhibit=measured, now=seams.clock())
    assert report.status is Status.PASSED, report.findings


def _audit_ledger(settings: Settings, notary: Notary, checkpoints: list[Checkpoint]) -> None:
    """Executed again from genesis, the chain extended the log once to each checkpoint, in order."""
    log_id, contract = notary.identity.log_id, notary.trust.ledger.contract
    with open_embedded_chain(settings.data.chain, chain_id=settings.chain_id) as chain:
        report = chain.audit()
        assert report.ok, report.fault
        extensions = _extensions(chain, contract)
        state = EvidenceLedger(chain.web3(), contract).state(log_id)
    assert {extension.log_id for extension in extensions} <= {log_id}
    sizes = [checkpoint.size for checkpoint in checkpoints]
    assert [extension.previous_size for extension in extensions] == [0, *sizes][: len(sizes)]
    assert [(extension.size, extension.root) for extension in extensions] == [
        (checkpoint.size, checkpoint.root) for checkpoint in checkpoints
    ]
    if checkpoints:
        assert (state.size, bytes(state.root)) == (checkpoints[-1].size, checkpoints[-1].root)


def _extensions(chain: EmbeddedChain, contract: bytes) -> list[LedgerExtension]:
    wanted = {"fromBlock": "0x0", "toBlock": "latest", "topics": ["0x" + EXTENDED_TOPIC.hex()]}
    return [
        parse_extended(
            EvmLog(
                address=from_hex(log["address"]),
                topics=tuple(from_hex(topic) for topic in log["topics"]),
                data=from_hex(log["data"]),
            ),
            contract,
        )
        for log in ask(chain.web3(), "eth_getLogs", wanted)
    ]
