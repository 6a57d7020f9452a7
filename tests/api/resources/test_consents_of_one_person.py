"""Consents of two leads that turn out to be one person."""

from __future__ import annotations

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.api.resources.test_consents import FORM, SHOWN, agrees, same_again, withdraws
from tests.support.api import given, when
from tests.support.api.client import Client


def test_consents_pass_over_when_two_leads_turn_out_to_be_one_person(
    container: Container, clock: SimulatedClock, administrator: Client, viewer: Client
) -> None:
    """What was sent before is proven by the one's ledger, what is sent after by the other's, also
    when the person withdraws; the tables are the same anew, and erasing forgets both."""
    given.device(administrator)
    one, other = given.lead(administrator, 1), given.lead(administrator, 2)
    agrees(administrator, other)
    agrees(administrator, other, purpose="service-news")
    agrees(administrator, one, purpose="service-news", words="My own")
    withdraws(administrator, other, "service-news")
    first = given.campaign(administrator, requires_consent="marketing")
    when.triggers(container)
    when.broadcasts(container, clock)
    clock.advance(hours=1)

    assert administrator.post(f"/leads/{one}/merge", {"with": other}).status == 200
    clock.advance(hours=1)
    second = given.campaign(administrator, requires_consent="marketing")
    third = given.campaign(administrator, requires_consent="service-news")
    when.triggers(container)
    when.broadcasts(container, clock)
    before, after = (
        administrator.items("/messages", campaign_id=campaign) for campaign in (first, second)
    )
    told = [
        viewer.get(f"/audit/messages/{message['id']}").json["consent"]
        for message in (*before, *after)
    ]
    withdraws(administrator, one)
    ended = [
        viewer.get(f"/audit/messages/{message['id']}").json["consent"]["withdrawn_at"]
        for message in (*before, *after)
    ]

    assert [message["lead_id"] for message in (*before, *after)] == [other, one]
    assert [(each["words"], each["given_at"]) for each in told] == [
        (FORM["words"], SHOWN["given_at"])
    ] * 2
    assert told[0]["event"] < told[1]["event"]
    assert ended == [clock().isoformat()] * 2
    assert administrator.items("/messages", campaign_id=third) == []
    own, passed = viewer.items(f"/leads/{one}/consents")
    assert (own["words"], own["in_force"], own["withdrawal"]) == ("My own", False, "rang us")
    assert (passed["from_lead"], passed["recorded_by"]) == (other, "api:boss")
    assert same_again(container)

    assert administrator.json("DELETE", f"/leads/{one}").status == 200

    for lead_id in (one, other):
        found = administrator.items(f"/leads/{lead_id}/consents")
        assert {(each["source"], each["words"]) for each in found} == {("", "")}
    assert same_again(container)
