"""Spellings of the words that opt out or in, beside those that every word is tried in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.opt_out_words import FLAGS, intent, normal_form

SUBSCRIPTION = "\u0627\u0644\u0627\u0634\u062a\u0631\u0627\u0643"

HEARD = {
    "shadda": "\u062a\u0648\u0642\u0651\u0641",
    "every vowel": "\u062a\u064e\u0648\u064e\u0642\u0651\u064e\u0641\u0652",
    "a vowel at the end": "\u0625\u0644\u063a\u0627\u0621\u064f",
    "hamza on both alifs": "\u0625\u0644\u063a\u0627\u0621 "
    "\u0627\u0644\u0625\u0634\u062a\u0631\u0627\u0643",
    "hamza on the second alif": "\u0627\u0644\u063a\u0627\u0621 "
    "\u0627\u0644\u0625\u0634\u062a\u0631\u0627\u0643",
    "hamza above": "\u0623\u0644\u063a\u0627\u0621",
    "a Persian kaf in Arabic": f"\u0625\u0644\u063a\u0627\u0621 {SUBSCRIPTION[:-1]}\u06a9",
    "alif maqsura for yeh": f"\u0627\u0644\u063a\u0649 {SUBSCRIPTION}",
    "heh for teh marbuta": "\u0627\u0632\u0627\u0644\u0647",
    "an Arabic kaf and yeh in Urdu": "\u0628\u0646\u062f \u0643\u0631\u064a\u06ba",
    "an Arabic kaf in Persian": "\u0644\u063a\u0648 \u0627\u0634\u062a\u0631\u0627\u0643",
    "Hebrew points": "\u05d4\u05b6\u05e1\u05b5\u05e8",
    "Hebrew points, in one character": "\u05e2\u05b2\u05e6\ufb35\u05e8",
    "a hyphen inside": "un-subscribe",
    "another hyphen inside": "Un\u2010Subscribe!",
    "hyphens inside, twice": "un-subscribe un-subscribe",
    "a hyphen in each letter's place": "S-T-O-P",
    "dots between letters": "S.T.O.P.",
    "spaces between letters": "s t o p",
    "spaces between letters, twice": "S T O P  S T O P",
    "white on black squares": "\U0001f182\U0001f183\U0001f17e\U0001f17f",
    "white on black squares, as emoji": "\U0001f182\U0001f183\U0001f17e\ufe0f\U0001f17f\ufe0f",
    "white on black squares, spaced": "\U0001f182 \U0001f183 \U0001f17e\ufe0f \U0001f17f\ufe0f",
    "white on black circles": "\U0001f162\U0001f163\U0001f15e\U0001f15f",
    "letters of flags": "\U0001f1f8\U0001f1f9\U0001f1f4\U0001f1f5",
    "letters of flags, kept apart": "\U0001f1f8\u200b\U0001f1f9\u200b\U0001f1f4\u200b\U0001f1f5",
    "letters of flags, with spaces": "\U0001f1f8 \U0001f1f9 \U0001f1f4 \U0001f1f5",
    "struck out": "s\u0336t\u0336o\u0336p\u0336",
    "struck out, short": "s\u0335t\u0335o\u0335p\u0335",
    "struck out, aslant": "s\u0338t\u0337o\u0338p\u0337",
    "struck out, with an accent": "arre\u0336\u0302t",
    "underlined": "s\u0332t\u0332o\u0332p\u0332",
    "underlined twice": "s\u0333t\u0333o\u0333p\u0333",
    "with a line above": "s\u0305t\u0305o\u0305p\u0305",
    "small capitals": "\ua731\u1d1b\u1d0f\u1d18",
    "small capitals, a longer word": "\u1d1c\u0274\ua731\u1d1c\u0299"
    "\ua731\u1d04\u0280\u026a\u0299\u1d07",
    "a Cyrillic letter": "\u0455top",
    "a Cyrillic capital": "S\u0422OP",
    "Cyrillic letters": "un\u0455ubs\u0441rib\u0435",
    "a Greek letter": "st\u03bfp",
    "Greek capitals": "S\u03a4\u039f\u03a1",
    "a Latin letter in Ukrainian": "\u0432i\u0434\u043f\u0438\u0441\u0430\u0442\u0438\u0441\u044f",
    "a Latin letter in Russian": "\u0441\u0442o\u043f",
}


@pytest.mark.parametrize("text", HEARD.values(), ids=HEARD)
def test_a_spelling_of_a_word_opts_out(text: str) -> None:
    assert intent(text) == "stop"


NOT_HEARD = {
    # "Never" is "begin" without its hamza: an opt-in is a consent.
    "Arabic: never": "\u0623\u0628\u062f\u0627",
    "Arabic: never, with its ending": "\u0623\u0628\u062f\u064b\u0627",
    "Arabic: begin, or never": "\u0627\u0628\u062f\u0627",
    "Hindi: a vowel sign is missing": "\u0930\u094b\u0915",
    "flags that spell a word": "\U0001f1e6\U0001f1f1\U0001f1f9\U0001f1f4",
    "flags that spell start's like": "\U0001f1f2\U0001f1fa\U0001f1f1\U0001f1e6",
    "a hyphen between two words": "non-stop",
    "a hyphen before a word's end": "stop-ping",
    "letters and a word": "s t op",
    "another word in Cyrillic": "\u0440\u0430\u0440\u0435",
    "a word and white on black squares": "stop \U0001f178\U0001f183",
}


@pytest.mark.parametrize("text", NOT_HEARD.values(), ids=NOT_HEARD)
def test_another_word_means_nothing(text: str) -> None:
    assert intent(text) is None


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_every_flag_is_a_picture(flag: str) -> None:
    signs = "".join(chr(ord(letter) - ord("A") + 0x1F1E6) for letter in flag)

    assert intent(f"stop {signs}") == intent(signs + signs + "stop") == "stop"
    assert normal_form(signs) == ""


def test_an_opt_in_is_heard_with_its_vowels() -> None:
    assert intent("\u0627\u0650\u0628\u0652\u062f\u064e\u0623\u0652") == "start"
    assert intent("un-stop") == intent("\ua731\u1d1b\u1d00\u0280\u1d1b") == "start"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        # Letters of Cyrillic and Greek words are theirs, look-alikes or not.
        ("\u0441\u0442\u043e\u0440", "\u0441\u0442\u043e\u0440"),
        ("\u03bf\u03c4\u03b1\u03bd", "\u03bf\u03c4\u03b1\u03bd"),
        # Accents that belong to a letter stay, and so do those that no one character has.
        ("st\u00f3p", "st\u00f3p"),
        ("\u1ecd\u0301", "\u1ecd\u0301"),
        # Letters in a row are one word, and a word beside them keeps them apart.
        ("A. B. C.", "abc"),
        ("a b cd", "a b cd"),
    ],
)
def test_the_normal_form_of(text: str, form: str) -> None:
    assert normal_form(text) == form


ALIKE = st.sampled_from(
    "s\u0441 \u0456\u0131i\u0307\u0336\u0301\u0308\u0654\u0653\u0627\u0623\u0628\u062f\u0647\u06c1"
    "\u0433e\u0435\u03b9\u03bf\u026a-\U0001f182\U0001f17e\ufe0f\U0001f1f8\U0001f1f9\u1100\u1161"
)


@given(st.text(ALIKE, max_size=12))
@example("\u0627\u0653\u0654")
@example("a\u0456\u0307")
@example("\u0433e\u0336\u0308")
@example("\u026a\u0301 \u0647")
def test_a_normal_form_is_its_own(text: str) -> None:
    form = normal_form(text)

    assert normal_form(form) == form
