r"""Placeholders: ``{name}`` and ``{name|there}``, by the rules under which a text was written.

Rules 1: a name is matched without regard to case, ``\{`` and ``\}`` are braces, and ``check``
refuses every other brace. Rules 0 are those of texts that were stored before there were others:
names are matched as they are written, and what is no placeholder stays as it is. A stored text
keeps its rules for ever, so that what was sent can be rendered again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from domain.errors import InvalidInputError

# The rules of what is written today.
RULES = 1

_NAME = r"\{([A-Za-z_][A-Za-z0-9_]*)"
# Rules 0. A letter or underscore first: JSON, prices and code in a text are not placeholders.
_FORMER = re.compile(_NAME + r"(?:\|([^{}]*))?\}")
# Rules 1: a brace that is meant as such, or a placeholder, whose fallback may have such braces.
_PLACEHOLDER = re.compile(r"\\([{}])|" + _NAME + r"(?:\|((?:[^{}|\\]|\\[{}]|\\(?![{}]))*))?\}")
_ESCAPED = re.compile(r"\\([{}])")

# What every lead has, above attributes of the same name.
OWN = ("name", "phone")


class _Placeholder(NamedTuple):
    """One place of a text of rules 1; ``fallback`` is as it is sent."""

    name: str
    fallback: str

    def filled(self, names: Mapping[str, str]) -> str:
        """What stands there for a person with these names."""
        named = value_of(self.name, names, rules=1)
        return named if named.strip() else self.fallback


# One text goes to many people.
@lru_cache(maxsize=256)
def _parts(text: str) -> tuple[str | _Placeholder, ...]:
    """A text of rules 1 as what stands between its placeholders, and these."""
    parts: list[str | _Placeholder] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        brace, name, fallback = match.groups()
        parts.append(text[end : match.start()])
        parts.append(brace or _Placeholder(name, _ESCAPED.sub(r"\1", fallback or "")))
        end = match.end()
    return (*parts, text[end:])


def render(text: str, names: Mapping[str, str], rules: int) -> str:
    """``text`` with each placeholder replaced by its value, its own fallback, or nothing.

    A value that is missing or only white space falls back. Values are inserted once and are never
    themselves expanded. ``names`` is what ``names_of`` gives.
    """
    if "{" not in text and "\\" not in text:
        return text

    if rules == 0:

        def former(match: re.Match[str]) -> str:
            named = names.get(match.group(1), "")
            return named if named.strip() else match.group(2) or ""

        return _FORMER.sub(former, text)

    return "".join([part if isinstance(part, str) else part.filled(names) for part in _parts(text)])


def value_of(name: str, names: Mapping[str, str], rules: int) -> str:
    """The value that a placeholder called ``name`` stands for; empty where there is none.

    Of attributes that differ in nothing but case the one that is spelt like the placeholder counts,
    else the first in the order of the alphabet.
    """
    if rules == 0:
        return names.get(name, "")
    folded = name.lower()
    if folded in OWN:
        return names.get(folded, "")
    if name in names:
        return names[name]
    spellings = [other for other in names if other.lower() == folded and other not in OWN]
    return names[min(spellings)] if spellings else ""


def placeholders(text: str, rules: int) -> list[tuple[str, str | None]]:
    """Name and fallback of every placeholder in ``text``, in their order; the fallback is None
    where the placeholder has none."""
    if rules == 0:
        return [(match.group(1), match.group(2)) for match in _FORMER.finditer(text)]
    return [
        (match.group(2), match.group(3))
        for match in _PLACEHOLDER.finditer(text)
        if match.group(2) is not None
    ]


def check(field: str, text: str) -> None:
    """Raises InvalidInputError that names ``field`` where ``text`` has a brace that is neither part
    of a placeholder nor marked as a brace."""
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        _refuse_braces(field, text, end, match.start())
        end = match.end()
    _refuse_braces(field, text, end, len(text))


def shortest(text: str) -> int:
    """How many characters ``text`` has at least when it is rendered: without its placeholders."""
    return len(_PLACEHOLDER.sub(lambda match: match.group(1) or "", text))


def names_of(name: str, phone: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """What a text may name: a lead's attributes, and ``name`` and ``phone`` above them."""
    return {**attributes, "name": name, "phone": phone}


def _refuse_braces(field: str, text: str, start: int, end: int) -> None:
    for place in range(start, end):
        if text[place] in "{}":
            raise InvalidInputError(
                field,
                "placeholders such as {name} or {name|there}, and \\{ or \\} for a brace itself;"
                f" character {place + 1} is a brace that is neither",
            )
