"""8. "One message was late, and then the next ones came at the wrong time too." """

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.scenarios.days import Days
from tests.support import given as on_the_house
from tests.support.api import given
from tests.support.gateways.fake_gowa import Behaviour
from tests.support.office import Office

# Twelve hours, a day and a half, a day; the first is due five minutes after enrolling at 08:00.
STEPS = [
    {"body": "One"},
    {"body": "Two", "delay_hours": 12},
    {"body": "Three", "delay_hours": 36},
    {"body": "Four", "delay_hours": 24},
]
PLANNED = ["Mon 08:05", "Mon 20:05", "Wed 08:05", "Thu 08:05"]


def march(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def moments(days: Days, lead: str, column: str) -> list[str]:
    """When that was, for each of the lead's steps."""
    steps = sorted(days.api.items("/messages", lead_id=lead), key=lambda m: m["step"])
    return [f"{datetime.fromisoformat(m[column]):%a %H:%M}" for m in steps]


def test_a_late_step_puts_off_what_follows_it_and_nobody_else(days: Days) -> None:
    """Three leads, each with a number of its own. One number is always there, one is off when the
    second step is due and comes back in the night, and of one the provider wants no message until
    noon."""
    there, away, slow = (
        given.device(days.api, name, settings=settings)
        for name, settings in (("There", {}), ("Away", {}), ("Slow", {"throttle_rate": 1}))
    )
    leads = [
        given.lead(days.api, number, device_id=device, triggers=["COLD"])
        for number, device in enumerate((there, away, slow), start=1)
    ]
    sequence = given.sequence(days.api, steps=STEPS)
    on_the_house.settings(days.container, max_attempts=100)

    days.work_until(march(2, 12))
    days.api.patch(f"/devices/{slow}", {"settings": {}})
    days.work_until(march(2, 19))
    days.api.post(f"/devices/{away}/disconnect")
    days.work_until(march(3, 2, 30))
    days.api.post(f"/devices/{away}/connect")
    days.work_until(march(5, 16))

    assert moments(days, leads[0], "sent_at") == PLANNED
    assert moments(days, leads[1], "sent_at") == [
        "Mon 08:05",
        "Tue 02:30",
        "Wed 14:30",
        "Thu 14:30",
    ]
    first = days.messages(step=1, lead_id=UUID(leads[2]))[0].sent_at
    assert march(2, 12) <= first <= march(2, 13)  # the longest pause between two tries is an hour
    assert moments(days, leads[2], "sent_at") == [
        f"{first + timedelta(hours=hours):%a %H:%M}" for hours in (0, 12, 48, 72)
    ]
    journeys = days.api.get(f"/reports/sequences/{sequence}").json["enrollments"]
    assert journeys == {"active": 0, "completed": 3, "stopped": 0}
    days.proves_itself()


def test_steps_without_a_delay_come_in_their_order(office: Office) -> None:
    """On a device whose pause is as short as its answers are slow."""
    office.gowa.behave = lambda asked: Behaviour(seconds=0.02)
    office.device(pace=(0.02, 0.02))
    office.leads(5, triggers="COLD")
    steps = [{"body": f"Step {n}", "delay_hours": 0} for n in (1, 2, 3)]
    given.sequence(office.api, steps=steps, first_delay_minutes=0)

    office.once("enroller")
    office.once("broadcaster", broadcast_every=60)
    # On a slow machine a step may have to wait for the one before it, for longer than that look.
    office.works_until_done()

    assert [office.received(n) for n in range(1, 6)] == [["Step 1", "Step 2", "Step 3"]] * 5
