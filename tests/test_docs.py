"""What the documents say is so: links lead somewhere, commands exist, both READMEs agree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/**/*.md")]
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"\./run ([a-z]+)")
_NEVER = ("铁证", "等同公证", "tamper-proof", "unforgeable")
"""Claims that no document of ours makes; those that it warns against stand in the glossary."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = [link.split("#")[0] for link in _LINK.findall(document.read_text("utf-8"))]
    local = [target for target in targets if target and "://" not in target]
    missing = [target for target in local if not (document.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_commands_exist(document: Path) -> None:
    known = set(re.findall(r"^  ([a-z |]+) \)|^  ([a-z |]+)\)", (ROOT / "run").read_text(), re.M))
    names = {name.strip() for pair in known for each in pair for name in each.split("|")} - {""}
    assert "demo" in names
    unknown = set(_COMMAND.findall(document.read_text("utf-8"))) - names
    assert unknown == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_documents_do_not_overclaim(document: Path) -> None:
    text = document.read_text("utf-8")
    if document.name == "glossary.md":
        text = text.split("## Words to avoid")[0]
    assert [claim for claim in _NEVER if claim in text] == []


def test_both_readmes_say_the_same() -> None:
    english = (ROOT / "README.md").read_text("utf-8")
    chinese = (ROOT / "README.zh-CN.md").read_text("utf-8")

    def outline(text: str) -> list[int]:
        return [len(mark) for mark in re.findall(r"^(#+) ", text, re.M)]

    def figures(text: str) -> list[str]:
        measured = text.split("./run bench")[1].split("## ")[0]
        return sorted(re.findall(r"[0-9][0-9,.]*[0-9]|[0-9]", measured))

    assert outline(english) == outline(chinese)
    assert set(_COMMAND.findall(english)) == set(_COMMAND.findall(chinese))
    assert set(_LINK.findall(english)) - {"README.zh-CN.md"} == set(_LINK.findall(chinese)) - {
        "README.md"
    }
    assert figures(english) == figures(chinese)
