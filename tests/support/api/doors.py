"""Every way to ask the API, and a request that nothing but its key can be wrong with."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

from projections.container import Container
from projections.database.engine import rows
from tests.support.api import given

TABLE = Path(__file__).parents[2] / "api" / "roles.txt"
KEYS = ("viewer", "operator", "admin", "revoked", "wrong", "none")

STEP = {"body": "Hello"}
NEVER_SENT = {"field": "never_sent", "op": "eq", "value": True}
# What is sent, where it is not nothing, so that nothing but the key can be wrong with it.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/leads"): {"phone": given.phone(2)},
    ("POST", "/leads/{lead_id}/merge"): {"with": "{other_id}"},
    ("POST", "/leads/{lead_id}/messages"): STEP,
    ("POST", "/devices/{device_id}/test"): {"to": given.phone(7)},
    ("POST", "/campaigns/{campaign_id}/test"): {"to": given.phone(7), "lead_id": "{other_id}"},
    ("POST", "/leads/{lead_id}/consents"): {
        "purpose": "marketing",
        "source": "form",
        "words": "I agree",
    },
    ("POST", "/leads/{lead_id}/triggers"): {"trigger": "WARM"},
    ("POST", "/leads/bulk"): {"ids": ["{lead_id}"], "do": "add_trigger", "trigger": "WARM"},
    ("POST", "/messages/bulk"): {"ids": ["{message_id}"], "do": "retry"},
    ("POST", "/sequences"): {"name": "New", "trigger": "NEW", "steps": [STEP]},
    ("POST", "/sequences/{sequence_id}/steps"): STEP,
    ("POST", "/enrollments"): {"lead_id": "{lead_id}", "sequence_id": "{sequence_id}"},
    ("POST", "/campaigns"): {"name": "New", "scheduled_at": "2027-03-02T08:00Z", **STEP},
    ("POST", "/devices"): {"name": "New", "gateway": "sandbox"},
    ("POST", "/keys"): {"name": "new", "role": "viewer"},
    ("POST", "/messages/{message_id}/resolve"): {"resolution": "failed"},
    ("POST", "/subscriptions"): {"url": "https://crm.example/new"},
    ("POST", "/segments"): {"name": "New", "all": [NEVER_SENT]},
    ("POST", "/segments/preview"): {"all": [NEVER_SENT]},
    ("POST", "/suppressions"): {"value": "+60129990002"},
    ("POST", "/what-if"): {"campaign": {"name": "New", **STEP}},
}
QUERIES = {
    ("GET", "/audit/why-not"): {"lead_id": "{lead_id}", "campaign_id": "{campaign_id}"},
    ("GET", "/reports/series"): {"by": "day"},
}
CSV = ("POST", "/leads/import")
# What a request with a key writes though it is refused.
NOTED = ("api_keys", "wrong_tries")

_address = count(1)


class Door(NamedTuple):
    """One way to ask, of a path with names for ids."""

    method: str
    path: str


def expected() -> dict[Door, list[str]]:
    """The table: for each way to ask, what is expected with each of ``KEYS``."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line[0] != "#"]
    return {Door(method, path): cells for method, path, *cells in lines}


def _filled(value: Any, ids: dict[str, str]) -> Any:
    """With ids in the place of their names."""
    if isinstance(value, dict):
        return {name: _filled(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, ids) for inner in value]
    if isinstance(value, str):
        return re.sub(r"{(\w+)}", lambda found: ids[found[1]], value)
    return value


def ask(app: Flask, door: Door, ids: dict[str, str], key: Any, **more: Any) -> TestResponse:
    """Each time from another address, so that no wrong key stands in the way of another. ``query``
    adds to what is asked."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    asked = (door.method, door.path.removeprefix("/api/v1"))
    query = _filled(QUERIES.get(asked, {}), ids) | more.pop("query", {})
    sent: dict[str, Any] = {"query_string": query}
    if asked == CSV:
        sent |= {"data": f"phone\n{given.phone(3)}\n", "content_type": "text/csv"}
    elif door.method in ("POST", "PATCH"):
        sent["json"] = _filled(BODIES.get(asked, {}), ids)
    return app.test_client().open(
        _filled(door.path, ids),
        method=door.method,
        headers=headers | more.pop("headers", {}),
        environ_overrides={"REMOTE_ADDR": f"2001:db8:0:{next(_address):x}::1", **more},
        **sent,
    )


def everything(container: Container) -> dict[str, list[str]]:
    """All rows of all tables, but of those that note who asked."""
    with container.database.transaction() as connection:
        names = rows(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {
            name: sorted(str(row[0]) for row in rows(connection, f"SELECT t::text FROM {name} t"))
            for (name,) in names
            if name not in NOTED
        }
