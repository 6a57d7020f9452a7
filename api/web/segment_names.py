"""What conditions of segments name by an id, by its name: campaigns, sequences and devices.

A form has the name, or the id where two have the same name or it has a comma.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from flask import g

from api.web import asking

# The lists of those that a field may name.
LISTS: Mapping[str, str] = MappingProxyType(
    {"sent_campaign": "/campaigns", "in_sequence": "/sequences", "device_id": "/devices"}
)
# How many of each a form offers.
MOST = 500


def choices() -> dict[str, list[tuple[str, str]]]:
    """What each field may name: as the form has it, and its name."""
    return {
        field: [(written(field, id_), name) for id_, name in _names(field).items()]
        for field in LISTS
    }


def written(field: str, id_: str) -> str:
    """The id as a form has it."""
    if field not in LISTS:
        return id_
    name = _names(field).get(id_, id_)
    return id_ if _is_unclear(field, name) else name


def id_of(field: str, text: str) -> str:
    """The id of what the form names so; what has no such name stays as it is."""
    if field not in LISTS:
        return text
    found = [id_ for id_, name in _names(field).items() if name == text]
    return found[0] if len(found) == 1 else text


def _is_unclear(field: str, name: str) -> bool:
    return "," in name or name != name.strip() or Counter(_names(field).values())[name] > 1


def _names(field: str) -> dict[str, str]:
    """Names by ids, asked for once in a page."""
    known: dict[str, dict[str, str]] = g.setdefault("segment_names", {})
    if field not in known:
        items = asking.get(LISTS[field], limit=MOST)["items"]
        known[field] = {each["id"]: each["name"] for each in items}
    return known[field]
