"""7. "The offer for nine in the morning went out at five in the afternoon, and since the clocks
changed our nine o'clock messages come at ten." """

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.days import Days
from tests.support.api import given
from tests.support.office import Office

KUALA_LUMPUR = ZoneInfo("Asia/Kuala_Lumpur")
# As far west and as far east as it gets, and where clocks change.
SERVERS = ("Pacific/Niue", "America/New_York", "Pacific/Kiritimati")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine, every process on it and their database sessions are in another time zone."""
    for name in ("TZ", "PGTZ"):
        monkeypatch.setenv(name, request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("server")
def test_a_campaign_at_nine_in_kuala_lumpur_fires_then(days: Days) -> None:
    """However that is written; in London it is one in the morning."""
    given.device(days.api)
    given.lead(days.api)
    given.campaign(days.api, scheduled_at="2026-03-03T09:00 Asia/Kuala_Lumpur")
    given.campaign(days.api, scheduled_at="2026-03-03T09:00", timezone="Asia/Kuala_Lumpur")
    given.campaign(days.api, scheduled_at="2026-03-03T09:00+08:00")

    days.work_until(datetime(2026, 3, 4, 8, 0, tzinfo=UTC))

    nine = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    assert [message.sent_at for message in days.messages()] == [nine] * 3


@pytest.mark.usefixtures("server")
def test_processes_in_any_time_zone_know_what_time_it_is_in_kuala_lumpur(office: Office) -> None:
    """By the clock on a wall there, one campaign was due ten minutes ago and one will be in ten:
    a server's own time would be hours from either."""
    office.device()
    office.leads(1)
    wall = datetime.now(KUALA_LUMPUR)
    due, later = (
        office.campaign(body=body, scheduled_at=f"{at:%Y-%m-%dT%H:%M}", timezone=KUALA_LUMPUR.key)
        for body, at in (
            ("Due", wall - timedelta(minutes=10)),
            ("Later", wall + timedelta(minutes=10)),
        )
    )

    assert office.once().returncode == 0

    assert office.received(1) == ["Due"]
    assert office.api.get(f"/campaigns/{due}").json["status"] == "finished"
    assert office.api.get(f"/campaigns/{later}").json["status"] == "pending"
    office.proves_itself()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("begin", "sent"),
    [
        # On Sunday the 8th it is two, and then three.
        (
            datetime(2026, 3, 6, 8, 0, tzinfo=UTC),
            [
                datetime(2026, 3, 6, 14, 0, tzinfo=UTC),
                datetime(2026, 3, 7, 14, 0, tzinfo=UTC),
                datetime(2026, 3, 8, 13, 0, tzinfo=UTC),
                datetime(2026, 3, 9, 13, 0, tzinfo=UTC),
            ],
        ),
        # On Sunday the 1st it is one twice.
        (
            datetime(2026, 10, 30, 8, 0, tzinfo=UTC),
            [
                datetime(2026, 10, 30, 13, 0, tzinfo=UTC),
                datetime(2026, 10, 31, 13, 0, tzinfo=UTC),
                datetime(2026, 11, 1, 14, 0, tzinfo=UTC),
                datetime(2026, 11, 2, 14, 0, tzinfo=UTC),
            ],
        ),
    ],
    ids=["spring", "autumn"],
)
def test_steps_at_nine_in_new_york_stay_at_nine_when_the_clocks_change(
    days: Days, begin: datetime, sent: list[datetime]
) -> None:
    """A step a day, from the Friday before to the Monday after. Somebody in Kuala Lumpur, where no
    clocks change, gets them at nine as well, which is one in the morning in London."""
    days.down_until(begin)
    given.device(days.api)
    home = given.lead(days.api, 1, triggers=["COLD"])
    away = given.lead(days.api, 2, triggers=["COLD"], timezone="Asia/Kuala_Lumpur")
    steps = [{"body": f"Day {n}", "send_at": "09:00"} for n in (1, 2, 3, 4)]
    given.sequence(days.api, steps=steps, timezone="America/New_York")

    days.work_until(begin + timedelta(days=5))

    messages = [(str(m.lead_id), m.sent_at) for m in days.messages()]
    assert [at for lead, at in messages if lead == home] == sent
    tomorrow = datetime(begin.year, begin.month, begin.day, 1, tzinfo=UTC) + timedelta(days=1)
    assert [at for lead, at in messages if lead == away] == [
        tomorrow + timedelta(days=day) for day in range(4)
    ]
    days.proves_itself()
