"""What a campaign and a sequence wait for, on their pages, and the buttons for who may decide."""

from __future__ import annotations

import pytest
from flask import Flask

from projections.container import Container
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given as somebody_gives
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client
from tests.support.when import Phones

APPROVE = "Approve it as it is"


@pytest.fixture
def people(app: Flask, container: Container, operator: Client) -> dict[str, Browser]:
    """One who wrote everything, a colleague and a reader, under four eyes."""
    somebody_gives.settings(container, approval="four-eyes")
    keys = {name: given.api_key(container, name, "operator") for name in ("mei", "ann")}
    keys["zul"] = given.api_key(container, "zul", "viewer")
    found = {}
    for name, key in keys.items():
        found[name] = Browser(app)
        found[name].sign_in(key)
    return found


def sends(somebody: Browser, path: str, **form: str) -> None:
    """The form of that page."""
    somebody.open(path)
    somebody.send(path, **form)


def test_who_wrote_a_campaign_sees_no_button_that_approves_it(
    operator: Client, people: dict[str, Browser]
) -> None:
    """A colleague does, of a draft and of what is planned; a reader reads who has to."""
    written = {"name": "Spring", "body": "Hello", "target_status": "all", "at": "2026-04-01T09:00"}
    sends(people["mei"], "/campaigns/new", **written, do="keep")
    (draft,) = operator.items("/campaigns")
    path = f"/campaigns/{draft['id']}"
    sends(people["mei"], f"{path}/plan", people="0")

    shown = {}
    for name, somebody in people.items():
        somebody.open(path)
        assert "It waits for an approval" in somebody.page
        shown[name] = APPROVE in somebody.page
    assert shown == {"mei": False, "ann": True, "zul": False}
    people["ann"].send(f"{path}/approve")

    assert operator.get(path).json["approved"]["by"] == "api:ann"
    assert "approved by <bdi>ann</bdi>" in people["ann"].page
    assert "It waits for an approval" not in people["ann"].page


def test_a_draft_of_a_sequence_and_what_is_proposed_of_it(
    operator: Client, people: dict[str, Browser]
) -> None:
    """Approved by a colleague before it begins; then another text is proposed, and taken over or
    not."""
    sends(people["mei"], "/sequences/new", name="Welcome", trigger="COLD", body="One")
    (made,) = operator.items("/sequences")
    path = f"/sequences/{made['id']}"
    people["mei"].open(path)
    assert APPROVE not in people["mei"].page
    assert f'action="{path}/activate"' not in people["mei"].page
    people["ann"].open(path)
    people["ann"].send(f"{path}/approve")
    people["mei"].open(path)
    people["mei"].send(f"{path}/activate")
    assert operator.get(path).json["status"] == "active"

    people["mei"].send(f"{path}/steps/1", body="Two", delay_hours="24")
    assert "goes on as it is below" in people["mei"].page
    people["mei"].send(f"{path}/discard")
    assert operator.get(path).json["proposals"] == []
    people["mei"].send(f"{path}/steps/1", body="Three", delay_hours="24")
    people["ann"].open(path)
    assert "mei</bdi>: another text or time of step 1" in people["ann"].page
    people["ann"].send(f"{path}/approve")
    assert operator.get(path).json["steps"][0]["body"] == "Three"


def test_the_rules_of_a_sequence_are_kept_whole(
    operator: Client, people: dict[str, Browser], container: Container
) -> None:
    """Windows, devices, pace; and a copy of it says the same."""
    device_id = given.device(operator)
    path = f"/sequences/{given.sequence(operator, active=False)}"
    people["mei"].open(path)
    people["mei"].send(
        f"{path}/edit",
        name="Welcome",
        first_delay_minutes="10",
        reentry="always",
        niche="B1, B2",
        target_status="prospect",
        window_days="6,7",
        window_start="09:00",
        window_end="",
        device_ids=device_id,
        min_delay_seconds="3",
        max_delay_seconds="4",
        stop_on_reply="yes",
    )
    people["mei"].send(f"{path}/copy")

    expected = {
        "niche": ["B1", "B2"],
        "target_status": "prospect",
        "windows": [{"weekdays": [6, 7], "start": "09:00", "end": "24:00"}],
        "device_ids": [device_id],
        "min_delay_seconds": 3,
        "max_delay_seconds": 4,
        "stop_on_reply": True,
        "stop_on_manual_message": False,
    }
    copied = operator.items("/sequences")
    assert len(copied) == 2
    for sequence in copied:
        assert {name: sequence[name] for name in expected} == expected


def test_a_campaign_is_called_back_whole(
    operator: Client, people: dict[str, Browser], container: Container, clock: SimulatedClock
) -> None:
    """As long as its undo lasts, which the page says; then it can only be cancelled."""
    somebody_gives.settings(container, approval="off")
    given.device(operator)
    given.lead(operator, 1)
    for number in (1, 2):
        path = f"/campaigns/{given.campaign(operator, name=str(number), undo_seconds=60)}"
    when.triggers(container)

    people["mei"].open(path)
    assert "It can be called back whole until" in people["mei"].page
    assert "Cancel for good" not in people["mei"].page
    people["mei"].send(f"{path}/cancel")
    assert operator.get(path).json["status"] == "cancelled"
    clock.advance(seconds=61)
    (other,) = [each for each in operator.items("/campaigns") if each["status"] != "cancelled"]
    people["mei"].open(f"/campaigns/{other['id']}")
    assert "It can be called back" not in people["mei"].page
    assert "Cancel for good" in people["mei"].page


def test_a_campaign_that_braked_says_with_which_numbers(
    operator: Client, people: dict[str, Browser], container: Container, clock: SimulatedClock
) -> None:
    """All that it tried failed."""
    somebody_gives.settings(container, approval="off")
    somebody_gives.device(container, pace=(10, 10))
    somebody_gives.many_leads(container, 8)
    brake = {"opt_outs": None, "failures": 0.5, "at_least": 4}
    campaign = given.campaign(operator, undo_seconds=0, brake=brake)
    when.triggers(container)
    failing = Phones(clock, *[Rejected("131026", "no such number")] * 4)
    runners.plays(clock, 39, runners.broadcaster(container, failing))

    people["zul"].open(f"/campaigns/{campaign}")
    text = " ".join(people["zul"].page.split())
    assert "of 4 that it tried, 4 failed and 0 opted out. 100 % is more" in text


def test_who_approves_reads_the_segment_that_was_proposed(
    operator: Client, people: dict[str, Browser]
) -> None:
    """Of a campaign, of a draft of a sequence, and of a change of one, whatever it asks by now."""
    city = {"field": "attribute.city", "op": "eq", "value": "Ipoh"}
    quiet = {"field": "last_sent_before", "op": "before", "value": "30d"}
    segment = operator.create("/segments", {"name": "Nearby", "all": [city, quiet]})["id"]
    under_way = f"/sequences/{given.sequence(operator, active=False)}"
    people["ann"].send(f"{under_way}/approve")
    operator.post(f"{under_way}/activate")
    operator.patch(under_way, {"segment_id": segment, "requires_consent": "marketing"})
    draft = given.sequence(operator, trigger="WARM", active=False, segment_id=segment)
    campaign = given.campaign(operator, segment_id=segment)
    operator.patch(f"/segments/{segment}", {"all": [{**city, "value": "Melaka"}], "name": "Far"})

    for path in (under_way, f"/sequences/{draft}", f"/campaigns/{campaign}"):
        people["ann"].open(path)
        asked, _, button = people["ann"].page.partition(APPROVE)
        assert "The segment, as it was when it was chosen" in asked
        assert "Nearby" in asked
        assert "city is Ipoh" in asked
        assert "Last written to before 30d" in asked
        assert button
    people["ann"].open(under_way)
    assert "Only for people who agreed to <bdi>marketing</bdi>" in people["ann"].page
