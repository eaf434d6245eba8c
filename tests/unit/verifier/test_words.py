import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import pytest

from verifier import words
from verifier.report import NotChecked, Reason, Status, Step, TimeKind
from verifier.trust import Assurance
from verifier.web.texts import PAGE
from verifier.words import Language, Text

CHINESE = re.compile(r"[\u4e00-\u9fff，。；：]")

OVERCLAIMS = (
    "具有法律效力",
    "法律效力",
    "铁证",
    "等同公证",
    "公证",
    "不可篡改",
    "无法篡改",
    "绝对",
    "保证真实",
    "authentic",
    "genuine",
    "tamper-proof",
    "immutable",
    "legally binding",
    "legal effect",
    "notarized",
    "notarised",
    "proves that",
    "guarantee",
)


def all_texts() -> Iterator[Text]:
    for value in (*vars(words).values(), PAGE):
        if isinstance(value, Text):
            yield value
        elif isinstance(value, Mapping):
            yield from (text for text in value.values() if isinstance(text, Text))


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (words.CONCLUSIONS, Status),
        (words.STATUSES, Status),
        (words.SYMBOLS, Status),
        (words.STEPS, Step),
        (words.SHOWN, Step),
        (words.REASONS, Reason),
        (words.NOT_CHECKED, NotChecked),
        (words.TIME_KINDS, TimeKind),
        (words.ASSURANCES, Assurance),
    ],
)
def test_every_member_has_words(table: Mapping[Enum, object], members: type[Enum]) -> None:
    assert set(table) == set(members)


def test_every_text_is_in_both_languages() -> None:
    texts = list(all_texts())
    assert len(texts) > len(Reason) + len(Step) + len(PAGE)
    for text in texts:
        assert re.search("[A-Za-z]", text.in_(Language.EN)), text
        assert not CHINESE.search(text.in_(Language.EN)), text
        assert CHINESE.search(text.in_(Language.ZH)), text


@pytest.mark.parametrize("word", OVERCLAIMS)
def test_no_text_overclaims(word: str) -> None:
    sources = [text.zh + text.en for text in all_texts()]
    sources += [path.read_text() for path in Path(words.__file__).parent.glob("web/**/*.html")]
    assert [source for source in sources if word in source.lower()] == []


def test_the_search_for_overclaims_finds_one() -> None:
    assert any("真实" in text.zh or "属实" in text.zh for text in all_texts())


def test_both_languages_fill_the_same_places() -> None:
    for text in all_texts():
        assert re.findall(r"{.*?}", text.zh) == re.findall(r"{.*?}", text.en), text


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_one_sentence_that_says_what_to_do(reason: Reason) -> None:
    text = words.REASONS[reason]
    assert text.zh.endswith("。")
    assert re.search("请", text.zh)
    assert text.en.endswith(".")
    assert len(text.zh) <= 60


def test_mismatch_does_not_accuse() -> None:
    for text in (words.COMMON_CAUSES, words.NO_BLAME):
        assert "不一致不等于当事人造假" in text.zh
        assert "does not mean that a party forged anything" in text.en
    assert "不表示文件有问题" in words.NOT_SUSPECT.zh


def test_a_mismatched_pair_of_languages_is_told_apart() -> None:
    assert Text("甲", "a").in_(Language.ZH) == "甲"
    assert Text("甲", "a").in_(Language.EN) == "a"
