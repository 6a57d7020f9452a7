"""The countries of phones that are written as they are dialled there, to choose from."""

from __future__ import annotations

from functools import cache

from babel import Locale

from api.http.context import container
from api.web import texts
from api.web.texts import gettext as _
from domain.phones import COUNTRIES


def choices() -> list[tuple[str, str]]:
    """All of them by their names, after the one of the settings, which is meant without a
    choice."""
    usual = container().settings.default_region
    meant = _("as the settings say") + f": {name(usual)}" if usual else _("each has its own code")
    return [("", meant), *_named(texts.language())]


def name(code: str) -> str:
    """The country's name in the reader's language."""
    return dict(_named(texts.language()))[code]


@cache
def _named(language: str) -> list[tuple[str, str]]:
    names = Locale.parse(language).territories
    found = [(code, f"{names.get(code, code)} ({code})") for code in COUNTRIES]
    return sorted(found, key=lambda each: each[1].casefold())
