# ruff: noqa: RUF001
"""What comes from outside is shown, and hides and does nothing."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from domain.visible import visible, visible_json, visible_lines

SPELT_OUT = [
    ("a\x1b[2Jb", r"a\x1b[2Jb"),
    ("\x1b]8;;http://evil.example\x07here", r"\x1b]8;;http://evil.example\x07here"),
    ("\x00\x07\x08\x7f\x80\x9b31m\x9d", r"\x00\x07\x08\x7f\x80\x9b31m\x9d"),
    ("one\ntwo\r\nthree\tfour\x85", r"one\ntwo\r\nthree\tfour\x85"),
    ("\u202egpj.exe\u2066x\u2069", r"\u202egpj.exe\u2066x\u2069"),
    ("\u200e\u200f\u061c", r"\u200e\u200f\u061c"),
    ("Sales\u200b 1\ufeff\u2060\u00ad", r"Sales\u200b 1\ufeff\u2060\xad"),
    ("\u034f\u115f\u1160\u17b4\u180e", r"\u034f\u115f\u1160\u17b4\u180e"),
    ("\u2800\u3164\uffa0", r"\u2800\u3164\uffa0"),
    ("\U000e0041\U000e0001\U000e0fff", r"\U000e0041\U000e0001\U000e0fff"),
    ("\u2028\u2029", r"\u2028\u2029"),
    ("\ud800", r"\ud800"),
    # Where nothing is joined or varied.
    ("pay\u200dpal \u200cx", r"pay\u200dpal \u200cx"),
    ("b\ufe0f 🙂\ufe0f\ufe0f", "b\\ufe0f 🙂\ufe0f\\ufe0f"),
    ("葛\U000e0100\U000e0101", "葛\U000e0100\\U000e0101"),
]

KEPT = [
    "Siti binti Ahmad, d'Arc-O’Neil <b>[bold]x[/bold] :smile: \\x1b",
    "Größe Ñandú İ ﬁ ＳＴＯＰ",
    # Words in some scripts, and emoji, fall apart without joiners and selectors.
    "बंद। क्\u200dष न्\u200cन می\u200cخواهم",
    "👩\u200d🌾 🏳\ufe0f\u200d🌈 ❤\ufe0f\u200d🔥 🙏🏽 1\ufe0f\u20e3 ‼\ufe0f ℹ\ufe0f 🇲🇾",
    "葛\U000e0100城 山\u3000田 a\u00a0b",
    # Signs of numbers, seen though they are formats.
    "\u0600\u06dd",
    # An emoji that is newer than this Python.
    "\U0001faf9\U0001fae9",
]


@pytest.mark.parametrize(("text", "shown"), SPELT_OUT)
def test_what_acts_or_hides_is_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", KEPT)
def test_letters_signs_and_emoji_stay(text: str) -> None:
    assert visible(text) == visible_lines(text) == visible_json(text) == text


def test_a_text_of_several_lines_keeps_them() -> None:
    """They end with LF alone; a CR would let the next line overwrite it."""
    assert visible_lines("Hello\n\nYou\r\n\x1b[2J") == "Hello\n\nYou\\r\n\\x1b[2J"


def test_no_character_that_terminals_act_on_gets_through() -> None:
    """Alone and between letters, all of Unicode tried."""
    through = {
        c
        for c in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c in visible(f"a{c}a")
    }

    assert through == set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2") | {
        "\U000110bd",
        "\U000110cd",
    }


@pytest.mark.parametrize("text", [text for text, _ in SPELT_OUT] + KEPT)
def test_json_says_the_same_and_acts_no_more(text: str) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False)

    safe = visible_json(document)

    assert json.loads(safe) == {"name": text}
    assert visible(safe) == safe
