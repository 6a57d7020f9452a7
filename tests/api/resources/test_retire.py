"""/devices/{id}/retire, and the devices of leads, campaigns and sequences."""

from __future__ import annotations

from uuid import uuid4

import pytest

from projections.audit.descriptions import sentence
from projections.container import Container
from tests.support import then as rows
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields


def waiting(container: Container, operator: Client, count: int = 3) -> tuple[str, str]:
    """Two devices, and a campaign with so many messages on the first."""
    old, other = given.device(operator, "Old"), given.device(operator, "Other")
    for number in range(1, count + 1):
        given.lead(operator, number, device_id=old)
    given.campaign(operator)
    when.triggers(container)
    return old, other


def device_ids(operator: Client) -> set[str]:
    return {message["device_id"] for message in operator.items("/messages")}


@pytest.mark.parametrize("body", [None, {}, {"cancel": False}])
def test_with_messages_pending_it_asks(
    container: Container, operator: Client, body: dict[str, object] | None
) -> None:
    """The error says how many they are, held ones too, and nothing is changed."""
    old, _ = waiting(container, operator)
    (campaign,) = operator.items("/campaigns")
    first = operator.post(f"/devices/{old}/retire", body)
    operator.post(f"/campaigns/{campaign['id']}/pause")
    paused = operator.post(f"/devices/{old}/retire", body)

    assert (first.status, first.json["errors"]) == (409, {"pending": 3})
    assert first.json["message"] == (
        "3 messages wait on this device: expected move_to, another device or any, or cancel"
    )
    assert (paused.status, paused.json["errors"]) == (409, {"pending": 3})
    assert operator.get(f"/devices/{old}").json["status"] == "online"


def test_they_move_to_the_device_that_is_named(container: Container, operator: Client) -> None:
    old, other = waiting(container, operator)
    given.device(operator, "Third")
    answer = operator.post(f"/devices/{old}/retire", {"move_to": other})
    when.reaps(container)
    assert (answer.status, answer.json["status"]) == (200, "retired")
    assert device_ids(operator) == {other}
    assert {m["status"] for m in operator.items("/messages")} == {"pending"}
    assert {lead["device_id"] for lead in operator.items("/leads")} == {old}


def test_any_is_any(container: Container, operator: Client) -> None:
    old, other = waiting(container, operator)
    assert operator.post(f"/devices/{old}/retire", {"move_to": "any"}).status == 200
    when.reaps(container)
    assert device_ids(operator) == {other}


def test_the_audit_says_what_was_wanted(container: Container, operator: Client) -> None:
    """To one, to others, or cancelled."""
    one, two, three, four = (given.device(operator, f"Sales {n}") for n in range(4))
    operator.post(f"/devices/{one}/retire", {"move_to": four})
    operator.post(f"/devices/{two}/retire", {"move_to": "any"})
    operator.post(f"/devices/{three}/retire", {"cancel": True})
    assert [sentence(event) for event in rows.events(container, "device.retired")] == [
        f"device retired: what waits on it moves to device {four}",
        "device retired: what waits on it moves to others",
        "device retired: what waits on it is cancelled",
    ]


def test_only_another_device_in_service_takes_over(container: Container, operator: Client) -> None:
    """Neither itself, nor a retired one, nor one that is not there; nor any without another."""
    old, other = waiting(container, operator)
    retire = f"/devices/{old}/retire"
    gone = given.device(operator, "Gone")
    operator.post(f"/devices/{gone}/retire")
    bad = [
        {"move_to": old},
        {"move_to": gone},
        {"move_to": str(uuid4())},
        {"move_to": "some"},
        {"move_to": None},
        {"move_to": 7},
    ]
    assert [fields(operator.post(retire, body)) for body in bad] == [["move_to"]] * len(bad)
    assert fields(operator.post(retire, {"move_to": other, "cancel": True})) == ["cancel"]
    assert fields(operator.post(retire, {"cancel": "yes"})) == ["cancel"]
    operator.post(f"/devices/{other}/retire")
    assert fields(operator.post(retire, {"move_to": "any"})) == ["move_to"]
    assert operator.get(f"/devices/{old}").json["status"] == "online"


def test_a_leads_new_device_takes_over_what_is_pending(
    container: Container, operator: Client
) -> None:
    """By PATCH and by an import; without an own device the one that it knows goes on."""
    old, other = waiting(container, operator, 1)
    (lead,) = operator.items("/leads")

    answer = operator.patch(f"/leads/{lead['id']}", {"device_id": other})
    assert (answer.json["device_id"], answer.json["moved"]) == (other, 1)
    assert device_ids(operator) == {other}
    assert operator.patch(f"/leads/{lead['id']}", {"device_id": None}).json["moved"] == 0
    assert device_ids(operator) == {other}
    operator.csv(f"phone,device\n{lead['phone']},Old\n")
    assert device_ids(operator) == {other}
    status, _ = operator.json(
        "POST",
        "/leads/import",
        query_string={"update": "true"},
        data=f"phone,device\n{lead['phone']},Old\n",
        content_type="text/csv",
    )
    assert (status, device_ids(operator)) == (200, {old})
    moved = [event.TOPIC for event in rows.events(container, "message.moved")]
    assert len(moved) == 2
    assert operator.patch(f"/leads/{lead['id']}", {"name": "Aisyah"}).json["moved"] == 0
    assert len(rows.events(container, "message.moved")) == 2


def test_a_campaign_and_a_sequence_have_a_pool(container: Container, operator: Client) -> None:
    """Whoever is tied to no device is shared out among it."""
    given.device(operator, "One")
    two = given.device(operator, "Two")
    for number in range(1, 9):
        given.lead(operator, number)
    campaign = given.campaign(operator, device_ids=[two])
    preview = operator.get(f"/campaigns/{campaign}/preview").json
    when.triggers(container)

    assert operator.get(f"/campaigns/{campaign}").json["device_ids"] == [two]
    assert [share["device_id"] for share in preview["devices"]] == [two]
    assert device_ids(operator) == {two}
    steps = [{"body": "One"}]
    made = operator.create(
        "/sequences", {"name": "S", "trigger": "COLD", "steps": steps, "device_ids": [two]}
    )
    assert made["device_ids"] == [two]
    assert (
        operator.create("/sequences", {"name": "S", "trigger": "X", "steps": steps})["device_ids"]
        == []
    )


def test_a_pool_is_of_devices_in_service(container: Container, operator: Client) -> None:
    """A retired one, one that is not there, and what is no id are refused by name."""
    gone, there = given.device(operator, "Gone"), given.device(operator, "There")
    operator.post(f"/devices/{gone}/retire")
    campaign = {"name": "Offer", "body": "Hi", "scheduled_at": "2026-03-02T09:00Z"}
    sequence = {"name": "S", "trigger": "COLD", "steps": [{"body": "One"}]}
    planned = given.campaign(operator, scheduled_at="2026-03-09T09:00Z")
    draft = operator.create("/sequences", sequence)["id"]
    for bad in ([gone], [there, str(uuid4())], ["x"], "x", None):
        body = {"device_ids": bad}
        assert fields(operator.post("/campaigns", {**campaign, **body})) == ["device_ids"], bad
        assert fields(operator.post("/sequences", {**sequence, **body})) == ["device_ids"], bad
        assert fields(operator.patch(f"/campaigns/{planned}", body)) == ["device_ids"], bad
        assert fields(operator.patch(f"/sequences/{draft}", body)) == ["device_ids"], bad
    for path in (f"/campaigns/{planned}", f"/sequences/{draft}"):
        assert operator.patch(path, {"device_ids": [there, there]}).json["device_ids"] == [there]
    assert then.topics(container).count("campaign.scheduled") == 1


def test_a_preview_knows_the_warm_up(operator: Client) -> None:
    """Two on the first day, four on the second, the rest on the third."""
    given.device(
        operator,
        min_delay_seconds=0,
        max_delay_seconds=0,
        warm_up={"from": 2, "to": 6, "days": 2},
        timezone="UTC",
    )
    for number in range(1, 13):
        given.lead(operator, number)
    campaign = given.campaign(operator)
    preview = operator.get(f"/campaigns/{campaign}/preview").json
    assert preview["finishes_at"] == "2026-03-04T00:00:00+00:00"
    operator.patch(f"/devices/{preview['devices'][0]['device_id']}", {"daily_limit": 3})
    preview = operator.get(f"/campaigns/{campaign}/preview").json
    assert preview["finishes_at"] == "2026-03-06T00:00:00+00:00"
