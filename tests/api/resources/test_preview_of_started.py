"""/campaigns/{id}/preview after the start: what was planned and what became of it; nothing is
invented anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from domain.windows import quiet_hours
from projections.container import Container
from runners.gateways.sandbox import Sandbox
from runners.jobs.campaigner import Campaigner
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client
from tests.support.given import settings as given_settings
from tests.support.samples import utc

OFFICE = [{"weekdays": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"}]
EIGHT = utc(2026, 3, 2, 8, 0)


def test_half_of_it_is_sent(
    container: Container, clock: SimulatedClock, operator: Client, viewer: Client
) -> None:
    """Three people, a minute apart; the first one has it. Who comes later does not get it."""
    device = given.device(operator, min_delay_seconds=60, max_delay_seconds=60)
    for number in (1, 2, 3):
        given.lead(operator, number)
    out = given.lead(operator, 4)
    operator.post(f"/leads/{out}/opt-out")
    campaign_id = given.campaign(operator)
    when.triggers(container)
    broadcaster = runners.broadcaster(container, Sandbox(clock))
    runners.claims(broadcaster)
    runners.hands_over(broadcaster)
    given.lead(operator, 5)

    preview = viewer.get(f"/campaigns/{campaign_id}/preview").json

    clock.move_to(EIGHT + timedelta(hours=1))
    later = viewer.get(f"/campaigns/{campaign_id}/preview").json
    assert (preview["status"], preview["audience"]) == ("triggered", 3)
    assert preview["excluded"] == {"opted_out": 1}
    assert sum(preview["by_status"].values()) == 3
    assert preview["by_status"]["sent"] == 1
    assert [share["device_id"] for share in preview["devices"]] == [device]
    assert preview["finishes_at"] == "2026-03-02T08:02:00+00:00"
    # Nothing went meanwhile. What is left could go from now on.
    assert later["finishes_at"] == "2026-03-02T09:01:00+00:00"
    assert len(preview["samples"]) == 2


def test_a_finished_one_says_when_it_ended(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """And that stays so, whatever the leads and devices are today."""
    device = given.device(operator)
    given.lead(operator, 1)
    campaign_id = given.campaign(operator)
    when.triggers(container)
    when.broadcasts(container, clock)
    when.reaps(container)
    clock.move_to(EIGHT + timedelta(days=9))
    given.lead(operator, 2)
    operator.post(f"/devices/{device}/disconnect")

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert (preview["status"], preview["audience"]) == ("finished", 1)
    assert preview["by_status"] == {"sent": 1}
    assert preview["finishes_at"] == "2026-03-02T08:00:00+00:00"
    assert preview["not_before"] is None
    assert preview["samples"] == []


def test_what_does_not_fit_into_todays_window_goes_tomorrow(
    container: Container, operator: Client
) -> None:
    """Nine to five in Kuala Lumpur and in New York, half an hour apart."""
    given.device(operator, min_delay_seconds=1800, max_delay_seconds=1800)
    for number in range(1, 6):
        given.lead(operator, number, timezone="Asia/Kuala_Lumpur")
    given.lead(operator, 6, timezone="America/New_York")
    campaign_id = given.campaign(operator, windows=OFFICE)
    before = operator.get(f"/campaigns/{campaign_id}/preview").json

    when.triggers(container)

    # At 08:00 and 08:30 UTC it is 16:00 and 16:30 there; in New York it is 09:00 at 14:00, and
    # Kuala Lumpur opens again at 01:00.
    after = operator.get(f"/campaigns/{campaign_id}/preview").json
    assert before["finishes_at"] == "2026-03-03T02:00:00+00:00"
    assert after["finishes_at"] == before["finishes_at"]


def test_everybody_at_nine_ends_when_it_is_nine_in_the_west(operator: Client) -> None:
    """A campaign at the local time of each recipient."""
    given.device(operator)
    for number, zone in enumerate(("Asia/Tokyo", "Europe/Rome", "America/Los_Angeles")):
        given.lead(operator, number, timezone=zone)
    campaign_id = given.campaign(operator, scheduled_at="2026-03-04T09:00", timezone="recipient")

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert preview["finishes_at"] == "2026-03-04T17:00:00+00:00"


def test_a_paused_one_ends_not_before_it_is_resumed(container: Container, operator: Client) -> None:
    """Whether it has begun or not."""
    given.device(operator)
    given.lead(operator, 1)
    campaign_id = given.campaign(operator)
    operator.post(f"/campaigns/{campaign_id}/pause")

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert (preview["status"], preview["audience"]) == ("paused", 1)
    assert preview["finishes_at"] is None
    assert preview["not_before"] == "not before the campaign is resumed"


def test_a_cancelled_one_reaches_nobody_else(container: Container, operator: Client) -> None:
    """It was cancelled before it began: nobody would get it."""
    given.device(operator)
    given.lead(operator, 1)
    campaign_id = given.campaign(operator)
    operator.post(f"/campaigns/{campaign_id}/cancel")

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert (preview["status"], preview["audience"], preview["finishes_at"]) == (
        "cancelled",
        0,
        None,
    )


def test_in_the_midst_of_its_start_the_rest_is_foreseen(
    container: Container, operator: Client
) -> None:
    """One chunk of two leads was looked at: together they are what they were before."""
    given.device(operator)
    for number in range(1, 6):
        given.lead(operator, number)
    campaign_id = given.campaign(operator)
    before = operator.get(f"/campaigns/{campaign_id}/preview").json
    campaigner = Campaigner(container, "campaigner", chunk=2)
    container.run_around("trigger", "campaigner", campaigner._start)
    with ThreadPoolExecutor(1) as pool:
        container.run_around("extend", "campaigner", lambda c: campaigner._extend(c, pool))

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert (preview["status"], preview["by_status"]) == ("triggering", {"pending": 2})
    assert (preview["audience"], before["audience"]) == (5, 5)
    assert preview["devices"] == before["devices"]


def test_a_window_within_the_quiet_hours_never_ends(container: Container, operator: Client) -> None:
    """The device could send, and nobody may be written to."""
    given_settings(container, quiet_hours=quiet_hours("21:00-08:00", ""))
    given.device(operator)
    given.lead(operator, 1)
    campaign_id = given.campaign(operator, windows=[{"start": "22:00", "end": "23:00"}])

    preview = operator.get(f"/campaigns/{campaign_id}/preview").json

    assert preview["finishes_at"] is None
    assert preview["not_before"] == "not before a window is open outside the quiet hours"
