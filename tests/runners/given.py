"""Given: devices, leads, sequences and campaigns, with defaults that a test need not mention."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import campaign as campaigns
from domain import device as devices
from domain import lead as leads
from domain import sequence as sequences
from domain.planning import Step
from projections.container import House
from runners.jobs.enroller import Enroller

ACTOR = "api:test"


def phone(number: int) -> str:
    """The phone of lead ``number``."""
    return f"+6012{number:07d}"


def settings(house: House, **changes: Any) -> None:
    """The house goes on with other settings."""
    house.settings = msgspec.structs.replace(house.settings, **changes)


def device(
    house: House,
    name: str = "Sales 1",
    *,
    pace: tuple[float, float] = (0, 0),
    online: bool = True,
    gateway: devices.Gateway = "sandbox",
    **fields: Any,
) -> UUID:
    """A device, on the sandbox, that sends as fast as it can, unless told otherwise."""
    configuration = devices.Configuration(
        name=name,
        gateway=gateway,
        min_delay_seconds=pace[0],
        max_delay_seconds=pace[1],
        **fields,
    )
    device_id = house.outreach.register_device(configuration, actor=ACTOR).id
    if online:
        house.outreach.connect_device(device_id, actor=ACTOR)
    return device_id


def lead(house: House, number: int = 1, triggers: Sequence[str] = (), **profile: Any) -> UUID:
    """One lead, a prospect without niche, name or device of its own."""
    return house.outreach.register_lead(
        phone(number), triggers, leads.profile(**profile), actor=ACTOR
    ).id


def many_leads(
    house: House, count: int, triggers: Sequence[str] = (), *, first: int = 1, **profile: Any
) -> list[UUID]:
    """``count`` leads that differ in nothing but their phones."""
    numbers = range(first, first + count)
    with house.database.transaction() as connection:
        house.outreach.register_leads(
            connection,
            [(phone(number), triggers, leads.profile(**profile)) for number in numbers],
            actor=ACTOR,
        )
    return [house.outreach.lead_id(phone(number)) for number in numbers]


def sequence(
    house: House,
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

    sequence_id = house.outreach.define_sequence(definition, actor=ACTOR).id
    if active:
        house.outreach.activate_sequence(sequence_id, actor=ACTOR)
    return sequence_id


def campaign(house: House, *, at: datetime | None = None, **fields: Any) -> UUID:
    """A campaign for everybody, due now."""
    definition = campaigns.Definition(
        **{
            "name": "March offer",
            "body": "Hello {name|there}",
            "scheduled_at": at or house.outreach.clock(),
            **fields,
        }
    )
    return house.outreach.schedule_campaign(definition, actor=ACTOR).id


def journey(house: House, *bodies: str, number: int = 1, **profile: Any) -> UUID:
    """A lead on its way through a sequence of these texts, the first due in five minutes, the
    others a day apart; returns the sequence."""
    trigger = f"COLD {number}"
    lead(house, number, [trigger], **profile)
    sequence_id = sequence(house, trigger, bodies or ("One",))
    Enroller(house, "runner:enroller:test").run_once()
    return sequence_id


def changed(struct: Any, **fields: Any) -> Any:
    """The same with other values in some fields."""
    return msgspec.structs.replace(struct, **fields)
