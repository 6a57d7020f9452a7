"""What the benchmarks work on: devices, leads, a campaign and a sequence, made by the same commands
that people use."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from domain import campaign, device, lead, sequence
from projections.container import Container
from runners.jobs.campaigner import Campaigner

ACTOR = "cli:benchmark"
CHUNK = 5000
DEVICES = 50
# Long past, so that everything scheduled for it is due.
DUE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STEPS = (
    "Hi {name|there}, thanks for asking about our programme.",
    "Hi {name|there}, here is how others began: https://example.com/stories?from=bench",
    "A short question, {name|friend}: what would you like to change first?",
    "{name|Hello}, there are a few places left this month.",
    "Last note from us, {name|there}. Write back whenever it suits you.",
)


def devices(container: Container, count: int, gateway: device.Gateway = "sandbox") -> None:
    """Registers ``count`` devices without any pause between messages, and connects them."""
    for number in range(1, count + 1):
        configuration = device.Configuration(
            name=f"device {number}",
            gateway=gateway,
            min_delay_seconds=0,
            max_delay_seconds=0,
        )
        registered = container.outreach.register_device(configuration, actor=ACTOR)
        container.outreach.connect_device(registered.id, actor=ACTOR)


def leads(container: Container, count: int) -> None:
    """Registers ``count`` leads with the trigger COLD, a niche and two attributes."""
    for start in range(0, count, CHUNK):
        registrations = [
            (
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


def due_campaign(container: Container) -> UUID:
    """Schedules a campaign to all leads whose instant has come."""
    definition = campaign.Definition(
        name="March offer",
        body="{name|Hello}, this week only: 20 % off.\nDetails: https://example.com/march",
        scheduled_at=DUE,
        niche=("B1",),
    )
    return container.outreach.schedule_campaign(definition, actor=ACTOR).id


def triggered(container: Container, messages: int) -> None:
    """The campaigner adds everybody to the campaign that is due: so many messages."""
    added = Campaigner(container, ACTOR).run_once()
    assert added == messages, f"{added} messages scheduled"


def sent(container: Container) -> int:
    """How many messages are sent."""
    with container.database.transaction() as connection:
        statement = "SELECT count(*) FROM broadcast_messages WHERE status = 'sent'"
        return int(connection.exec_driver_sql(statement).scalar_one())


def active_sequence(container: Container) -> UUID:
    """Defines and activates a sequence of five steps that is entered by COLD."""

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
