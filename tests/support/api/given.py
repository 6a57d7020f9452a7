"""Given: keys, and what clients have asked for, with defaults that a test need not mention."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from projections.container import Container
from projections.records import api_keys
from tests.support.api.client import Client
from tests.support.given import NEEDED

# Of no worth anywhere else: 32 zero bytes, as Fernet wants them.
SECRET_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
# Another one: 32 bytes of value 1.
OTHER_KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

# A campaign as bytes of JSON, for tests of bodies.
CAMPAIGN = b'{"name": "March offer", "body": "Hello", "scheduled_at": "2026-03-03T09:00+08:00"}'

# An id that nothing has.
NOBODY = UUID("00000000-0000-4000-8000-000000000000")


def api_key(container: Container, name: str, role: str) -> str:
    """A new key, as ``sendtrail keys create`` prints it."""
    with container.database.transaction() as connection:
        return api_keys.create(connection, name, role, container.outreach.clock())


def phone(number: int) -> str:
    """The phone of lead ``number``."""
    return f"+6012{number:07d}"


def lead(client: Client, number: int = 1, **fields: Any) -> str:
    """The id of a new lead."""
    made = client.create("/leads", {"phone": phone(number), **fields})
    return str(made["id"])


def device(client: Client, name: str = "Sales 1", *, online: bool = True, **fields: Any) -> str:
    """The id of a new device on the sandbox, as fast as it can be unless told otherwise. It has
    what its gateway needs."""
    pace = {"min_delay_seconds": 0, "max_delay_seconds": 0}
    settings, credentials = NEEDED[fields.setdefault("gateway", "sandbox")]
    needed = {"settings": settings, "credentials": credentials}
    made = client.create("/devices", {"name": name, **pace, **needed, **fields})
    if online:
        assert client.post(f"/devices/{made['id']}/connect").status == 200
    return str(made["id"])


def campaign(client: Client, **fields: Any) -> str:
    """The id of a new campaign for everybody, due at 08:00."""
    given = {"name": "March offer", "body": "Hello {name|there}"}
    made = client.create("/campaigns", {**given, "scheduled_at": "2026-03-02T08:00Z", **fields})
    return str(made["id"])


def sequence(
    client: Client, *bodies: str, trigger: str = "COLD", active: bool = True, **fields: Any
) -> str:
    """The id of a new sequence of these texts."""
    steps = [{"body": body} for body in bodies or ("One", "Two")]
    given = {"name": f"On {trigger}", "trigger": trigger, "steps": steps}
    made = client.create("/sequences", {**given, **fields})
    if active:
        assert client.post(f"/sequences/{made['id']}/activate").status == 200
    return str(made["id"])
