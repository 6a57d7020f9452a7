"""Marks upon marks: what is worked on does not grow with them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from typing import Any
from unicodedata import category, normalize

import pytest

from domain import marks, values
from domain.errors import InvalidInputError
from domain.opt_out_words import intent
from projections.intake.files import headers, layout, wishes

# A vowel sign that is two marks in another order; a mark above and one below.
ENDLESS = ["\u0f73", "\u0301\u0323", "\u0315\u0300\u0316"]

WORKS: list[Callable[[str], Any]] = [
    lambda text: values.tokens("triggers", [text]),
    lambda text: values.matching(text, ["COLD"]),
    lambda text: values.name("name", text, longest=1_000_000),
    intent,
    headers.words,
    headers.reading,
    wishes.says_no,
    lambda text: layout.lay_out(["phone", text], [], frozenset()),
]


@pytest.mark.parametrize("work", range(len(WORKS)))
@pytest.mark.parametrize("sign", ENDLESS)
@pytest.mark.parametrize("size", [40, 900, 20_000])
def test_what_is_put_in_order_at_once_is_bounded(
    work: int, sign: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library takes a time for it that grows with the square of its length."""
    longest = 0

    def measured(form: Any, text: str) -> str:
        nonlocal longest
        runs = groupby(text, lambda character: category(character)[0] == "M")
        longest = max([longest, *(len([*run]) for is_mark, run in runs if is_mark)])
        return normalize(form, text)

    monkeypatch.setattr("domain.marks.normalize", measured)
    text = "a" + sign * (size // len(sign))
    with suppress(InvalidInputError):
        WORKS[work](text)

    assert longest <= marks.MOST_MARKS


def test_a_text_as_people_write_it_is_composed() -> None:
    """With an accent in two characters, with vowel signs, and with lines through it."""
    for text in ("e\u0301", "\u0928\u093c\u093f", "s\u0336t\u0336o\u0336p\u0336", "\u1e9b\u0323"):
        assert marks.composed(text) == normalize("NFC", text)


def test_what_nobody_writes_stays_as_it_is() -> None:
    assert marks.composed("e" + "\u0301" * 31) == "e" + "\u0301" * 31
    assert marks.form("NFC", "e" + "\u0301" * 31) == "\u00e9" + "\u0301" * 29
