"""Campaigns and sequences that go by a segment."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.client import Client

IPOH = {"field": "attribute.city", "op": "eq", "value": "Ipoh"}
TAIPING = {"field": "attribute.city", "op": "eq", "value": "Taiping"}
LATELY = {"field": "last_sent_before", "op": "before", "value": "1d"}
NEVER = {"field": "never_sent", "op": "eq", "value": True}


def _people(operator: Client) -> tuple[str, str]:
    """Two of the niche B1: one in Ipoh, one in Taiping."""
    given.device(operator)
    return (
        given.lead(operator, 1, niche=["B1"], attributes={"city": "Ipoh"}),
        given.lead(operator, 2, niche=["B1"], attributes={"city": "Taiping"}),
    )


def _written_to(operator: Client, **query: Any) -> list[str]:
    return [message["lead_id"] for message in operator.items("/messages", **query)]


def _why_not(viewer: Client, lead_id: str, **query: str) -> dict[str, Any]:
    told: dict[str, Any] = viewer.get("/audit/why-not", lead_id=lead_id, **query).json
    return {name: told[name] for name in ("reason", "clause", "saw", "wanted", "had")}


def test_a_campaign_goes_to_its_segment_as_that_was_at_the_start(
    administrator: Client, operator: Client, viewer: Client, container: Container
) -> None:
    """Preview, campaigner and why-not say the same; what becomes of the segment later changes
    nothing of it, and until the start nobody deletes the segment."""
    ipoh, taiping = _people(operator)
    segment = operator.create("/segments", {"name": "Ipoh", "all": [TAIPING]})["id"]
    campaign = given.campaign(operator, niche=["B1"], segment_id=segment)
    operator.patch(f"/segments/{segment}", {"all": [IPOH], "any": [NEVER]})

    preview = viewer.get(f"/campaigns/{campaign}/preview").json
    assert (preview["audience"], preview["excluded"]) == (1, {})
    assert [sample["lead_id"] for sample in preview["samples"]] == [ipoh]
    assert operator.get(f"/campaigns/{campaign}").json["segment"] is None
    refused = administrator.json("DELETE", f"/segments/{segment}")
    assert (refused.status, refused.json["errors"]) == (409, {"state": "in_use"})
    assert f"({campaign}), which is pending" in refused.json["message"]

    when.triggers(container)
    operator.patch(f"/segments/{segment}", {"all": [TAIPING]})

    assert _written_to(operator, campaign_id=campaign) == [ipoh]
    shown = operator.get(f"/campaigns/{campaign}").json
    assert shown["segment_id"] == segment
    assert shown["segment"] == {"name": "Ipoh", "all": [IPOH], "any": [NEVER], "none": []}
    assert _why_not(viewer, taiping, campaign_id=campaign) == {
        "reason": "segment",
        "clause": "all[1]",
        "saw": "Taiping",
        "wanted": ["city is Ipoh"],
        "had": ["Taiping"],
    }
    assert _why_not(viewer, ipoh, campaign_id=campaign)["clause"] is None
    assert set(rebuild(container.database).values()) == {None}
    assert administrator.open("DELETE", f"/segments/{segment}").status_code == 204
    assert operator.get(f"/campaigns/{campaign}").json["segment"] == shown["segment"]


def test_who_was_written_to_is_asked_when_the_campaign_starts(
    operator: Client, viewer: Client, container: Container, clock: SimulatedClock
) -> None:
    """A day between two campaigns, for who got the first."""
    ipoh, taiping = _people(operator)
    only = operator.create("/segments", {"name": "Ipoh", "all": [IPOH]})["id"]
    given.campaign(operator, segment_id=only)
    when.triggers(container)
    when.broadcasts(container, clock)
    rested = operator.create("/segments", {"name": "Rested", "any": [NEVER, LATELY]})["id"]

    too_early = given.campaign(operator, segment_id=rested)
    when.triggers(container)
    clock.advance(days=2)
    later = given.campaign(operator, segment_id=rested)
    when.triggers(container)

    assert _written_to(operator, campaign_id=too_early) == [taiping]
    told = _why_not(viewer, ipoh, campaign_id=too_early)
    assert (told["reason"], told["clause"], told["saw"][0]) == ("segment", "any", False)
    # What the second sent to the other is still pending.
    assert sorted(_written_to(operator, campaign_id=later)) == sorted([ipoh, taiping])


def test_a_sequence_enrolls_of_its_segment_by_what_it_last_named(
    administrator: Client, operator: Client, viewer: Client, container: Container
) -> None:
    """As the segment was when the sequence was activated; naming it again takes over the change."""
    ipoh, taiping = _people(operator)
    for lead in (ipoh, taiping):
        operator.post(f"/leads/{lead}/triggers", {"trigger": "COLD"})
    segment = operator.create("/segments", {"name": "Some", "all": [TAIPING]})["id"]
    body = {"name": "Welcome", "trigger": "COLD", "steps": [{"body": "Hi"}]}
    sequence = operator.create("/sequences", {**body, "segment_id": segment})["id"]
    operator.patch(f"/segments/{segment}", {"all": [IPOH]})
    active = operator.post(f"/sequences/{sequence}/activate").json
    assert active["segment"]["all"] == [IPOH]
    operator.patch(f"/segments/{segment}", {"all": [TAIPING]})

    when.enrolls(container)
    enrolled = [each["lead_id"] for each in operator.items("/enrollments")]
    assert enrolled == [ipoh]
    assert _why_not(viewer, taiping, sequence_id=sequence)["clause"] == "all[1]"
    refused = administrator.json("DELETE", f"/segments/{segment}")
    assert f"({sequence}), which is active" in refused.json["message"]

    changed = operator.patch(f"/sequences/{sequence}", {"segment_id": segment}).json
    assert changed["segment"]["all"] == [TAIPING]
    when.enrolls(container)
    enrolled = [each["lead_id"] for each in operator.items("/enrollments")]
    assert sorted(enrolled) == sorted([ipoh, taiping])
    assert set(rebuild(container.database).values()) == {None}
    assert operator.patch(f"/sequences/{sequence}", {"segment_id": None}).json["segment"] is None


def test_a_segment_that_there_is_not_is_no_segment(operator: Client) -> None:
    """Neither for a campaign nor for a sequence; the field is named."""
    given.device(operator)
    nobody = {"segment_id": given.NOBODY}
    campaign, sequence = given.campaign(operator), given.sequence(operator)
    body = {"name": "New", "body": "Hi", "scheduled_at": "2027-03-02T08:00Z"}
    steps = {"name": "New", "trigger": "NEW", "steps": [{"body": "Hi"}]}
    for refused in (
        operator.post("/campaigns", {**body, **nobody}),
        operator.patch(f"/campaigns/{campaign}", nobody),
        operator.post("/sequences", {**steps, **nobody}),
        operator.patch(f"/sequences/{sequence}", nobody),
    ):
        assert refused.status == 422
        assert refused.json["message"] == "segment_id: expected the id of a segment"
