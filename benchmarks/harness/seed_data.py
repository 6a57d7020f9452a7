"""What the measurements work on: devices, leads, a campaign and a sequence.

All of it is made by the same commands that people use. ``ACTOR`` is the actor of their events.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from domain import device, lead, sequence
from domain.application.registration import Registration
from domain.campaign.definition import Definition
from domain.windows import Window
from projections.container import Container
from runners.jobs.campaigner import Campaigner

ACTOR = "cli:benchmark"
# What a device of a gateway must have.
NEEDED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "sandbox": ({}, {}),
    "cloud": ({"phone_number_id": "1"}, {"access_token": "benchmark"}),
}
# Leads to a transaction.
CHUNK = 5000
# Devices where a measurement needs no more.
DEVICES = 50
# Long past, so that everything scheduled for it is due.
DUE_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
# The bodies of the sequence's steps.
STEPS = (
    "Hi {name|there}, thanks for asking about our programme.",
    "Hi {name|there}, here is how others began: https://example.com/stories?from=bench",
    "A short question, {name|friend}: what would you like to change first?",
    "{name|Hello}, there are a few places left this month.",
    "Last note from us, {name|there}. Write back whenever it suits you.",
)


def register_devices(container: Container, count: int, gateway: device.Gateway = "sandbox") -> None:
    """Register ``count`` devices without any pause between messages, and connect them.

    ``gateway`` is the sandbox or the Cloud API.
    """
    settings, credentials = NEEDED[gateway]
    for number in range(1, count + 1):
        configuration = device.Configuration(
            name=f"device {number}",
            gateway=gateway,
            settings=settings,
            min_delay_seconds=0,
            max_delay_seconds=0,
        )
        registered = container.outreach.register_device(configuration, credentials, actor=ACTOR)
        container.outreach.connect_device(registered.id, actor=ACTOR)


def register_leads(container: Container, count: int) -> None:
    """Register ``count`` leads with the trigger COLD, a niche and two attributes."""
    for start in range(0, count, CHUNK):
        registrations = [
            Registration(
                f"+6012{number:07d}",
                ("COLD",),
                lead.Profile(
                    name=f"Lead {number}",
                    niche=("B1",),
                    timezone="Asia/Kuala_Lumpur",
                    attributes={"city": "Ipoh", "order_number": str(number)},
                ),
            )
            for number in range(start, min(start + CHUNK, count))
        ]
        with container.database.transaction() as connection:
            container.outreach.register_leads(connection, registrations, actor=ACTOR)


def offer(at: datetime | None = DUE_AT, windows: tuple[Window, ...] = ()) -> Definition:
    """What a campaign to all leads says that begins ``at`` that instant, and may be sent in these
    windows."""
    return Definition(
        name="March offer",
        body="{name|Hello}, this week only: 20 % off.\nDetails: https://example.com/march",
        scheduled_at=at,
        niche=("B1",),
        windows=windows,
    )


def schedule_due_campaign(container: Container, windows: tuple[Window, ...] = ()) -> UUID:
    """Schedule a campaign to all leads that is due already, and may be sent in these windows;
    returns its id."""
    return container.outreach.schedule_campaign(offer(windows=windows), actor=ACTOR).id


def schedule_messages(container: Container, messages: int) -> None:
    """Let the campaigner add all leads to the due campaign, in this process.

    Raises AssertionError if that makes not exactly so many ``messages``.
    """
    added = Campaigner(container, ACTOR).run_once()
    assert added == messages, f"{added} messages scheduled"


def count_sent(container: Container) -> int:
    """The number of messages that are sent."""
    with container.database.transaction() as connection:
        statement = "SELECT count(*) FROM broadcast_messages WHERE status = 'sent'"
        return int(connection.exec_driver_sql(statement).scalar_one())


def activate_sequence(container: Container) -> UUID:
    """Define and activate a sequence of ``STEPS``, entered by the trigger COLD; returns its id."""

    def definition(sequence_id: UUID) -> sequence.Definition:
        return sequence.Definition(
            name="Welcome",
            trigger="COLD",
            steps=tuple(
                sequence.step(sequence_id, 1, number, body=body)
                for number, body in enumerate(STEPS, start=1)
            ),
        )

    defined = container.outreach.define_sequence(definition, actor=ACTOR)
    container.outreach.activate_sequence(defined.id, actor=ACTOR)
    return defined.id
