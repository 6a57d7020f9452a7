"""Which messages say no, or yes again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.opt_out_words import LONGEST, START_WORDS, STOP_WORDS, intent, normal_form
from tests.support import cases

CASES = cases.lines("opt_out_words.jsonl")
# Every word with its meaning, once: those of the cases as they are written, and the module's own.
VOCABULARY = dict.fromkeys(
    [
        *((w, m) for m, by in cases.vocabulary().items() for words in by.values() for w in words),
        *((word, "stop") for word in sorted(STOP_WORDS)),
        *((word, "start") for word in sorted(START_WORDS)),
    ]
)
# What people put around a word without meaning anything by it, apart from white space.
AROUND = [
    *"\"'*_~#-.,;:!?()[]{}<>/\\|+=&@^`$%",
    # Quotes, brackets, full stops, commas and dashes of other scripts, accents that stand alone.
    *"\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\u3010\u3011\u300a",
    *"\u3002\uff01\uff1f\uff0c\u3001\u2026\u0964\u0965\u061f\u060c\u061b\u06d4\u0589\u05f3\u05be\u00a1\u00bf",
    *"\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u00b7\u00b4\u00a8\u02bc\u02bb\u02dc\ufe0f",
    # Marks of direction, and what is not seen.
    *"\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202e\u2060\u2066\u2067\u2068\u2069",
    *"\u20e0\ufeff\u061c\u00ad\u034f\u3164\u115f\x00\x07\ufffd\ud800\ue000",
    # Emoji: plain, with skin tones, selectors, joiners; flags, keys, and such as look like letters.
    *"\U0001f64f\U0001f6d1\U0001f621\u2764\u00a9\u00ae\u2122\u2139\u3297\U0001f170\U0001f17f\U0001f201",
    *("\u270b\U0001f3fd", "\u2764\ufe0f", "\U0001f937\U0001f3fb\u200d\u2640\ufe0f", "\u24c2\ufe0f"),
    *(
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f1f2\U0001f1fe",
        "1\ufe0f\u20e3",
        "#\u20e3",
    ),
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]
SPACES = [*" \t\n\r\u00a0\u2002\u2009\u202f\u3000\u2028\x85", "   ", " \n\n "]

SPELLINGS: dict[str, Callable[[str], str]] = {
    "undecorated": str,
    "capitals": str.upper,
    "a capital": str.capitalize,
    "Turkish capitals": lambda word: word.replace("i", "\u0130").upper(),
    "Turkish capitals, NFD": lambda word: normalize("NFD", word.replace("i", "\u0130").upper()),
    "Turkish small letters": lambda word: word.replace("i", "\u0131"),
    "NFC": lambda word: normalize("NFC", word),
    "NFD": lambda word: normalize("NFD", word),
    "NFKD": lambda word: normalize("NFKD", word),
    "full width": lambda word: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word
    ),
    "circled": lambda word: "".join(
        chr(ord(c) + 0x24D0 - ord("a")) if "a" <= c <= "z" else c for c in word
    ),
    "bold": lambda word: "".join(
        chr(ord(c) + 0x1D41A - ord("a")) if "a" <= c <= "z" else c for c in word
    ),
    "hyphens inside": lambda word: word.replace(" ", "-"),
    "dashes inside": lambda word: word.replace(" ", " \u2013 "),
    "underscores inside": lambda word: word.replace(" ", "_"),
    "spaces inside": lambda word: word.replace(" ", " \u00a0\n "),
    "a joiner between all letters": "\u2060".join,
    "twice": lambda word: f"{word} {word}",
    "twice, in two lines": lambda word: f"{word}\n{word.upper()}",
    "twice, with marks": lambda word: f"{word}! {word}!",
    "twice, with emoji": lambda word: f"{word}\U0001f64f{word}\U0001f64f",
    "twice, in one": lambda word: word if " " in word else word * 2,
    "twice, as Thai writes it": "{}\u0e46".format,
    "drawn out, as Arabic does": lambda word: word[0] + "\u0640\u0640" + word[1:],
    "seven times": lambda word: " ".join([word] * 7),
}


def wrong(spell: Callable[[str], str]) -> list[str]:
    """The spellings of words of the vocabulary that mean something else."""
    return [spell(word) for word, meaning in VOCABULARY if intent(spell(word)) != meaning]


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_every_case_means_what_it_says(case: dict[str, Any]) -> None:
    assert (intent(case["text"]) or "nothing") == case["means"]


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_every_word_in_every_spelling_means_the_same(spell: Callable[[str], str]) -> None:
    assert wrong(spell) == []


@pytest.mark.parametrize("sign", [*AROUND, *SPACES], ids=ascii)
def test_what_is_around_a_word_means_nothing(sign: str) -> None:
    """Before it, after it, with and without a space, on both sides, and several times."""
    for before, after in (
        (sign, ""),
        ("", sign),
        (sign, sign),
        (f"{sign} ", f" {sign}"),
        ("", sign * 9),
    ):
        assert wrong(lambda word, b=before, a=after: b + word + a) == []


@pytest.mark.parametrize(
    "frame",
    [
        *(
            "don't {}",
            "never {} it",
            "{} please not",
            "{}ping",
            "non{}",
            "a{}",
            "{} 1",
            "{}1",
            "1{}",
        ),
        *("what does \u201c{}\u201d mean?", "{}, no", "{} {} not", "{}\u00b2", "no {}"),
    ],
)
def test_a_word_inside_a_message_means_nothing(frame: str) -> None:
    """Whoever writes that they do not want to stop is not opted out. Nor is a digit a decoration:
    it may be the number of an answer."""
    meant = [word for word, _ in VOCABULARY if intent(frame.replace("{}", word)) is not None]

    assert meant == []


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "!", "\U0001f64f", "...", "\u0301", "\u200d", "1", "11", "st op", "stopp ing"),
        # Names, which differ from the Vietnamese words by their marks alone.
        *("Huy", "Dung", "stop start", "start stop", "stop it", "opt", "out", "opt opt out out"),
    ],
)
def test_what_is_no_word_of_ours_means_nothing(text: str) -> None:
    assert intent(text) is None


def test_no_word_says_both() -> None:
    """Not even by way of its normal form, and none is empty there."""
    assert STOP_WORDS.isdisjoint(START_WORDS)
    assert all(STOP_WORDS | START_WORDS)
    assert {normal_form(word) for word in STOP_WORDS | START_WORDS} == STOP_WORDS | START_WORDS


def test_every_i_is_one() -> None:
    """Dotted and dotless, capital and small, in one character and two. Other dots stay."""
    forms = {"\u0130PTAL", "IPTAL", "iptal", "\u0131ptal", "I\u0307ptal", "i\u0307ptal"}

    assert {normal_form(form) for form in forms} == {"iptal"}
    assert normal_form("\u017c") == normal_form("z\u0307") == "\u017c"
    assert normal_form("k\u0307") == "k\u0307"


def test_a_vowel_sign_stays_with_its_letter() -> None:
    """Whatever follows it; without it the word is another."""
    assert normal_form("\u0930\u094b\u0915\u094b\u0964") == "\u0930\u094b\u0915\u094b"
    assert intent("\u0930\u094b\u0915") is None


def test_an_office_has_words_of_its_own() -> None:
    """They go before an opt-in, are met in every spelling, and a word that is said twice is not
    the word said once."""
    words = STOP_WORDS | {normal_form("Bye-bye"), normal_form("C\u2019est tout"), "mula"}

    assert intent("BYE BYE!", words) == intent("bye bye bye bye", words) == "stop"
    assert intent("c'est tout.", words) == intent("Mula", words) == "stop"
    assert intent("bye", words) is None
    assert intent("bye bye") is None


def test_a_long_text_asks_for_nothing() -> None:
    """However often a word is in it; up to the longest it does."""
    assert intent("stop" + "!" * (LONGEST - 4)) == "stop"
    assert intent("stop " * (LONGEST // 5)) == "stop"
    assert intent("stop" + "!" * (LONGEST - 3)) is None
    assert intent("stop " * LONGEST) is None


@pytest.mark.parametrize(
    "signs", ["\u0301", "\u0301\u0323", "a\u0301\u0323", "\ufdfa", "stops \u0301"]
)
def test_a_hostile_text_is_not_worked_on(signs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks are put in order by their number squared: 10,000 of them would take long. What is
    normalised is never longer than the longest."""
    sizes = []

    def measured(form: Any, text: str) -> str:
        sizes.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr("domain.marks.normalize", measured)
    assert intent(signs * 10_000) is None
    assert sizes == []
    assert intent(signs * (LONGEST // len(signs))) is None
    assert sizes[0] <= LONGEST


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
DECORATION = st.lists(st.sampled_from([*AROUND, *SPACES]), max_size=8).map("".join)
ANY_SPELLING = st.builds(
    lambda entry, spell: (spell(entry[0]), entry[1]),
    st.sampled_from([*VOCABULARY]),
    st.sampled_from(list(SPELLINGS.values())),
)


@given(DECORATION, ANY_SPELLING, DECORATION)
def test_decorations_do_not_change_what_a_word_says(
    before: str, said: tuple[str, str], after: str
) -> None:
    assert intent(before + said[0] + after) == said[1]


@given(ANY_TEXT)
@example("\ud800")
@example("\u0345")
def test_any_text_has_one_normal_form(text: str) -> None:
    """It is its own normal form, and a text that means nothing means nothing with a mark."""
    form = normal_form(text)

    assert normal_form(form) == form
    assert normal_form(normalize("NFD", text)) == form
    assert intent(f"\u201c{text}\u201d!") == intent(text) == intent(form)
