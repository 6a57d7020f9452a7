"""Nothing goes out that only one person has seen."""

from __future__ import annotations

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import then
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client


@pytest.fixture(autouse=True)
def four_eyes(container: Container) -> None:
    on_the_house.settings(container, approval="four-eyes")
    on_the_house.device(container)
    on_the_house.many_leads(container, 2)


@pytest.fixture
def colleague(container: Container, operator: Client) -> Client:
    return Client(operator.app, given.api_key(container, "colleague", "operator"))


def test_a_campaign_starts_when_another_one_approved_it(
    container: Container, clock: SimulatedClock, operator: Client, colleague: Client
) -> None:
    """The approval names what was approved, and to whom."""
    campaign = given.campaign(operator, niche=[])
    path = f"/campaigns/{campaign}"
    when.triggers(container)
    before = operator.get(path).json

    own = operator.post(f"{path}/approve")
    status, approved = colleague.post(f"{path}/approve")
    when.triggers(container)
    when.broadcasts(container, clock)

    assert (before["status"], before["awaits_approval"]) == ("pending", True)
    assert own.status == 403
    assert (status, approved["awaits_approval"]) == (200, False)
    assert approved["approved"] == {"by": "api:colleague", "at": "2026-03-02T08:00:00+00:00"}
    assert then.statuses(container) == {"sent": 2}
    (event,) = then.events(container, "campaign.approved")
    assert (event.target_status, event.niche, len(event.content_sha256)) == ("all", (), 64)


def test_a_later_change_voids_the_approval(
    container: Container, clock: SimulatedClock, operator: Client, colleague: Client
) -> None:
    """And who changed it last may not approve it. Another name changes nothing."""
    campaign = given.campaign(operator)
    path = f"/campaigns/{campaign}"
    colleague.post(f"{path}/approve")
    named = operator.patch(path, {"name": "Sale"}).json
    when.triggers(container)

    changed = colleague.patch(path, {"body": "Another"}).json
    when.broadcasts(container, clock)

    assert (named["awaits_approval"], changed["awaits_approval"]) == (False, True)
    assert then.statuses(container) == {"pending": 2}
    assert [colleague.post(f"{path}/approve").status, operator.post(f"{path}/approve").status] == [
        403,
        403,
    ]
    third = Client(operator.app, given.api_key(container, "third", "operator"))
    assert third.post(f"{path}/approve").json["awaits_approval"] is False
    clock.advance(seconds=30)
    when.broadcasts(container, clock)
    assert then.statuses(container) == {"sent": 2}


def test_what_is_claimed_when_the_approval_is_void_is_not_sent(
    container: Container, clock: SimulatedClock, operator: Client, colleague: Client
) -> None:
    """The last look is at the dispatch."""
    campaign = given.campaign(operator, min_delay_seconds=5, max_delay_seconds=5)
    colleague.post(f"/campaigns/{campaign}/approve")
    when.triggers(container)
    one = runners.broadcaster(container, runners.Phones(clock))
    runners.claims(one)
    operator.patch(f"/campaigns/{campaign}", {"body": "Another"})

    runners.plays(clock, 15, one)

    assert then.statuses(container) == {"pending": 2}
    released = then.events(container, "message.released")
    assert {event.reason for event in released} == {"paused"}


def test_a_draft_can_be_approved_before_it_is_planned(
    container: Container, operator: Client, colleague: Client
) -> None:
    """It stays approved when only its time is said."""
    draft = operator.create("/campaigns", {"name": "N", "body": "B", "draft": True})
    path = f"/campaigns/{draft['id']}"
    assert draft["awaits_approval"] is False

    colleague.post(f"{path}/approve")
    planned = operator.post(f"{path}/schedule", {"scheduled_at": "2026-03-03T09:00Z"}).json
    other = operator.create(f"{path}/copy", {})
    unseen = operator.post(
        f"/campaigns/{other['id']}/schedule", {"scheduled_at": "2026-03-03T09:00Z"}
    ).json

    assert (planned["awaits_approval"], unseen["awaits_approval"]) == (False, True)


def test_pausing_and_cancelling_need_no_approval(operator: Client) -> None:
    campaign = given.campaign(operator)
    assert operator.post(f"/campaigns/{campaign}/pause").status == 200
    assert operator.post(f"/campaigns/{campaign}/cancel").status == 200


PROSPECTS, CUSTOMERS = (
    {"field": "target_status", "op": "eq", "value": value} for value in ("prospect", "customer")
)


def test_who_approves_approves_the_segment_that_was_looked_at(
    container: Container, clock: SimulatedClock, operator: Client, colleague: Client
) -> None:
    """Whoever changes it between the look and the approval changes nothing of what is approved.
    Naming it again takes it over, and is a change like any other."""
    segment = operator.create("/segments", {"name": "Some", "all": [PROSPECTS]})["id"]
    campaign = f"/campaigns/{given.campaign(operator, segment_id=segment)}"
    looked_at = operator.get(campaign).json
    operator.patch(f"/segments/{segment}", {"all": [CUSTOMERS]})
    named_again = f"/campaigns/{given.campaign(operator, segment_id=segment)}"
    operator.patch(f"/segments/{segment}", {"all": [PROSPECTS], "name": "Others"})

    approved = colleague.post(f"{campaign}/approve", {"version": looked_at["version"]}).json
    renamed = operator.patch(campaign, {"segment_id": segment, "name": "Sale"}).json
    seen = operator.get(named_again).json["version"]
    taken_over = operator.patch(named_again, {"segment_id": segment}).json
    stale = colleague.post(f"{named_again}/approve", {"version": seen})
    when.triggers(container)

    assert looked_at["segment"] == {"name": "Some", "all": [PROSPECTS], "any": [], "none": []}
    assert approved["segment"] == renamed["segment"] == looked_at["segment"]
    assert (renamed["awaits_approval"], renamed["version"]) == (False, approved["version"] + 1)
    assert (taken_over["segment"]["name"], taken_over["awaits_approval"]) == ("Others", True)
    assert stale.status == 409
    assert then.statuses(container) == {"pending": 2}
    assert operator.get(f"{named_again}/preview").json["audience"] == 2


def test_an_approval_keeps_the_segment_that_was_approved(
    container: Container, clock: SimulatedClock, operator: Client, colleague: Client
) -> None:
    """Whoever changes it afterwards changes nothing of who gets the campaign, so that nothing has
    to be approved anew; a copy asks the segment as it is."""
    segment = operator.create("/segments", {"name": "Some", "all": [PROSPECTS]})["id"]
    campaign = given.campaign(operator, segment_id=segment)
    colleague.post(f"/campaigns/{campaign}/approve")

    operator.patch(f"/segments/{segment}", {"all": [CUSTOMERS]})
    when.triggers(container)

    shown = operator.get(f"/campaigns/{campaign}").json
    copied = operator.post(f"/campaigns/{campaign}/copy").json["id"]
    assert shown["segment"]["all"] == [PROSPECTS]
    assert then.statuses(container) == {"pending": 2}
    assert operator.get(f"/campaigns/{copied}/preview").json["audience"] == 0
