"""Settings that are lists of words, which replies are compared with."""

from __future__ import annotations

from domain.errors import InvalidInputError
from domain.opt_out_words import normal_form
from domain.values import purpose

LONGEST = 40


def words(text: str) -> frozenset[str]:
    """The words in normal form. Raises ValueError with what was expected."""
    found = frozenset(normal_form(word) for word in text.split(","))
    if not all(word and len(word) <= LONGEST for word in found):
        raise ValueError(
            "words of at most 40 characters, with letters or digits, with commas between, "
            "e.g. fin,no mas"
        )
    return found


def consent_words(text: str) -> dict[str, str]:
    """The purpose of each word, which is in normal form. Raises ValueError with what was
    expected."""
    found: dict[str, str] = {}
    for pair in text.split(","):
        word, equals, given = (part.strip() for part in pair.partition("="))
        form = normal_form(word)
        try:
            purpose("purpose", given)
        except InvalidInputError:
            equals = ""
        if not (equals and form and len(form) <= LONGEST) or found.setdefault(form, given) != given:
            raise ValueError(
                "WORD=PURPOSE with commas between, each word once, e.g. setuju=marketing,"
                "yes please=service-news"
            )
    return found
