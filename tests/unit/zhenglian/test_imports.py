"""The SDK stands alone: what a platform installs is httpx2 and cryptography, nothing of ours."""

import ast
import sys
from pathlib import Path

import zhenglian

ALLOWED = {"zhenglian", "httpx2", "cryptography"}


def imported_roots(source: str) -> set[str]:
    roots = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").partition(".")[0])
    return roots


def test_nothing_but_its_two_dependencies_is_imported() -> None:
    package = Path(str(zhenglian.__file__)).parent
    sources = sorted(package.glob("**/*.py"))
    assert {path.stem for path in sources} > {"client", "transport", "digests"}
    roots = set[str]().union(*(imported_roots(path.read_text()) for path in sources))
    assert roots - sys.stdlib_module_names <= ALLOWED


def test_every_public_name_is_exported_and_there() -> None:
    assert sorted(zhenglian.__all__) == zhenglian.__all__
    assert all(hasattr(zhenglian, name) for name in zhenglian.__all__)
    assert (Path(str(zhenglian.__file__)).parent / "py.typed").exists()
