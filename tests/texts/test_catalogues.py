"""Every text of the pages is in every catalogue, and translations keep what they are given."""

from __future__ import annotations

import ast
import re

import pytest

from tests.texts import catalogues
from tests.texts.catalogues import COMMAND, LANGUAGES

# What is replaced in a text: %(num)s, and what is typed as it stands.
_KEPT = re.compile(r"%\(\w+\)[sd]|%%|\{[a-z|]+\}|sendtrail [a-z ]+|\.xlsx|2026-03-01T09:00")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    """Adding a text needs one command; until it is translated it is English."""
    needed, there = set(catalogues.needed()), set(catalogues.messages(language))
    assert not needed - there, f"{COMMAND} adds what {language} lacks"
    assert not there - needed, f"{COMMAND} takes away what {language} has and no page says"
    path = catalogues.texts.LOCALE / language / "messages.po"
    assert path.read_text("utf-8") == catalogues.made(language), f"{COMMAND} writes it in order"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_what_is_filled_in(language: str) -> None:
    """A placeholder, and what a reader has to type."""
    for text, found in catalogues.messages(language).items():
        wanted = set(_KEPT.findall(text if isinstance(text, str) else text[-1]))
        strings = found.string if isinstance(found.string, tuple | list) else [found.string]
        for translated in filter(None, strings):
            assert set(_KEPT.findall(translated)) == wanted, (language, text)


def test_most_texts_are_translated() -> None:
    """A new text may wait for its translator, a language may not rot."""
    for language in LANGUAGES:
        total = len(catalogues.needed())
        missing = catalogues.untranslated(language)
        assert len(missing) <= total // 10, f"{COMMAND} lists them: {missing}"


def test_no_text_is_within_an_f_string() -> None:
    """Nobody who looks for texts finds it there, so it would stay English."""
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in sorted(catalogues.WEB.rglob("*.py"))
        for made in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(made, ast.JoinedStr)
        for call in ast.walk(made)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("_", "ngettext", "said")
    ]
    assert hidden == []
