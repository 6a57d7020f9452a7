"""Sentences of the API as pages say them: in plain words, in the reader's language, with instants
as the reader reads them.

The API says what happened to whoever reads the log: with versions, leases and ids. A page says what
it means (``story_texts``, ``reason_texts``), and has the API's sentence beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from babel.dates import get_day_names
from markupsafe import Markup, escape

from api.web import instants, reason_texts, story_texts, texts
from domain.visible import visible

Row = tuple[str, str]
WAITS = "waits"
STORIES = "stories"
_ROWS: dict[str, tuple[Row, ...]] = {
    WAITS: reason_texts.WAITS,
    STORIES: (
        *story_texts.EVENTS,
        *reason_texts.REASONS,
        *reason_texts.FORESEEN,
        *reason_texts.COLUMNS,
    ),
}
# So many messages wait for something, or one does.
_WAITING = re.compile(r"(?:it |[0-9,]+ )?waits? for (.+)", re.DOTALL)
_VALUE = re.compile(r"\{([a-z]+)\}")
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})(?= [0-9][0-9]:)")
# Values that people gave something as its name: no words of ours.
_NAMES = ("name", "trigger", "triggers", "niche", "purpose", "device", "segment")
# What an empty list is called.
_NONE, _ANY = "none", "any"


def told(sentence: str) -> Markup | None:
    """The sentence of the API as a page says it; None for one that pages have no words for."""
    waiting = _WAITING.fullmatch(sentence)
    if waiting is not None:
        return _told(WAITS, waiting[1])
    return _told(STORIES, sentence)


def waited(reason: str) -> str:
    """What a message waits for, by the reason that the API names."""
    return texts.gettext(reason_texts.WAITED.get(reason, reason))


def _told(kind: str, sentence: str) -> Markup | None:
    for pattern, text in _patterns(kind):
        found = pattern.fullmatch(sentence)
        if found is not None:
            return Markup("").join(_filled(texts.gettext(text), found.groupdict("")))
    return None


def _filled(text: str, values: dict[str, str]) -> Iterator[Markup]:
    """The text with its values in place."""
    for place, part in enumerate(_VALUE.split(text)):
        yield _value(part, values[part]) if place % 2 else escape(part)


def _value(name: str, value: str) -> Markup:
    if name == "wait":
        return _told(WAITS, value) or with_instants(value)
    if name == "decision":
        return _told(STORIES, value) or with_instants(value)
    if name == "seconds":
        return escape(texts.duration(float(value)))
    if value in (_NONE, _ANY):
        return escape(texts.gettext(value))
    if name not in _NAMES and _CODE.fullmatch(value):
        return escape(texts.word(value))
    return with_instants(value)


def with_instants(text: str) -> Markup:
    """A sentence of the API as it is, in which instants are as the reader reads them."""
    return instants.within(text, _shown)


def _shown(text: str) -> str:
    """What cannot be seen is spelt out; weekdays before a time are the reader's."""
    days = get_day_names("abbreviated", locale=texts.language())
    return visible(_WEEKDAY.sub(lambda found: days[_WEEKDAYS.index(found[1])], text))


@cache
def _patterns(kind: str) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(_expression(said), re.DOTALL), text) for said, text in _ROWS[kind]]


def _expression(said: str) -> str:
    """A sentence with ``{values}`` and parts in brackets that may be missing, as an expression."""
    parts: Iterable[str] = re.split(r"(\{[a-z]+\}|\[|\])", said)
    made = {"[": "(?:", "]": ")?"}
    return "".join(
        f"(?P<{part[1:-1]}>.+?)" if _VALUE.fullmatch(part) else made.get(part) or re.escape(part)
        for part in parts
    )
