"""What every page of ours has in common: templates, headers and the choice of language.

Owns no page. The verifier's page uses it, and so do the notary's, which add templates and a style
sheet of their own to `base.html` and `look.css`.
"""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from verifier.words import Language

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""A page is not framed, fed foreign scripts or named to other sites."""

_LANGUAGES = {"zh": Language.ZH, "en": Language.EN}


def open_templates(*packages: str) -> Environment:
    """Return the templates of these packages; of two with one name, that of the first."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package, "web/templates") for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def choose_language(asked: str | None, accept_language: str) -> Language:
    """Return the language of ?lang=, else the reader's first in Accept-Language, else Chinese."""
    wanted = [asked.lower()] if asked else _accepted(accept_language)
    return next((_LANGUAGES[tag[:2]] for tag in wanted if tag[:2] in _LANGUAGES), Language.ZH)


def _accepted(header: str) -> list[str]:
    """Return the language tags of Accept-Language (RFC 9110 §12.5.4), most wanted first."""
    weighted = []
    for item in header.lower().split(","):
        tag, _, quality = item.replace(" ", "").partition(";q=")
        try:
            weighted.append((float(quality or 1), tag))
        except ValueError:
            continue  # An item nobody can read says nothing about what its reader wants.
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]
