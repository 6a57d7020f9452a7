"""Where a reader can go: the places that the header shows, and those of its menu."""

from __future__ import annotations

from flask import request

from api.web import texts

# Pages whose place has another name.
_PLACE_OF = {"import": "leads"}

Place = tuple[str, str]


def every_day() -> list[Place]:
    """What is always shown, by address."""
    _ = texts.gettext
    return [
        ("/", _("Overview")),
        ("/leads", _("Leads")),
        ("/campaigns", _("Campaigns")),
        ("/sequences", _("Sequences")),
        ("/messages", _("Messages")),
        ("/replies", _("Replies")),
        ("/devices", _("Devices")),
    ]


def further() -> list[Place]:
    """What the menu shows, by address."""
    _ = texts.gettext
    return [
        ("/segments", _("Segments")),
        ("/calendar", _("Calendar")),
        ("/why-not", _("Why not?")),
        ("/what-if", _("What if?")),
        ("/signals", _("Signals")),
        ("/audit", _("Log")),
        ("/settings/health", _("Settings")),
    ]


def current(address: str) -> str:
    """How the reader is at a place, in the words of ``aria-current``: ``page`` for its page,
    ``true`` for a page below it, else nothing."""
    if request.path == address:
        return "page"
    first = request.path.split("/")[1]
    return "true" if first and _PLACE_OF.get(first, first) == address.split("/")[1] else ""
