"""The offline verifier stays small, and our flat package names are ours.

What is imported is asked of a fresh interpreter: in this one, other tests have loaded everything.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOREIGN_TO_THE_VERIFIER = (
    "web3",
    "eth",
    "eth_account",
    "trie",
    "rlp",
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "httpx",
    "httpx2",
    "sqlite3",
    "jinja2",
    "typer",
    "notary",
    "tests",
)
OUR_PACKAGES = {
    "contracts": "contracts",
    "chain": "chain",
    "evidence": "evidence",
    "notary": "notary",
    "verifier": "verifier",
    "zhenglian": "sdk/python/zhenglian",
}


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after `statement`."""
    program = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["verifier.verify", "verifier.trust", "verifier.report"])
def test_verifier_core_loads_no_chain_client_framework_or_database(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert "verifier" in loaded
    assert loaded.isdisjoint(FOREIGN_TO_THE_VERIFIER)


@pytest.mark.parametrize("package", OUR_PACKAGES)
def test_top_level_name_resolves_to_this_project(package: str) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    places = [Path(place).resolve() for place in spec.submodule_search_locations]
    assert places == [ROOT / OUR_PACKAGES[package]]
