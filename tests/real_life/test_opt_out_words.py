"""Words that say no, words that say yes again, and sentences that only have such a word in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.real_life.expectations import everything
from tests.support import cases
from tests.support.api.webhooks import change
from tests.support.gateways.fake_cloud import PHONE_NUMBER_ID
from tests.support.numbers import CLOUD_DIGITS
from tests.support.world import World

CASES = cases.lines("opt_out_words.jsonl")
METADATA = {"display_phone_number": CLOUD_DIGITS, "phone_number_id": PHONE_NUMBER_ID}
VOCABULARY = [
    (meaning, language, words)
    for meaning, languages in cases.vocabulary().items()
    for language, words in languages.items()
]
# What a person is after a message of each meaning, if before it she was in, or was out.
AFTER = {"stop": {False: True, True: True}, "start": {False: False, True: False}}
AFTER["nothing"] = {False: False, True: True}

_number = count(2_000_001)


@pytest.fixture(scope="module")
def heard(shared: World) -> dict[tuple[str, bool], bool]:
    """Whether who said a text is out afterwards, by the text and by whether she was out before. The
    texts are told one by one, and worked off all at once."""
    said = [(case["text"], was_out) for case in CASES for was_out in (False, True)]
    digits = _register(shared, len(said))
    both = [*zip(digits, said, strict=True)]
    _say(shared, [[(one, "STOP") for one, (_, was_out) in both if was_out]])
    _say(shared, [[(one, text)] for one, (text, _) in both])
    out = _out(shared)
    return {what: out[one] for one, what in both}


@pytest.mark.parametrize("was_out", [False, True], ids=["who is in", "who is out"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_words_of(case: dict[str, Any], was_out: bool, heard: dict[tuple[str, bool], bool]) -> None:
    assert heard[case["text"], was_out] is AFTER[case["means"]][was_out], case


@pytest.mark.parametrize(
    ("meaning", "language", "words"),
    VOCABULARY,
    ids=[f"{m}, {language}" for m, language, _ in VOCABULARY],
)
def test_the_vocabulary(meaning: str, language: str, words: list[str], shared: World) -> None:
    """Every word means the same in every dress: one person says each."""
    texts = [text for word in words for text in dict.fromkeys(_dressed(word))]
    digits = _register(shared, len(texts))
    was_out = meaning == "start"
    if was_out:
        _say(shared, [[(one, "STOP") for one in digits]])

    _say(shared, [[*zip(digits, texts, strict=True)]])

    out = _out(shared)
    said = zip(digits, texts, strict=True)
    assert [text for one, text in said if out[one] is was_out] == []


def _dressed(word: str) -> Iterator[str]:
    yield word
    yield word.upper()
    yield f"{word}."
    yield f"{word}!!!"
    yield f"{word} \N{PERSON WITH FOLDED HANDS}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}"
    yield f'"{word}"'
    yield f"\N{LEFT DOUBLE QUOTATION MARK}{word}\N{RIGHT DOUBLE QUOTATION MARK}"
    yield unicodedata.normalize("NFD", word)
    yield f"  {word}\n"


def _register(world: World, count: int) -> list[str]:
    """So many new leads; the digits of their phones."""
    digits = [f"6013{next(_number):07d}" for _ in range(count)]
    status, answer = world.api.csv("\n".join(["phone", *(f"+{one}" for one in digits)]))
    assert (status, answer["registered"]) == (200, count), answer
    return digits


def _say(world: World, webhooks: list[list[tuple[str, str]]]) -> None:
    """People (digits) say something (text), a minute after all else."""
    world.clock.advance(minutes=1)
    for spoken in webhooks:
        messages = [
            {
                "from": digits,
                "id": f"wamid.SAID{next(_number)}",
                "timestamp": str(int(world.clock().timestamp())),
                "type": "text",
                "text": {"body": text},
            }
            for digits, text in spoken
        ]
        contacts = [{"profile": {"name": "Somebody"}, "wa_id": digits} for digits, _ in spoken]
        said = change(metadata=METADATA, contacts=contacts, messages=messages)
        assert world.hears("cloud", said) == 200
    world.works_off()


def _out(world: World) -> dict[str, bool]:
    """Who is opted out, by the digits of the phone."""
    leads = everything(world.api, "/leads")
    return {lead["phone"].removeprefix("+"): lead["opted_out"] for lead in leads}
