"""Templates: ``{name}`` and ``{name|there}``; everything else in a text stays as it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

# A letter or underscore first: JSON, prices and code in a text are not placeholders.
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?:\|([^{}]*))?\}")


def render(body: str, values: Mapping[str, str]) -> str:
    """``body`` with each placeholder replaced by its value, its own fallback, or nothing.

    A value that is missing or only white space falls back. Values are inserted once and are never
    themselves expanded.
    """

    def value(match: re.Match[str]) -> str:
        found = values.get(match.group(1), "")
        return found if found.strip() else match.group(2) or ""

    return _PLACEHOLDER.sub(value, body)


def values_of(name: str, phone: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """What a template may name: a lead's attributes, and ``name`` and ``phone`` above them."""
    return {**attributes, "name": name, "phone": phone}


def digest(text: str, media_url: str | None) -> str:
    """SHA-256, in hex, of what is handed over: the text, and the media URL after a NUL if any."""
    whole = text if media_url is None else f"{text}\0{media_url}"
    return hashlib.sha256(whole.encode()).hexdigest()
