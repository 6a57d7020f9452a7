"""Placeholders: ``{name}`` and ``{name|there}``; everything else in a text stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A letter or underscore first: JSON, prices and code in a text are not placeholders.
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?:\|([^{}]*))?\}")


def render(text: str, names: Mapping[str, str]) -> str:
    """``text`` with each placeholder replaced by its value, its own fallback, or nothing.

    A value that is missing or only white space falls back. Values are inserted once and are never
    themselves expanded.
    """

    def value(match: re.Match[str]) -> str:
        named = names.get(match.group(1), "")
        return named if named.strip() else match.group(2) or ""

    return _PLACEHOLDER.sub(value, text)


def names_of(name: str, phone: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """What a text may name: a lead's attributes, and ``name`` and ``phone`` above them."""
    return {**attributes, "name": name, "phone": phone}
