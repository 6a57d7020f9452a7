"""Which Windows code page a text speaks for.

A text without a mark that is no UTF-8 was written in the code page of somebody's Windows. Its words
tell which: in the right one they have the letters of a language, in the frequency that the language
has them, capitals at their beginning only, and no signs in their middle. A library that knows
languages by their running text was tried; lists of names are too short for it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

# For each language its letters beyond ASCII, the most frequent first.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "cp1252": (
        "éóíáñúü",  # Spanish
        "ãçéíáóêõúâôà",  # Portuguese
        "éèçêàôîïâëûùœ",  # French
        "üöäßéè",  # German
        "àèéìòù",  # Italian
        "äöåøæéü",  # Nordic
        "éëïüèêç",  # Dutch
        "áíéóúðþæöý",  # Icelandic
    ),
    "cp1250": (
        "łąóęśżćńź",  # Polish
        "íáéěřčžýšůúňťďó",  # Czech
        "áéíýčžšúľťďôňóäŕĺ",  # Slovak
        "áéóőöíüúű",  # Hungarian
        "ćčšžđ",  # Croatian, Slovenian, Serbian
        "ăâșțîşţ",  # Romanian
    ),
    "cp1254": ("ıüçşğöİâî",),
    "cp1257": ("āšīēņļžķģčūõ", "šųėūįžčąę", "äõüöšž"),
    "cp1258": ("đưâươêôă\u0300\u0301\u0309\u0323\u0303áàéèíìóòúùý",),
    "cp1251": (
        "аоенирлвсктмдяубьгпзйчыхжшюцщэфъё",
        "аоиневрклтсумдязпьгбчйіхцюжїшєщфґ",
        "аиоенртвсклдпмзгяъубчщжхцюйшфь",
        "аоеинрвстјкмдулпгзбчћшжцљњђџф",
    ),
    "cp1253": ("αοιςνσηετρυκλμπάγίόδήέθύχβώφξζψϊϋΐΰ",),
    "cp1255": ("יהולאמרנבשתחדםכעקןטפגזצסךףץ",),
    "cp1256": (
        "ايلمرنبدةعسحوتكفهجقأشصخطضىزغثإذظئؤءآ",
        "اینرمدهسولتکبزشپگخجفقعحچصطغضظثژذئ",
    ),
    "cp874": ("านรกอมงวลตยสดนทบคชพหจปขธศณภผฐซฟถญุิี์่ัเ้ื็ูแึไใะโำำฉๆ",),
}
_CASELESS = frozenset({"cp1255", "cp1256", "cp874"})
_LATIN = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "cp1258"})

# Natural logarithms of how likely it is that a right text has these.
_STRANGE_LETTER = -7.0
_SIGN_IN_A_WORD = -9.0
_CAPITAL_IN_A_WORD = -6.0
_TWO_SCRIPTS = -9.0
_THIRD_IN_A_ROW = -3.0
# Most people's page, where the text is too short to tell.
_WESTERN = 1.2
# Quotation marks and dashes, which nearly all pages have at the same place.
_MARKS = frozenset("‘’‚“”„–—…")

# A word, as bytes of any page that is ASCII below 128; of a longer one the parts.
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{1,50}")


def words_of(text: bytes) -> list[bytes]:
    """The words of ``text`` that have a letter beyond ASCII."""
    return [word for word in _WORD.findall(text) if not word.isascii()]


def code_page(words: Iterable[bytes], present: bytes) -> str | None:
    """The name of the code page in which ``words`` read best, None if no page has all bytes of
    ``present``. Each of ``words`` is one of ``words_of``."""
    sample = list(words)
    best, best_score = None, -math.inf
    for page in LANGUAGES:
        try:
            present.decode(page)
        except UnicodeDecodeError:
            continue
        texts = [word.decode(page) for word in sample]
        score = max(_score(page, texts, language) for language in range(len(LANGUAGES[page])))
        if page == "cp1252":
            score += _WESTERN
        if score > best_score:
            best, best_score = page, score
    return best


def _score(page: str, words: list[str], language: int) -> float:
    """The likelihood of the words, as a logarithm, in one language of the page."""
    weights = _weights(page, language)
    latin = page in _LATIN
    score = 0.0
    for word in words:
        before, row = "", 0
        for at, letter in enumerate(word):
            if letter.isascii():
                row = 0
                if not latin and at and not before.isascii():
                    score += _TWO_SCRIPTS
            elif letter.isalpha() or unicodedata.category(letter) == "Mn":
                row += 1
                score += weights.get(letter, _STRANGE_LETTER)
                if at and letter.isupper() and before.islower():
                    score += _CAPITAL_IN_A_WORD
                if latin and row > 2:
                    score += _THIRD_IN_A_ROW
                if not latin and at and before.isascii():
                    score += _TWO_SCRIPTS
            elif letter not in _MARKS and (
                0 < at < len(word) - 1 or unicodedata.category(letter)[0] not in "PZS"
            ):
                score += _SIGN_IN_A_WORD
            before = letter
    return score


@cache
def _weights(page: str, language: int) -> dict[str, float]:
    """The logarithm of each letter's share: as Zipf's law has it, by its rank in the language."""
    letters = LANGUAGES[page][language]
    shares = [1 / (rank + 2) for rank in range(len(letters))]
    total = sum(shares)
    weights: dict[str, float] = {}
    for letter, share in zip(letters, shares, strict=True):
        weights.setdefault(letter, math.log(share / total))
        if page not in _CASELESS and len(letter.upper()) == 1:
            weights.setdefault(letter.upper(), math.log(share / total) - 1.0)
    return weights
