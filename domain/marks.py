"""Unicode's forms of a text, in a time that grows with its length alone.

A form puts the marks of a letter in their order. The library takes a time for that which grows with
the square of their number, and a text may have a letter with a million marks.
"""

from __future__ import annotations

from typing import Literal
from unicodedata import category, normalize

# As many as Unicode's Stream-Safe Text Format allows (UAX #15, section 13). No language has more.
MOST_MARKS = 30


def shortened(text: str) -> str:
    """``text`` with the first ``MOST_MARKS`` of the marks that follow one another."""
    if len(text) <= MOST_MARKS or text.isascii():
        return text
    kept: list[str] = []
    row = 0
    for character in text:
        row = row + 1 if category(character)[0] == "M" else 0
        if row <= MOST_MARKS:
            kept.append(character)
    return text if len(kept) == len(text) else "".join(kept)


def form(name: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The form of that ``name`` of the ``text``, shortened; to compare texts by."""
    return normalize(name, shortened(text))


def composed(text: str) -> str:
    """``text`` in Unicode's form NFC, or as it is, where a letter in it has too many marks.
    Spreadsheets and telephones write the same accent in two ways; in this form it is one."""
    if text.isascii() or shortened(text) != text:
        return text
    return normalize("NFC", text)
