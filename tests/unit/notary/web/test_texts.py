"""The words of the pages: complete, used, and never more than can be shown."""

import re
from pathlib import Path

import pytest

import verifier.web
from notary import web
from notary.problems import PROBLEMS as PROBLEMS_OF_THE_SERVICE
from notary.web.texts import PAGE, PROBLEMS, SANDBOX, SCRIPT
from verifier.web.texts import FRAME as WORDS_OF_THE_FRAME

WEB = Path(str(web.__file__)).parent
SCRIPTS = "\n".join(path.read_text() for path in sorted((WEB / "static").glob("*.js")))
FRAME = Path(str(verifier.web.__file__)).parent / "templates" / "base.html"
TEMPLATES = "\n".join(
    path.read_text() for path in (FRAME, *sorted((WEB / "templates").glob("*.html")))
)
FORBIDDEN = re.compile(
    "法律效力|不可篡改|绝对|保证真实|确权"
    "|legally binding|tamper-proof|immutable|authentic|guarantee",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "texts",
    [PAGE, SCRIPT, PROBLEMS, {"sandbox": SANDBOX}],
    ids=["page", "script", "problems", "sandbox"],
)
def test_every_text_is_there_in_both_languages_and_claims_nothing_more(
    texts: dict[str, object],
) -> None:
    for name, text in texts.items():
        for sentence in (text.zh, text.en):  # type: ignore[attr-defined]
            assert sentence.strip() == sentence != "", name
            assert not FORBIDDEN.search(sentence), name


def test_both_languages_take_the_same_values() -> None:
    for name, text in {**SCRIPT, **PROBLEMS}.items():
        assert set(re.findall(r"\{\w+\}", text.zh)) == set(re.findall(r"\{\w+\}", text.en)), name


def test_the_scripts_find_every_word_they_ask_for_and_ask_for_every_word() -> None:
    asked = set(re.findall(r"\bwords\.(\w+)", SCRIPTS)) - {"js", "lang", "problems"}
    built = {name for name in SCRIPT if name.startswith(("state_", "mode_"))}
    # words[state] in deposit.js
    built |= {"done", "running", "to_come"}
    assert asked <= set(SCRIPT)
    assert asked | built == set(SCRIPT)


def test_the_templates_use_every_word_of_the_page() -> None:
    named = set(re.findall(r"\bt\.(\w+)", TEMPLATES))
    built = {name for name in PAGE if name.startswith("step_")}
    rows = {name for name in PAGE if f'"{name}"' in TEMPLATES}
    assert named | built | rows == {*PAGE, *WORDS_OF_THE_FRAME}


def test_the_problems_explained_are_problems_of_the_service() -> None:
    assert set(PROBLEMS) - {"other"} <= set(PROBLEMS_OF_THE_SERVICE)
