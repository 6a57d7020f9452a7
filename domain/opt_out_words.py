"""The words with which a person opts out, or in again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from itertools import chain
from typing import Final, Literal
from unicodedata import category

from phonenumbers import SUPPORTED_REGIONS

from domain import marks
from domain.opt_out_vocabulary import START, STOP

Intent = Literal["stop", "start"]

# A longer text is no single word, however often it is repeated or decorated.
LONGEST: Final = 1000

# Signs that Unicode would turn into letters or digits, though people send them as pictures: digits
# on a key, M in a circle as an emoji, TM, i, congratulations, secret, and the squared words of
# Japanese.
_PICTURES = re.compile(
    "[0-9]\ufe0f?\u20e3|\u24c2\ufe0f|[\u2122\u2139\u3297\u3299\U0001f200-\U0001f251]"
)
# Letters in white on black, or of flags, which Unicode does not compare with letters, and those of
# the first that are emoji, for instance a blood group.
_BLACK_OR_FLAGS = re.compile(
    "(?:[\U0001f150-\U0001f169\U0001f170-\U0001f189][\ufe0f\\s]*)+|(?P<flags>[\U0001f1e6-\U0001f1ff]+)"
)
_LETTERS = {
    first + number: chr(ord("a") + number)
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for number in range(26)
}
_EMOJI = frozenset("\U0001f170\U0001f171\U0001f17e\U0001f17f\ufe0f")
# The flags of countries, and of what is none or has no phones.
FLAGS: Final = SUPPORTED_REGIONS | {
    *("AQ", "BV", "CP", "CQ", "DG", "EA", "EU", "GS", "HM", "IC", "PN", "TF", "UM", "UN")
}

# Signs that are not seen, lengthen a word, strike it out or underline it, and those that may be
# left out in writing, beside those of the categories Cf and Me: the grapheme joiner, the Arabic
# stroke, Hangul fillers, Khmer inherent vowels, variation selectors; lines through, over and under
# letters; Hebrew points; Arabic vowels, and a hamza that belongs to no letter.
_NOT_COUNTED = frozenset(
    map(
        chr,
        chain(
            (0x034F, 0x0640, 0x115F, 0x1160, 0x17B4, 0x17B5),
            (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
            (0x0305, 0x0332, 0x0333, *range(0x0334, 0x0339), 0x033F, *range(0x20D0, 0x20F1)),
            (*range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7),
            (*range(0x064B, 0x0660), 0x0670),
        ),
    )
)
# Letters by their category, though they are apostrophes and accents that stand alone, or the sign
# with which Thai repeats a word.
_NO_LETTERS = frozenset(map(chr, (*range(0x02B0, 0x0300), 0x0E46)))
# Between two letters, or their marks.
_HYPHEN = re.compile("(?<=\\S)[-\u2010\u2011\ufe63\uff0d](?=\\S)")

# Letters that people write for each other: a Turkish i without its dot, small capitals, the yeh,
# kaf and heh of Arabic, Persian and Urdu.
_AS_ONE = str.maketrans(
    "\u0131ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ\u064a\u0649\u0643\u0629\u06c1",
    "iabcdefghijklmnoprstuvwyz\u06cc\u06cc\u06a9\u0647\u0647",
)
# An alif with a hamza or without is one, but in "begin", which is "never" without.
_ALIF = re.compile("(?<!\u0628\u062f)\u0623|[\u0625\u0622\u0671]")

_LATIN = re.compile("[a-z]")
_CYRILLIC_OR_GREEK = re.compile("[\u0370-\u052f]")
_TO_LATIN = str.maketrans(
    "авсԁеһніјкӏморԛѕтѵԝхуαβεηικνορτυχζ",
    "abcdehhijklmopqstvwxyabehiknoptuxz",
)
_TO_CYRILLIC = str.maketrans("abcehijkmopstxy", "авсеніјкморѕтху")
_EVERY_I = ("i", "і", "ι")


def _read(signs: re.Match[str]) -> str:
    """The letters that are written with such ``signs``; or these, where they are only pictures."""
    letters = signs[0].translate(_LETTERS)
    pairs = {letters[start : start + 2].upper() for start in range(0, len(letters), 2)}
    is_picture = pairs <= FLAGS if signs["flags"] else set("".join(signs[0].split())) <= _EMOJI
    return signs[0] if is_picture else letters


def _words(text: str) -> Iterator[str]:
    """The words of ``text``, which is folded: letters and digits with the marks that follow them.

    All else divides words. Marks that follow no letter belong to a picture, and go with it.
    """
    word = ""
    for sign in text:
        kind = category(sign)
        if sign in _NOT_COUNTED or kind in ("Cf", "Me"):
            continue
        if sign == "\u0307" and word.endswith(_EVERY_I):
            # What the fold leaves of the dotted Turkish capital: with it gone, and the dotless
            # letter as i, every Turkish and English i is one.
            continue
        if (kind[0] in "LN" and sign not in _NO_LETTERS) or (kind[0] == "M" and word):
            word += sign
        elif word:
            yield word
            word = ""
    if word:
        yield word


def _in_one_alphabet(word: str) -> str:
    """``word`` in Latin letters, or else in Cyrillic ones, if it mixes them with look-alikes."""
    if not (_LATIN.search(word) and _CYRILLIC_OR_GREEK.search(word)):
        return word
    latin = word.translate(_TO_LATIN)
    return word.translate(_TO_CYRILLIC) if _CYRILLIC_OR_GREEK.search(latin) else latin


def normal_form(text: str) -> str:
    """The words of ``text`` with one space between, for comparison; "" where there is none.

    Compatible characters are one (NFKC), so are capitals and small letters, a Turkish i with and
    without its dot, accents in one character or two, and letters that people write for each other.
    White space, hyphens, punctuation, symbols and emoji divide words and else do not count; neither
    does what is not seen, or may be left out in writing. Digits are kept as letters are. Where
    every word is one letter, they are one word. A text over ``LONGEST`` characters is not looked
    at, and has no words.
    """
    if len(text) > LONGEST:
        return ""
    seen = _PICTURES.sub(" ", _BLACK_OR_FLAGS.sub(_read, text))
    folded = marks.form("NFKC", marks.form("NFKC", seen).casefold()).translate(_AS_ONE)
    words = marks.form("NFC", " ".join(_words(folded))).split()
    spelled = "" if all(len(word) == 1 for word in words) else " "
    form = _ALIF.sub("\u0627", spelled.join(words))
    return marks.form("NFC", " ".join(map(_in_one_alphabet, form.split())))


# In normal form; no word is in both.
STOP_WORDS: Final = frozenset(map(normal_form, chain.from_iterable(STOP.values())))
START_WORDS: Final = frozenset(map(normal_form, chain.from_iterable(START.values())))


def intent(text: str, stop_words: Set[str] = STOP_WORDS) -> Intent | None:
    """What ``text``, which is a whole message, asks for; None where that is anything else.

    "stop" is an opt-out: the normal form is one of ``stop_words``, which are in normal form, or
    one of them several times. "start" is an opt-in, by the same rule with ``START_WORDS``. A word
    in both says stop. Hyphens inside words may as well not be there. A text over ``LONGEST``
    characters asks for neither.
    """
    said = _said(normal_form(text))
    if len(text) <= LONGEST and _HYPHEN.search(text):
        said |= _said(normal_form(_HYPHEN.sub("", text)))
    if not said.isdisjoint(stop_words):
        return "stop"
    return None if said.isdisjoint(START_WORDS) else "start"


def _said(form: str) -> Set[str]:
    """The normal form, and what it is a repetition of, with spaces between or, as some scripts
    are written, without. "stop stop" gives itself and "stop"."""
    words = form.split()
    phrases = {" ".join(words[:length]) for length in _periods(words)}
    if len(set(words)) == 1:
        phrases |= {words[0][:length] for length in _periods(words[0])}
    return phrases


def _periods(whole: list[str] | str) -> Iterator[int]:
    """After how many items ``whole`` repeats itself to its end, its length included."""
    size = len(whole)
    for length in range(1, size + 1):
        if size % length == 0 and whole == whole[:length] * (size // length):
            yield length
