"""What Mautic exports: contacts as CSV, or as its API gives them.

Source: devdocs.mautic.org, REST API, contacts: ``fields.all``, ``tags`` and ``doNotContact``, whose
reasons are 1 unsubscribed, 2 bounced, 3 by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain import foreign_json
from domain.foreign_json import ForeignJsonError
from projections.intake.files.cells import text_of
from projections.intake.files.headers import squeezed

NEEDED = frozenset({"email"})
# A mail that bounced is no wish of the person's.
_REASONS = {"1": "unsubscribed", "3": "set by hand"}
_NO_WISH = ("", "0", "no", "false", "2", "bounced", "[]", "null", "contactable")
_DNC = frozenset(
    squeezed(name)
    for name in (
        *("dnc", "do not contact", "do not email", "do not sms", "dnc email", "dnc sms"),
        *("do not contact (by email)", "do not contact (by sms)", "dnc reason"),
    )
)
# What is not known as that of a person here.
_LEFT_OUT = ("id", "points", "preferred_profile_image")


def of_cells(cells: Mapping[str, str]) -> dict[str, str]:
    """The record of a row of its CSV. A column that says who must not be contacted is known by its
    name, and may have JSON as the API's."""
    found: dict[str, str] = {}
    said: list[str] = []
    for name, cell in cells.items():
        if squeezed(name) in _DNC:
            said += _noes(name, cell.strip())
        elif name.casefold() not in _LEFT_OUT:
            found[name] = cell
    return _with_wish(found, said)


def items(document: Any) -> Iterable[Any] | None:
    """The contacts of an answer of its API, or of a list of them."""
    if isinstance(document, dict):
        document = document.get("contacts", [document.get("contact", document)])
    if isinstance(document, dict):
        document = list(document.values())
    if not isinstance(document, list):
        return None
    is_one = any(isinstance(each, dict) and "fields" in each for each in document)
    return document if is_one else None


def of_item(item: Mapping[str, Any]) -> dict[str, str]:
    """The record of a contact of its API."""
    fields = item.get("fields")
    every = fields.get("all") if isinstance(fields, dict) else None
    found = {
        str(name): text_of(value)
        for name, value in (every if isinstance(every, dict) else {}).items()
        if name not in _LEFT_OUT
    }
    tags = item.get("tags")
    names = [
        text_of(tag.get("tag") if isinstance(tag, dict) else tag)
        for tag in (tags if isinstance(tags, list) else ())
    ]
    if names:
        found["tags"] = ";".join(names)
    return _with_wish(found, _entries(item.get("doNotContact")))


def _with_wish(found: dict[str, str], said: list[str]) -> dict[str, str]:
    found["opted_out"] = "yes" if said else ""
    found["opt_out_evidence"] = f"Mautic: {'; '.join(said)}" if said else ""
    return found


def _noes(name: str, cell: str) -> list[str]:
    """What a cell of a column says against contacting the person, in words."""
    if cell.casefold() in _NO_WISH:
        return []
    if cell[:1] in ("[", "{"):
        try:
            return _entries(foreign_json.decode(cell.encode()))
        except ForeignJsonError:
            pass
    return [f"{name}: {_REASONS.get(cell, cell)}"]


def _entries(value: Any) -> list[str]:
    """The same of the API's entries."""
    found = []
    for entry in value if isinstance(value, list) else ():
        if not isinstance(entry, dict) or text_of(entry.get("reason")) in _NO_WISH:
            continue
        reason = text_of(entry.get("reason"))
        comments = text_of(entry.get("comments")).strip()
        channel = text_of(entry.get("channel")) or "any channel"
        words = f"{channel}: {_REASONS.get(reason, reason)}"
        found.append(f"{words} ({comments})" if comments else words)
    return found
