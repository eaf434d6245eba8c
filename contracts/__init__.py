"""The EvidenceLedger contract as it was compiled: source, artifact and the loader of the artifact.

Owns the committed `EvidenceLedger.json`, made by `scripts/build_contract.py` from
`EvidenceLedger.vy`. Leaves deploying and calling it to the engines of `chain`; the compiler is not
needed to use it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A compiled contract."""

    abi: tuple[Mapping[str, Any], ...]
    """Solidity ABI JSON."""
    bytecode: bytes
    """Creation code: the payload of the deploying tx."""
    runtime_bytecode: bytes
    """The code that the chain keeps; nothing in it depends on the deployment."""
    compiler: str
    """Name and version."""
    evm_version: str
    source_sha256: str
    """64 hex digits: the digest of the source file."""
    storage_slots: Mapping[str, int]
    """Storage slot of each state variable."""


def load_artifact() -> Artifact:
    """Return the committed artifact of the EvidenceLedger contract."""
    text = resources.files(__name__).joinpath("EvidenceLedger.json").read_text(encoding="utf-8")
    fields = json.loads(text)
    return Artifact(
        abi=tuple(fields["abi"]),
        bytecode=bytes.fromhex(fields["bytecode"]),
        runtime_bytecode=bytes.fromhex(fields["runtime_bytecode"]),
        compiler=fields["compiler"],
        evm_version=fields["evm_version"],
        source_sha256=fields["source_sha256"],
        storage_slots=fields["storage_layout"],
    )
