"""40. "Why is it still pending?" — "It is pending." """

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.desk import CAP, Desk
from tests.support import given
from tests.support.gateways.fake_gowa import Behaviour, FakeGowa
from tests.support.office import Office
from tests.support.samples import utc
from tests.support.shared_clock import VARIABLE, SharedClock
from tests.support.waits import strays

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
EVENING = {"weekdays": EVERY_DAY, "start": "20:00", "end": "21:00"}
WORK = {"weekdays": EVERY_DAY, "start": "09:00", "end": "17:00"}


@pytest.fixture
def desk(
    database_url: str, gowa: FakeGowa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """It is Monday, eight o'clock."""
    path = tmp_path / "clock"
    monkeypatch.setenv(VARIABLE, str(path))
    clock = SharedClock(path)
    clock.move_to(utc(2026, 3, 2, 8))
    office = Office(database_url, gowa, clock)
    yield Desk(office, clock)
    office.close()


def late_steps(desk: Desk) -> None:
    """The phone was off from eight to two, and both steps are late."""
    desk.loses_session("Late", desk.office.device("Late"))
    desk.leads("Late", 1, triggers="LATE")
    desk.sequence("LATE", 0, 4, first_delay_minutes=0)
    desk.soon(lambda: len(desk.pending(1)) == 2)
    desk.at(14)
    desk.office.gowa.devices["Late"] = "logged_in"
    desk.soon(lambda: desk.sent(1))
    desk.is_told(1, "previous_step", utc(2026, 3, 2, 18), "the delay after the step before, until")


def phone_is_off(desk: Desk) -> None:
    device = desk.office.device("Sales 2")
    desk.at(14, 10)
    desk.loses_session("Sales 2", device)
    desk.leads("Sales 2", 2)
    desk.office.campaign(niche=["Sales 2 2"])
    desk.is_told(2, "device_offline", None, "device Sales 2, which is offline since 14:10 (UTC)")


def not_yet_open(desk: Desk) -> None:
    desk.at(14, 20)
    desk.leads("Sales 1", 3)
    desk.office.campaign(niche=["Sales 1 3"], windows=[EVENING])
    desk.is_told(3, "window", utc(2026, 3, 2, 20), "the window that opens 20:00 (UTC)")


def somebody_paused(desk: Desk) -> tuple[str, str]:
    """A campaign and a sequence."""
    desk.at(14, 30)
    desk.leads("Sales 1", 4)
    campaign = desk.office.campaign(name="News", niche=["Sales 1 4"], windows=[EVENING])
    desk.is_told(4, "window", utc(2026, 3, 2, 20), "the window that opens 20:00 (UTC)")
    desk.leads("Sales 1", 5, triggers="HELD")
    sequence = desk.sequence("HELD", 0, first_delay_minutes=60)
    desk.is_told(5, "scheduled", utc(2026, 3, 2, 15, 30), "the planned time, 15:30")
    paused = f"/campaigns/{campaign}", f"/sequences/{sequence}"
    assert [desk.api.post(f"{one}/pause").status for one in paused] == [200, 200]
    desk.is_told(4, "campaign_paused", None, "campaign News, which is paused")
    desk.is_told(5, "sequence_paused", None, "sequence HELD, which is paused")
    return paused


def phone_has_had_enough(desk: Desk) -> None:
    """It pauses between two, or has sent what a day may have; and so has she."""
    desk.at(15)
    desk.office.device("Slow", (600, 600))
    desk.leads("Slow", 6, 7)
    desk.office.campaign(niche=["Slow 6"])
    desk.soon(lambda: desk.office.counts()["sent"] == 2)
    waiting = 7 if desk.sent(6) else 6
    desk.is_told(
        waiting, "pace", utc(2026, 3, 2, 15, 10), "a slot of device Slow, not before 15:10"
    )
    desk.at(15, 20)
    desk.office.device("Limited", daily_limit=1)
    desk.leads("Limited", 8, 9)
    desk.office.campaign(niche=["Limited 8"])
    desk.soon(lambda: desk.office.counts()["sent"] == 4)
    waiting = 9 if desk.sent(8) else 8
    midnight = utc(2026, 3, 3)
    desk.is_told(
        waiting, "daily_limit", midnight, "the next day of device Limited, Tue 00:00 (UTC)"
    )
    desk.at(15, 30)
    desk.leads("Sales 1", 10)
    for _ in range(CAP + 1):
        desk.office.campaign(niche=["Sales 1 10"])
    desk.soon(lambda: len(desk.sent(10)) == CAP)
    desk.is_told(10, "frequency_cap", midnight, "the person's next day, Tue 00:00 (UTC)")


def provider_has_had_enough(desk: Desk) -> None:
    """It wants a pause; or it is not there, and is asked again at random."""
    desk.at(15, 40)
    for device, number in (("Busy", 11), ("Down", 12)):
        desk.office.device(device)
        desk.leads(device, number)
    desk.trouble = {"Busy": Behaviour("throttle", retry_after=600), "Down": Behaviour("busy")}
    desk.office.campaign(niche=["Busy 11"])
    desk.is_told(11, "throttled", utc(2026, 3, 2, 15, 50), "another try, 15:50")
    desk.office.campaign(niche=["Down 12"])
    desk.is_told(12, "unreachable", utc(2026, 3, 2, 15, 40), "the gateway could not be reached")
    desk.trouble = {}
    desk.at(15, 51)
    desk.soon(lambda: desk.sent(11) and desk.sent(12))


def cannot_be_recorded(desk: Desk) -> None:
    """Somebody wrote into the log by hand."""
    desk.at(16)
    desk.leads("Sales 1", 13)
    desk.office.campaign(niche=["Sales 1 13"], windows=[EVENING])
    desk.is_told(13, "window", utc(2026, 3, 2, 20), "the window that opens 20:00 (UTC)")
    (message,) = desk.pending(13)
    strays(desk.office.container, message["id"], message["version"])


def test_whoever_asks_is_told_and_can_rely_on_it(desk: Desk) -> None:
    """Each for another reason. What was told until when is not sent before, and is sent after."""
    desk.office.device("Sales 1")
    with desk.at_work():
        late_steps(desk)
        phone_is_off(desk)
        not_yet_open(desk)
        paused = somebody_paused(desk)
        phone_has_had_enough(desk)
        provider_has_had_enough(desk)
        cannot_be_recorded(desk)

        assert [desk.api.post(f"{one}/resume").status for one in paused] == [200, 200]
        desk.office.gowa.devices["Sales 2"] = "logged_in"
        desk.at(18, 1)
        desk.soon(lambda: len(desk.sent(1)) == 2)
        desk.at(20, 1)
        desk.soon(lambda: desk.sent(3) and desk.sent(4))
        desk.is_told(13, "unrecordable", None, "a release from quarantine")
        desk.at(0, 1, day=3)
        desk.soon(lambda: desk.office.counts() == {"sent": 15, "pending": 1})

    sent = {each["id"]: each for each in desk.api.items("/messages", status="sent")}
    assert desk.promised.keys() - sent.keys() == {desk.pending(13)[0]["id"]}
    for message_id, instant in desk.promised.items():
        if message_id in sent:
            assert datetime.fromisoformat(sent[message_id]["queued_at"]) >= instant


def test_fifteen_hundred_are_told_in_two_sentences(desk: Desk) -> None:
    """On the command line, in the overview and, without a name, by readyz; until all are sent."""
    devices = {name: desk.office.device(name) for name in ("Sales 1", "Sales 2")}
    container = desk.office.container
    for name, count, first in (("Sales 1", 1200, 1), ("Sales 2", 300, 5000)):
        given.many_leads(container, count, first=first, device_id=devices[name], timezone="UTC")
    with desk.at_work():
        desk.at(14, 10)
        desk.loses_session("Sales 2", devices["Sales 2"])
        desk.at(8, day=3)
        desk.office.campaign(windows=[WORK])
        told = [
            "1,200 wait for the window that opens 09:00 (UTC)",
            "300 wait for device Sales 2, offline since Mon 14:10 (UTC)",
        ]
        desk.soon(lambda: [each["story"] for each in overview(desk)["waiting"]] == told)
        assert desk.status() == told
        assert overview(desk)["waiting_total"] == 1500
        assert readyz(desk) == {"window": 1200, "device_offline": 300}

        desk.office.gowa.devices["Sales 2"] = "logged_in"
        desk.at(9, day=3)
        desk.soon(lambda: desk.office.counts() == {"sent": 1500})
        assert desk.status() == overview(desk)["waiting"] == []
    desk.office.proves_itself()


def overview(desk: Desk) -> Any:
    return desk.api.get("/reports/overview").json


def readyz(desk: Desk) -> Any:
    return desk.api.app.test_client().get("/readyz").get_json()["waiting"]
