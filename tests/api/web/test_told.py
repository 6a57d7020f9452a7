"""What pages tell before somebody asks, and of what was asked in a wrong way."""

from __future__ import annotations

from typing import Any

import pytest

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client

FORM = {"name": "Spring", "body": "Hi", "target_status": "all"}


def test_two_sequences_with_one_trigger_are_told(operator: Client, mei: Browser) -> None:
    """Before the other one begins, of a copy too; not of one that nobody enters."""
    first = given.sequence(operator, trigger="COLD")
    other = given.sequence(operator, trigger="cold", active=False)
    copy = operator.create(f"/sequences/{first}/copy", {})["id"]
    told = "gets the messages of both:"
    for each in (other, copy):
        mei.open(f"/sequences/{each}")
        assert f'{told} <a href="/sequences/{first}">' in mei.page
    mei.open(f"/sequences/{first}")
    assert told not in mei.page
    assert "A reply stops this sequence, so no branch" not in mei.page


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        ({"expires_after_hours": "soon"}, "Pace, expiry, undo"),
        ({"brake": "yes", "brake_at_least": "few"}, "Brake"),
        (
            {"variant_name": "A", "variant_share": "40", "variant_body": "Hi"},
            "Variants and hold-out",
        ),
        ({"media_url": "nowhere"}, "Media and template"),
    ],
)
def test_what_holds_a_wrong_field_is_open(
    mei: Browser, fields: dict[str, Any], summary: str
) -> None:
    """Nobody has to look for what was refused."""
    mei.open("/campaigns/new")
    mei.send("/campaigns/new", **{**FORM, **fields})
    assert mei.status == 422
    assert f"<details open><summary>{summary}" in mei.page


@pytest.mark.parametrize("form", ["edit", "steps/1"])
def test_an_older_form_of_a_sequence_undoes_nothing(
    operator: Client, mei: Browser, form: str
) -> None:
    """What another one wrote since stays, and what was written here is in the form still."""
    page = f"/sequences/{given.sequence(operator)}"
    mei.open(page)
    hidden = mei.hidden()
    operator.patch(f"{page}/steps/1", {"body": "Theirs"})
    before = operator.get(page).json

    written = {"name": "Mine", "body": "Mine", "reentry": "once", "target_status": "all"}
    rules = {"first_delay_minutes": "0", "min_delay_seconds": "1", "max_delay_seconds": "2"}
    mei.send(f"{page}/{form}", **hidden, **written, **rules)

    assert (mei.status, "crm changed it meanwhile" in mei.page) == (409, True)
    assert f'<a href="{page}">See what is there now</a>' in mei.page
    assert ">Mine</textarea>" in mei.page or 'value="Mine"' in mei.page
    assert operator.get(page).json == before


def test_an_older_form_of_a_device_undoes_nothing(operator: Client, mei: Browser) -> None:
    """Its pace and its name are of one version."""
    page = f"/devices/{given.device(operator)}"
    mei.open(page)
    hidden = mei.hidden()
    operator.patch(page, {"daily_limit": 50})
    mei.send(f"{page}/edit", **hidden, name="Mine")
    assert (mei.status, "crm changed it meanwhile" in mei.page) == (409, True)
    assert operator.get(page).json["daily_limit"] == 50


def test_two_forms_of_a_person_both_get_their_way(operator: Client, mei: Browser) -> None:
    """What was not written anew stays as another one has it."""
    page = f"/leads/{given.lead(operator, name='Ann', attributes={'city': 'Ipoh', 'car': 'no'})}"
    mei.open(page)
    hidden = mei.hidden()
    operator.patch(page, {"niche": ["B1"], "attributes": {"city": "Johor"}})
    shown = {name.removesuffix("_before"): text for name, text in hidden.items()}
    shown["attributes"] = shown["attributes"].replace("\n", "\r\n")
    mei.send(f"{page}/edit", **{**hidden, **shown, "name": "Anna"})
    lead = operator.get(page).json
    assert mei.status == 200
    assert (lead["name"], lead["niche"]) == ("Anna", ["B1"])
    assert lead["attributes"] == {"city": "Johor"}


def test_nobody_is_ticked(operator: Client, mei: Browser) -> None:
    """A sentence, and not that a list is too short."""
    given.lead(operator)
    mei.open("/leads")
    mei.send("/leads/bulk/check", whom="ticked", do="add_trigger", trigger="COLD")
    assert (mei.status, "Nothing is ticked: tick at least one in the list." in mei.page) == (
        422,
        True,
    )


def test_a_segment_says_what_it_found(operator: Client, mei: Browser, container: Container) -> None:
    """Words between commas; the phone is written as people dial it; a wrong one is told once."""
    given.device(operator)
    given.lead(operator, 1, niche=["Kereta", "Motor"])
    either = [{"field": "niche", "op": "eq", "value": "Rumah"}]
    either.append({"field": "attribute.city", "op": "eq", "value": "Ipoh"})
    segment = operator.create("/segments", {"name": "Homes", "any": either})
    campaign = given.campaign(operator, segment_id=segment["id"])
    when.triggers(container)

    asked = f"/why-not?of=campaign:{campaign}"
    mei.open(f"{asked}&phone=012-000%200001&country=MY")
    assert "<dd><bdi>Kereta, Motor, nothing</bdi></dd>" in mei.page
    mei.open(f"{asked}&phone=nobody")
    assert (mei.status, mei.page.count("expected a phone")) == (422, 1)


def test_days_without_signals_lead_to_days_with_some(
    operator: Client, mei: Browser, container: Container, clock: SimulatedClock
) -> None:
    """What was planned for last year, and is sent today, is among last year's."""
    given.device(operator)
    given.lead(operator)
    given.campaign(operator, scheduled_at="2025-01-05T08:00Z", undo_seconds=0)
    when.triggers(container)
    when.broadcasts(container, clock)
    mei.open("/signals")
    assert 'href="/signals?since=2024-12-07&amp;until=2025-01-06"' in mei.page
    mei.open("/signals?since=2024-12-07&until=2025-01-06")
    assert "By device" in mei.page
