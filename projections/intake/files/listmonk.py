"""What listmonk exports: subscribers as CSV, or as its API gives them.

Sources: listmonk.app/docs/apis/subscribers, and its cmd/subscribers.go for the columns of the CSV.
A phone is an attribute there; which one, its name says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain import foreign_json
from domain.foreign_json import ForeignJsonError
from projections.intake.files.cells import text_of

NEEDED = frozenset({"email", "status", "attributes"})
# Of a subscriber whom it writes to. Others, blocklisted or disabled, it does not.
_ENABLED = ("enabled", "")
_OWN = ("id", "uuid", "status", "attributes", "attribs", "lists", "created_at", "updated_at")


def of_cells(cells: Mapping[str, str]) -> dict[str, str]:
    """The record of a row of its CSV. Raises ForeignJsonError where the attributes are no JSON."""
    named = {name.casefold(): cell for name, cell in cells.items()}
    attributes = foreign_json.decode(named.get("attributes", "").encode() or b"{}")
    if not isinstance(attributes, dict):
        raise ForeignJsonError("no object")
    return _record({**named, "attribs": attributes})


def items(document: Any) -> Iterable[Any] | None:
    """The subscribers of an answer of its API, or of a list of them."""
    if isinstance(document, dict):
        data = document.get("data", document)
        document = data.get("results", [data]) if isinstance(data, dict) else data
    if not isinstance(document, list) or not any(_is_subscriber(each) for each in document):
        return None
    return document


def of_item(item: Mapping[str, Any]) -> dict[str, str]:
    """The record of a subscriber of its API."""
    return _record(item)


def _is_subscriber(item: Any) -> bool:
    return isinstance(item, dict) and {"email", "status"} <= item.keys()


def _record(said: Mapping[str, Any]) -> dict[str, str]:
    attributes = said.get("attribs")
    found = {
        str(name): text_of(value)
        for name, value in (attributes if isinstance(attributes, dict) else {}).items()
    }
    found |= {name: text_of(value) for name, value in said.items() if name not in _OWN}
    lists = [each for each in _list(said.get("lists")) if isinstance(each, dict)]
    left = [each for each in lists if each.get("subscription_status") == "unsubscribed"]
    names = [text_of(each.get("name")) for each in lists if each not in left]
    # A list is whom its sender writes to, which is what a niche is here.
    found["niche"] = ";".join(name.replace(";", " ").replace(",", " ") for name in names)
    status = text_of(said.get("status"))
    because = ""
    if status.casefold() not in _ENABLED:
        because = f"listmonk: {status}"
    elif lists and len(left) == len(lists):
        because = f"listmonk: unsubscribed from {', '.join(text_of(e.get('name')) for e in left)}"
    at = text_of(said.get("updated_at"))
    found["opted_out"] = "yes" if because else ""
    found["opt_out_evidence"] = f"{because}, as of {at}" if because and at else because
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
