"""A sequence written on its pages, without scripts."""

from __future__ import annotations

from typing import Any

from flask import Flask

from projections.container import Container
from tests.support.api import given
from tests.support.api.browsing import Browser
from tests.support.api.client import Client

WRITTEN = {
    "body": "Hello {name|there}",
    "send_at": "09:00",
    "media_url": "https://example.com/a.png",
    "template_name": "spring",
    "template_language": "en_US",
    "template_variables": "{name}\nMay",
    "header_kind": "image",
    "header_url": "https://example.com/b.png",
    "buttons": "0: spring",
}
KEPT = {
    "body": "Hello {name|there}",
    "send_at": "09:00",
    "media_url": "https://example.com/a.png",
    "template": {
        "name": "spring",
        "language": "en_US",
        "variables": ["{name}", "May"],
        "header": {"kind": "image", "url": "https://example.com/b.png"},
        "buttons": {"0": "spring"},
    },
}


def the_sequence(client: Client) -> dict[str, Any]:
    (found,) = client.items("/sequences")
    return dict(found)


def test_a_step_has_all_that_a_campaign_says(
    app: Flask, container: Container, operator: Client, mei: Browser
) -> None:
    """Media and a template with its variables: of the first, of another, and of a changed one."""
    mei.open("/sequences/new")
    assert "Minutes from entering to the first step" in mei.page
    assert "Hours after the step before" not in mei.page
    mei.send("/sequences/new", name="Welcome", trigger="COLD", first_delay_minutes="30", **WRITTEN)
    assert "It comes 30 minutes after somebody enters" in mei.page
    page = f"/sequences/{the_sequence(operator)['id']}"
    mei.send(f"{page}/steps", **WRITTEN, delay_hours="48")
    mei.send(f"{page}/steps", body="Two")
    mei.send(f"{page}/steps/3", **WRITTEN | {"template_variables": "name: {name}"})

    first, second, third = the_sequence(operator)["steps"]
    assert {name: first[name] for name in KEPT} == KEPT
    assert ({name: second[name] for name in KEPT}, second["delay_hours"]) == (KEPT, 48)
    assert third["template"]["variables"] == {"name": "{name}"}
    assert mei.page.count('name="template_name" type="text" value="spring"') == 3
    assert mei.page.count("<details open><summary>Media and template") == 3

    mei.send(f"{page}/steps/3", body="Two")
    assert the_sequence(operator)["steps"][2]["template"] is None
    ann = Browser(app)
    ann.sign_in(given.api_key(container, "ann", "viewer"))
    ann.open(page)
    assert ann.page.count("<small>Template <bdi>spring</bdi>") == 2
    assert "<dd>48</dd>" in ann.page


def test_what_is_refused_of_a_step_or_a_rule_stays_in_its_form(
    operator: Client, mei: Browser
) -> None:
    """And in no other; nothing is changed."""
    page = f"/sequences/{given.sequence(operator)}"
    before = operator.get(page).json
    for path, fields, shown in (
        ("steps/2", {"body": "Hi {{name}}"}, ">Hi {{name}}</textarea>"),
        ("steps/2", {"body": "Hi", "media_url": "x"}, 'value="x" aria-invalid="true"'),
        ("steps", {"body": "Hi", "media_url": "x"}, 'value="x" aria-invalid="true"'),
        ("edit", {"name": "N", "requires_consent": "X!"}, 'value="X!" aria-invalid="true"'),
    ):
        mei.open(page)
        mei.send(f"{page}/{path}", **fields)
        assert (path, mei.status, mei.page.count(shown)) == (path, 422, 1)
    assert operator.get(page).json == before


def test_a_sequence_requires_a_consent(operator: Client, mei: Browser) -> None:
    """From its beginning, and no more when the field is emptied."""
    mei.open("/sequences/new")
    mei.send("/sequences/new", name="News", trigger="COLD", body="Hi", requires_consent="marketing")
    made = the_sequence(operator)
    assert made["requires_consent"] == "marketing"
    assert "Only for people who agreed to <bdi>marketing</bdi>" in mei.page

    rules = {"name": "News", "first_delay_minutes": "5", "reentry": "once", "target_status": "all"}
    mei.send(f"/sequences/{made['id']}/edit", **rules, requires_consent="")
    assert the_sequence(operator)["requires_consent"] is None


def test_who_has_the_trigger_is_told_when_the_sequence_is_entered(
    operator: Client, mei: Browser
) -> None:
    """On the sequence's page, the person's and why not; and why somebody does not enter."""
    given.device(operator)
    sequence = given.sequence(operator, "Hi", trigger="COLD", niche=["B1"])
    enters = given.lead(operator, 1, triggers=["cold"], niche=["B1"])
    another = given.lead(operator, 2, triggers=["COLD"], niche=["B2"])
    soon = "at the next look, at most 5 minutes away"
    for page in (
        f"/sequences/{sequence}",
        f"/leads/{enters}",
        f"/why-not?lead_id={enters}&of=sequence:{sequence}",
    ):
        mei.open(page)
        assert soon in mei.page, page
    mei.open(f"/leads/{another}")
    assert soon not in mei.page
    assert "does not enter: the person&#39;s niche did not match" in mei.page
