"""Given: devices, leads, sequences and campaigns, with defaults that a test need not mention."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import device as devices
from domain import lead as leads
from domain import segments
from domain import sequence as sequences
from domain.application.registration import Registration
from domain.campaign.definition import Definition
from domain.planning import Step
from projections.container import Container
from runners.jobs.campaigner import Campaigner
from runners.jobs.enroller import Enroller

ACTOR = "api:test"
# The settings and credentials without which a device of that gateway cannot work.
NEEDED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "sandbox": ({}, {}),
    "gowa": ({"base_url": "https://gowa.example.com"}, {}),
    "cloud": ({"phone_number_id": "1"}, {"access_token": "a t0ken"}),
    "wablas": (
        {"base_url": "https://wablas.example.com"},
        {"token": "a t0ken", "secret_key": "a s3cret"},
    ),
    "whacenter": ({"base_url": "https://whacenter.example.com"}, {"device_id": "a s3cret"}),
}


def phone(number: int) -> str:
    """The phone of lead ``number``."""
    return f"+6012{number:07d}"


def settings(container: Container, **changes: Any) -> None:
    """The same database with other settings."""
    container.settings = msgspec.structs.replace(container.settings, **changes)
    container.outreach.house = container.settings.house
    container.outreach.allowed_hosts = container.settings.allow_private_hosts


def device(
    container: Container,
    name: str = "Sales 1",
    *,
    pace: tuple[float, float] = (0, 0),
    online: bool = True,
    gateway: devices.Gateway = "sandbox",
    **fields: Any,
) -> UUID:
    """A device with what its gateway needs: the sandbox, and as fast as it can be, unless told
    otherwise."""
    settings, credentials = NEEDED[gateway]
    configuration = devices.Configuration(
        name=name,
        gateway=gateway,
        min_delay_seconds=pace[0],
        max_delay_seconds=pace[1],
        **{"settings": settings, **fields},
    )
    device_id = container.outreach.register_device(configuration, credentials, actor=ACTOR).id
    if online:
        container.outreach.connect_device(device_id, actor=ACTOR)
    return device_id


def lead(
    container: Container, number: int = 1, triggers: Sequence[str] = (), **profile: Any
) -> UUID:
    """One lead, a prospect without niche, name or device of its own."""
    return container.outreach.register_lead(
        phone(number), triggers, leads.profile(**profile), actor=ACTOR
    ).id


def person(container: Container, phone: str, **profile: Any) -> UUID:
    """One lead with that phone, in E.164."""
    outreach = container.outreach
    return outreach.register_lead(phone, (), leads.profile(**profile), actor=ACTOR).id


def many_leads(
    container: Container,
    count: int,
    triggers: Sequence[str] = (),
    *,
    first: int = 1,
    **profile: Any,
) -> list[UUID]:
    """``count`` leads that differ in nothing but their phones."""
    numbers = range(first, first + count)
    with container.database.transaction() as connection:
        container.outreach.register_leads(
            connection,
            [Registration(phone(number), triggers, leads.profile(**profile)) for number in numbers],
            actor=ACTOR,
        )
    return [container.outreach.lead_id(phone(number)) for number in numbers]


def segment(container: Container, **clauses: list[tuple[str, str, Any]]) -> UUID:
    """A segment of these conditions, each as (field, op, value)."""
    asked = segments.check("Some", clauses)  # type: ignore[arg-type]
    return container.outreach.save_segment(asked, actor=ACTOR)


# A lead's key may be stored as it is.
_CROWD = (
    "INSERT INTO leads (lead_id, version, phone, name, niche, niche_keys, target_status, triggers,"
    " trigger_keys, attributes, registered_at)"
    " SELECT md5('crowd ' || n)::uuid, 1, '+6012' || lpad(n::text, 7, '0'), '', '{}', '{}',"
    " 'prospect', '{}', '{}', '{}', %(now)s FROM generate_series(%(first)s, %(last)s) n",
    "INSERT INTO lead_addresses (lead_id, kind, scope, value, key, learned_at)"
    " SELECT lead_id, 'phone', '', phone, phone, registered_at FROM leads"
    " WHERE registered_at = %(now)s",
    "INSERT INTO lead_keys (lead_id, key, digest_key)"
    " SELECT lead_id, sha256(lead_id::text::bytea), sha256(phone::bytea) FROM leads"
    " WHERE registered_at = %(now)s",
)


def crowd(container: Container, count: int, *, first: int = 1) -> None:
    """``count`` leads that were never registered: what else has them, but no event. They are there
    in a tenth of the time, for scenarios in which it matters how many there are."""
    numbers = {"first": first, "last": first + count - 1, "now": container.outreach.clock()}
    with container.database.transaction() as connection:
        for statement in _CROWD:
            connection.exec_driver_sql(statement, numbers)


def sequence(
    container: Container,
    trigger: str = "COLD",
    bodies: Sequence[str] = ("One", "Two", "Three"),
    *,
    active: bool = True,
    step: dict[str, Any] | None = None,
    **fields: Any,
) -> UUID:
    """A sequence of these texts; ``step`` is what all its steps have."""

    def definition(sequence_id: UUID) -> sequences.Definition:
        steps: tuple[Step, ...] = tuple(
            sequences.step(sequence_id, 1, number, body=body, **(step or {}))
            for number, body in enumerate(bodies, start=1)
        )
        return sequences.Definition(
            **{"name": f"On {trigger}", "trigger": trigger, "steps": steps, **fields}
        )

    sequence_id = container.outreach.define_sequence(definition, actor=ACTOR).id
    if active:
        container.outreach.activate_sequence(sequence_id, actor=ACTOR)
    return sequence_id


def campaign(container: Container, *, at: datetime | None = None, **fields: Any) -> UUID:
    """A campaign for everybody, due now."""
    definition = Definition(
        **{
            "name": "March offer",
            "body": "Hello {name|there}",
            "scheduled_at": at or container.outreach.clock(),
            **fields,
        }
    )
    return container.outreach.schedule_campaign(definition, actor=ACTOR).id


def due_messages(container: Container, count: int = 1, **fields: Any) -> None:
    """One campaign message, due now, for each of so many new leads, on a new device with these
    fields that may send at once."""
    device(container, **fields)
    many_leads(container, count)
    campaign(container)
    Campaigner(container, "runner:campaigner:test").run_once()


def journey(container: Container, *bodies: str, number: int = 1, **profile: Any) -> UUID:
    """A lead on its way through a sequence of these texts, the first due in five minutes, the
    others a day apart; returns the sequence."""
    trigger = f"COLD {number}"
    lead(container, number, [trigger], **profile)
    sequence_id = sequence(container, trigger, bodies or ("One",))
    Enroller(container, "runner:enroller:test").run_once()
    return sequence_id


def changed(struct: Any, **fields: Any) -> Any:
    """The same with other values in some fields."""
    return msgspec.structs.replace(struct, **fields)
