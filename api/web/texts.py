"""The pages' texts: English in the templates, other languages in catalogues beside them.

``locale/<language>/messages.po`` is the source that translators edit; it is read as it is, so there
is nothing to compile.
"""

from __future__ import annotations

import io
import math
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import has_request_context, request

LOCALE = Path(__file__).parent / "locale"
# By their code, as they call themselves.
LANGUAGES = {"en": "English", "ms": "Bahasa Melayu", "id": "Bahasa Indonesia"}
COOKIE = "sendtrail_language"


def language() -> str:
    """The reader's: what was chosen, else what the browser prefers, else English."""
    if not has_request_context():
        return "en"
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")


def choices() -> list[tuple[str, str]]:
    """The languages that there are, by code, as they call themselves."""
    return list(LANGUAGES.items())


def gettext(text: str) -> str:
    """The text in the reader's language."""
    return _catalogue(language()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The text for so many, in the reader's language."""
    return _catalogue(language()).ngettext(one, many, count)


def said(text: str) -> str:
    """The text itself, which is translated when it is shown: marks it for the catalogues."""
    return text


def word(name: str | None) -> str:
    """A state or a reason, as the API names it, in the reader's language; what no catalogue has is
    shown as it is."""
    return gettext(name).replace("_", " ") if name else ""


def duration(seconds: float) -> str:
    """So long, in minutes where it is some."""
    whole = math.ceil(seconds / 60)
    if seconds < 60:
        return ngettext("%(num)s second", "%(num)s seconds", math.ceil(seconds)) % {
            "num": math.ceil(seconds)
        }
    return ngettext("%(num)s minute", "%(num)s minutes", whole) % {"num": whole}


@cache
def _catalogue(code: str) -> NullTranslations:
    path = LOCALE / code / "messages.po"
    if code == "en" or not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
