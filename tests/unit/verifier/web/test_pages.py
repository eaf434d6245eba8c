"""What all pages share: the choice of language, and templates that may be replaced one by one."""

import pytest
from jinja2 import TemplateNotFound

from verifier.web.pages import choose_language, open_templates
from verifier.words import Language


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", Language.ZH),
        (None, "en", Language.EN),
        (None, "fr, en-GB;q=0.5, zh;q=0.4", Language.EN),
        (None, "en;q=0.4, zh-CN;q=0.9", Language.ZH),
        (None, "en;q=0", Language.ZH),
        (None, "en;q=nonsense", Language.ZH),
        (None, "fr, de", Language.ZH),
        ("en", "zh", Language.EN),
        ("zh", "en", Language.ZH),
        ("fr", "en", Language.ZH),
    ],
)
def test_the_language_is_the_one_asked_for_or_preferred(
    asked: str | None, accepted: str, language: Language
) -> None:
    assert choose_language(asked, accepted) is language


def test_templates_of_the_first_package_come_first() -> None:
    templates = open_templates("notary", "verifier")
    for name, package in (("form.html", "notary"), ("base.html", "verifier")):
        filename = templates.get_template(name).filename
        assert filename is not None
        assert f"/{package}/web/templates/" in filename
    with pytest.raises(TemplateNotFound):
        open_templates("verifier").get_template("notary.html")
