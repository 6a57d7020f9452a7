"""Drafts of campaigns, copies, and the time in which a campaign that started can be undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import then
from tests.support.api import given, when
from tests.support.api.client import Client

DRAFT = {"name": "Sale", "body": "Hello {name|there}", "draft": True}


def test_a_draft_waits_until_somebody_plans_it(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Whenever its time was."""
    on_the_house.device(container)
    on_the_house.lead(container)
    draft = operator.create("/campaigns", {**DRAFT, "scheduled_at": "2026-03-01T00:00Z"})
    when.triggers(container)
    assert (draft["status"], then.messages(container)) == ("draft", [])

    status, planned = operator.post(f"/campaigns/{draft['id']}/schedule")
    when.triggers(container)

    assert (status, planned["status"]) == (200, "pending")
    assert planned["scheduled_at"] == "2026-03-01T00:00:00+00:00"
    assert len(then.messages(container)) == 1
    assert then.topics(container, UUID(draft["id"]))[:2] == [
        "campaign.drafted",
        "campaign.scheduled",
    ]


def test_a_draft_without_a_time_gets_one_when_it_is_planned(operator: Client) -> None:
    """Not before; and what else is not planned has to say when."""
    draft = operator.create("/campaigns", DRAFT)
    assert draft["scheduled_at"] is None
    assert operator.get(f"/campaigns/{draft['id']}/preview").status == 200
    path = f"/campaigns/{draft['id']}/schedule"

    refused = operator.post(path)
    status, planned = operator.post(
        path, {"scheduled_at": "2026-03-03T09:00", "timezone": "Asia/Kuala_Lumpur"}
    )
    again = operator.post(path)

    assert (refused.status, list(refused.json["errors"]["json"])) == (422, ["scheduled_at"])
    assert (status, planned["scheduled_at"]) == (200, "2026-03-03T01:00:00+00:00")
    assert (again.status, again.json["errors"]["state"]) == (409, "pending")


def test_a_draft_can_be_changed_and_given_up(operator: Client) -> None:
    draft = operator.create("/campaigns", DRAFT)
    path = f"/campaigns/{draft['id']}"

    changed = operator.patch(path, {"body": "Hi", "niche": ["B1"]})
    given_up = operator.post(f"{path}/cancel")

    assert (changed.json["body"], changed.json["status"]) == ("Hi", "draft")
    assert given_up.json["status"] == "cancelled"


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_a_draft_is_not_under_way(operator: Client, action: str) -> None:
    draft = operator.create("/campaigns", DRAFT)
    status, answer = operator.post(f"/campaigns/{draft['id']}/{action}")
    assert (status, answer["errors"]["state"]) == (409, "draft")


def test_a_copy_is_a_draft_that_says_the_same(container: Container, operator: Client) -> None:
    """Of a campaign of any status, but without its time."""
    campaign = given.campaign(operator, niche=["B1"], body="Hello", undo_seconds=9)
    operator.post(f"/campaigns/{campaign}/cancel")

    copy = operator.create(f"/campaigns/{campaign}/copy", {})
    named = operator.create(f"/campaigns/{campaign}/copy", {"name": "April offer"})

    same = ("niche", "body", "target_status", "undo_seconds")
    original = operator.get(f"/campaigns/{campaign}").json
    assert {name: copy[name] for name in same} == {name: original[name] for name in same}
    assert (copy["name"], copy["status"], copy["scheduled_at"]) == (
        "March offer (copy)",
        "draft",
        None,
    )
    assert named["name"] == "April offer"


def test_a_campaign_that_started_is_called_back_whole(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Nothing was sent, however soon the device could."""
    on_the_house.device(container)
    on_the_house.many_leads(container, 3)
    campaign = given.campaign(operator, undo_seconds=60)
    when.triggers(container)
    until = operator.get(f"/campaigns/{campaign}").json["undo_until"]
    clock.advance(seconds=50)
    when.broadcasts(container, clock)

    cancelled = operator.post(f"/campaigns/{campaign}/cancel").json
    clock.advance(seconds=20)
    when.reaps(container)
    when.broadcasts(container, clock)

    assert until == "2026-03-02T08:01:00+00:00"
    assert cancelled["status"] == "cancelled"
    assert then.statuses(container) == {"cancelled": 3}
    assert not any(message.queued_at for message in then.messages(container))


def test_what_nobody_calls_back_is_sent_when_the_time_is_over(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """A pause in between makes it no earlier."""
    on_the_house.device(container)
    on_the_house.many_leads(container, 3)
    campaign = given.campaign(operator, undo_seconds=60)
    when.triggers(container)
    for action in ("pause", "resume"):
        assert operator.post(f"/campaigns/{campaign}/{action}").status == 200
    when.broadcasts(container, clock)
    assert then.statuses(container) == {"pending": 3}

    clock.advance(seconds=60)
    when.broadcasts(container, clock)

    assert then.statuses(container) == {"sent": 3}


def test_the_time_to_call_back_is_a_setting(container: Container, operator: Client) -> None:
    """A minute, unless the installation or the campaign says otherwise."""
    on_the_house.settings(container, undo_seconds=60.0)
    good: dict[str, Any] = {"name": "N", "body": "B", "scheduled_at": "2026-03-03T09:00Z"}

    usual = operator.create("/campaigns", good)
    own = operator.create("/campaigns", {**good, "undo_seconds": 5})
    refused = operator.post("/campaigns", {**good, "undo_seconds": -1})

    assert (usual["undo_seconds"], own["undo_seconds"]) == (60.0, 5.0)
    assert (refused.status, list(refused.json["errors"]["json"])) == (422, ["undo_seconds"])
