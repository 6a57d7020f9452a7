"""What is refused is shown again in its form, with why; and what has nothing leads to what has."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client

LONG = "x" * 10_001


@pytest.fixture
def boss(app: Flask, container: Container) -> Browser:
    signed_in = Browser(app)
    signed_in.sign_in(given.api_key(container, "mei", "admin"))
    return signed_in


# With the field that is wrong.
FILTERS = {
    "/leads?created_after=soon&niche=B7": "created_after",
    "/leads/{lead_id}?as_of=yesterday": "as_of",
    "/messages?since=soon&reason=B7": "since",
    "/messages?status=lost&reason=B7": "status",
    "/messages?device_id=lost&reason=B7": "device_id",
    "/campaigns?status=lost&q=B7": "status",
    "/campaigns/{campaign_id}/recipients?status=lost": "status",
    "/campaigns/{campaign_id}/recipients?excluded=lost": "excluded",
    "/sequences?status=lost&q=B7": "status",
    "/sequences/{sequence_id}/people?status=lost": "status",
    "/replies?attributed=lost": "attributed",
    "/audit?topic=lost&actor=B7": "topic",
    "/signals?since=2025-01-07": "since",
}


def test_a_filter_that_is_refused_is_shown_again(ids: dict[str, str], boss: Browser) -> None:
    """With what was written in it and beside it, and what was expected; nothing is listed."""
    for address, wrong in FILTERS.items():
        boss.open(address.format(**ids))
        query = dict(each.split("=") for each in address.partition("?")[2].split("&"))
        found = re.search(rf'<(?:input|select) [^>]*name="{wrong}"[^>]*>', boss.page)
        assert (address, boss.status, 'role="alert"' in boss.page) == (address, 422, True)
        assert found, address
        assert 'aria-invalid="true"' in found[0], address
        for value in query.values():
            assert f'value="{value}"' in boss.page, address
        assert "matches." not in boss.page


def test_every_form_that_is_refused_has_what_was_written(
    ids: dict[str, str], boss: Browser
) -> None:
    """Of the form that was sent; others of the page are as they were."""
    lead, device = "/leads/{lead_id}", "/devices/{device_id}"
    cases: list[tuple[str, str, dict[str, Any], list[str]]] = [
        ("/settings/keys", "/settings/keys", {"name": "a/b!", "role": "viewer"}, ["a/b!"]),
        (
            "/settings/suppressions",
            "/settings/suppressions",
            {"value": "nobody", "evidence": "rang us"},
            ["nobody", "rang us"],
        ),
        (
            "/settings/subscriptions",
            "/settings/subscriptions",
            {"url": "crm.example", "events": ["message.sent"]},
            ["crm.example", 'message.sent" checked'],
        ),
        (lead, f"{lead}/opt-out", {"evidence": LONG}, [LONG]),
        (lead, f"{lead}/triggers", {"trigger": "a,b"}, ["a,b"]),
        (
            lead,
            f"{lead}/edit",
            {"name": "Zul", "phone": "nobody", "niche": "B7", "attributes": "city: Ipoh"},
            ["Zul", "nobody", "B7", ">city: Ipoh</textarea>"],
        ),
        (device, f"{device}/retire", {"becomes": "lost"}, ["lost"]),
        (
            "/leads",
            "/leads/bulk/check",
            {"do": "add_trigger", "trigger": "a,b", "whom": "ticked", "ids": [ids["lead_id"]]},
            ["a,b", ids["lead_id"], 'ticked" selected'],
        ),
    ]
    for page, action, fields, shown in cases:
        boss.open(page.format(**ids))
        boss.send(action.format(**ids), **fields)
        assert (action, boss.status) == (action, 422)
        for value in shown:
            assert value in boss.page, (action, value[:20])
    boss.open(lead.format(**ids))
    boss.send(f"{lead}/opt-out".format(**ids), evidence=LONG)
    assert boss.page.count(LONG) == 1


def test_signals_lead_to_the_days_that_have_something(
    container: Container, clock: SimulatedClock, operator: Client, boss: Browser
) -> None:
    """Where nothing was sent in the last ones; before anything was, there is no such link."""
    boss.open("/signals")
    assert "Nothing that was planned for these days was sent." in boss.page
    assert "something was sent last" not in boss.page

    given.device(operator, "Sales 7")
    operator.create(f"/leads/{given.lead(operator)}/messages", {"body": "Hello"})
    when.broadcasts(container, clock)
    clock.advance(days=60)
    boss.sign_in(str(operator.key))
    boss.open("/signals")
    (link,) = re.findall(r'<a href="(/signals[?][^"]*)">', boss.page)
    boss.open(unescape(link))

    assert boss.status == 200
    assert "Sales 7" in boss.page


def test_a_what_if_says_first_how_many(operator: Client, boss: Browser) -> None:
    """Of all pages: how many would be sent, and how many left out."""
    given.device(operator)
    for number in (1, 2, 3):
        given.lead(operator, number)
    for number in (4, 5):
        operator.post(f"/leads/{given.lead(operator, number)}/opt-out", {"evidence": "rang us"})

    boss.open("/what-if?body=Hello")

    assert "<strong>3 messages would be sent</strong>, 2 would be left out." in boss.page
    assert boss.page.index("would be left out") < boss.page.index("<dt>opted out</dt>")
