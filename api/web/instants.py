"""Instants as the reader reads them: in the reader's zone and language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from babel.dates import format_datetime
from markupsafe import Markup, escape

from api.web import texts
from api.web.zones import zone

NOTHING = Markup('<span class="none">—</span>')
# An instant within a sentence, which says what its zone is.
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d| UTC)(?!\w)"
)


def when(instant: str | datetime | None, form: str = "d MMM y, HH:mm") -> Markup:
    """An instant as the reader reads it, with the exact one for machines."""
    if not instant:
        return NOTHING
    at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    shown = format_datetime(at.astimezone(zone()), form, locale=texts.language())
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), shown)


def within(text: str, others: Callable[[str], str]) -> Markup:
    """A text from outside, in which instants are as the reader reads them; ``others`` makes what is
    shown of the parts between them."""
    parts, done = [Markup("<bdi>")], 0
    for found in _INSTANT.finditer(text):
        parts += [escape(others(text[done : found.start()])), _read(found[0])]
        done = found.end()
    return Markup("").join([*parts, escape(others(text[done:])), Markup("</bdi>")])


def _read(written: str) -> Markup:
    try:
        at = datetime.fromisoformat(written.replace(" UTC", "Z"))
        return when(at, "d MMM y, HH:mm:ss" if at.second else "d MMM y, HH:mm")
    except (ValueError, OverflowError):  # it only looks like one
        return escape(written)
