"""The committed artifact is what the committed source compiles to."""

import hashlib
import subprocess
import sys

from eth_keys.datatypes import PrivateKey

from contracts import load_artifact
from scripts.build_contract import ARTIFACT, SOURCE, build_artifact
from tests.unit.contracts.ledger import Ledger


def test_source_compiles_to_the_committed_artifact_byte_for_byte() -> None:
    assert build_artifact(SOURCE.read_bytes()) == ARTIFACT.read_bytes()


def test_artifact_names_its_source_and_compiler() -> None:
    artifact = load_artifact()
    assert artifact.source_sha256 == hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    assert artifact.compiler == "vyper 0.4.3"
    assert artifact.evm_version == "london"


def test_another_source_gives_another_artifact() -> None:
    changed = SOURCE.read_bytes().replace(b'"stale"', b'"older"')
    assert build_artifact(changed) != ARTIFACT.read_bytes()


def test_chain_keeps_the_runtime_bytecode_of_the_artifact(administrator: PrivateKey) -> None:
    ledger = Ledger(administrator)
    assert ledger.state.get_code(ledger.address) == load_artifact().runtime_bytecode


def test_loading_the_artifact_does_not_import_the_compiler() -> None:
    program = (
        "import sys, contracts; contracts.load_artifact(); "
        "sys.exit(any(name.partition('.')[0] == 'vyper' for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=SOURCE.parent.parent, check=True)
