"""Compile contracts/EvidenceLedger.vy into the committed artifact contracts/EvidenceLedger.json.

    python -m scripts.build_contract

Owns the form of the artifact. The same source and compiler always give the same bytes; a test
compiles again and compares.
"""

import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from vyper.compiler import compile_code
from vyper.compiler.settings import Settings

CONTRACTS = Path(__file__).resolve().parent.parent / "contracts"
SOURCE = CONTRACTS / "EvidenceLedger.vy"
ARTIFACT = CONTRACTS / "EvidenceLedger.json"
EVM_VERSION = "london"


def build_artifact(source: bytes) -> bytes:
    """Return the bytes of the artifact file for a Vyper source."""
    compiled: dict[str, Any] = compile_code(
        source.decode("utf-8"),
        contract_path=SOURCE.name,
        output_formats=["abi", "bytecode", "bytecode_runtime", "layout"],
        settings=Settings(evm_version=EVM_VERSION),
    )
    layout = compiled["layout"]["storage_layout"]
    artifact = {
        "contract": SOURCE.stem,
        "compiler": f"vyper {importlib.metadata.version('vyper')}",
        "evm_version": EVM_VERSION,
        "source_sha256": hashlib.sha256(source).hexdigest(),
        "storage_layout": {name: place["slot"] for name, place in layout.items()},
        "abi": compiled["abi"],
        "bytecode": compiled["bytecode"].removeprefix("0x"),
        "runtime_bytecode": compiled["bytecode_runtime"].removeprefix("0x"),
    }
    return (json.dumps(artifact, indent=1, sort_keys=True) + "\n").encode("utf-8")


if __name__ == "__main__":
    ARTIFACT.write_bytes(build_artifact(SOURCE.read_bytes()))
