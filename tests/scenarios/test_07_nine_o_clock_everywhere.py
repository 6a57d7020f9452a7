""" "We said nine, and half the list was woken up at three." """

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.scenarios.days import Days
from tests.support import given, then

ZONES = ["Pacific/Kiritimati", "Asia/Tokyo", "UTC", "America/New_York", "Pacific/Pago_Pago"]


def test_a_campaign_is_sent_at_nine_of_every_recipient(
    container: Container, clock: SimulatedClock
) -> None:
    """From the first clock of the world to the last, which is a day later; the plan shows it, and
    what expires does so hours after each one's own nine."""
    days = Days(container, clock)
    given.device(container)
    for number, zone in enumerate(ZONES, start=1):
        given.lead(container, number, timezone=zone)
    made = days.api.create(
        "/campaigns",
        {
            "name": "Nine",
            "body": "Good morning",
            "scheduled_at": "2026-03-04T09:00",
            "timezone": "recipient",
            "expires_after_hours": 1,
        },
    )
    assert (made["timezone"], made["local_time"]) == ("recipient", "2026-03-04T09:00")
    assert made["scheduled_at"] == "2026-03-03T19:00:00+00:00"

    days.work_until(clock() + timedelta(days=4))

    assert days.messages()[0].sent_at - days.messages()[-1].sent_at < timedelta()
    assert len(days.messages(status="sent")) == len(ZONES)
    for message, zone in zip(days.messages(), ZONES, strict=True):
        nine = datetime(2026, 3, 4, 9, tzinfo=ZoneInfo(zone))
        assert message.scheduled_at == nine
        assert timedelta() <= message.sent_at - nine < timedelta(minutes=1)
    assert then.table(container, "campaigns")[0].status == "finished"
    days.proves_itself()
