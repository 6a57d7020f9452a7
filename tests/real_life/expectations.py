"""What can be seen through the API, and what of it a case expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.api.client import Client


def everything(api: Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """All that a list has, page by page."""
    while True:
        status, page = api.get(path, limit=500, **query)
        assert status == 200, (path, page)
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def phones(api: Client) -> set[str]:
    """The phones of all leads."""
    return {lead["phone"] for lead in everything(api, "/leads")}


def unmet(api: Client, expect: dict[str, Any], lead_id: str) -> dict[str, Any]:
    """What is otherwise than expected, by the name of the expectation: what it is instead."""
    found = {name: _SEEN[name](api, lead_id, expect) for name in expect if name != "words"}
    return {name: value for name, value in found.items() if value != expect[name]}


def _lead(api: Client, lead_id: str) -> dict[str, Any]:
    status, lead = api.get(f"/leads/{lead_id}")
    assert status == 200, lead
    return dict(lead)


def _step(api: Client, lead_id: str, number: int) -> dict[str, Any]:
    (found,) = (
        one for one in everything(api, "/messages", lead_id=lead_id) if one["step"] == number
    )
    return found


def _stopped(api: Client, lead_id: str, expect: dict[str, Any]) -> Any:
    """Whether the enrollment is stopped; both it and its pending step must say so."""
    (enrollment,) = everything(api, "/enrollments", lead_id=lead_id)
    both = (enrollment["status"], _step(api, lead_id, 2)["status"])
    return {("stopped", "cancelled"): True, ("active", "pending"): False}.get(both, both)


def _unattributed(api: Client, lead_id: str, expect: dict[str, Any]) -> Any:
    """False if exactly one reply that nobody was found for has the words of the case."""
    replies = everything(api, "/replies", attributed="false")
    texts = [reply["text"] for reply in replies]
    return False if texts.count(expect["words"]) == 1 else texts


def _suppressed(api: Client, lead_id: str, expect: dict[str, Any]) -> Any:
    values = [one["value"] for one in everything(api, "/suppressions")]
    return expect["suppressed"] if expect["suppressed"] in values else values


def _receipt(api: Client, lead_id: str, expect: dict[str, Any]) -> str | None:
    """The furthest that step 1 came."""
    message = _step(api, lead_id, 1)
    return "read" if message["read_at"] else "delivered" if message["delivered_at"] else None


_SEEN = {
    "opted_out": lambda api, lead, expect: _lead(api, lead)["opted_out"],
    "phone": lambda api, lead, expect: _lead(api, lead)["phone"],
    "unreachable": lambda api, lead, expect: bool(_lead(api, lead)["unreachable"]),
    "stopped": _stopped,
    "replies": lambda api, lead, expect: len([*everything(api, "/replies", lead_id=lead)]),
    "automatic": lambda api, lead, expect: len(
        [*everything(api, "/replies", lead_id=lead, automatic="true")]
    ),
    "attributed": _unattributed,
    "suppressed": _suppressed,
    "receipt": _receipt,
    "status": lambda api, lead, expect: _step(api, lead, 1)["status"],
}
