"""What is refused of a form is said by the labels of the form, and beside its fields."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from tests.support.api.browsing import Browser

# How the API calls its fields, such as hold_out, warm_up.from and windows[1].start.
OF_THE_API = re.compile(r"\b[a-z]+(?:_[a-z]+|\.[a-z]{2,}|\[\d)|^[a-z]+:")
_STEP = {"body": "Hi", "template_name": "Wrong Name", "template_language": "english"}
# Forms that are sent, the page before, and what is said of them: above, and beside fields.
FORMS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (
        "/devices/new?gateway=sandbox",
        "/devices/new",
        {
            "gateway": "sandbox",
            "name": "One",
            "min_delay_seconds": "9",
            "max_delay_seconds": "3",
            "warm_up.from": "no",
            "warm_up.to": "9",
            "warm_up.days": "9",
            "settings.fail_rate": "all",
        },
        ["Warm-up of a new number: On the first day: expected a whole number"],
    ),
    (
        "/devices/{device_id}",
        "/devices/{device_id}/edit",
        {"name": "One", "min_delay_seconds": "9", "max_delay_seconds": "3"},
        ["Longest pause, in seconds: expected seconds from “Shortest pause, in seconds” to 86400"],
    ),
    (
        "/devices/{device_id}",
        "/devices/{device_id}/edit",
        {"name": "", "settings.fail_rate": "all", "timezone": "Ipoh"},
        ["Name: expected"],
    ),
    (
        "/campaigns/new",
        "/campaigns/new",
        {
            "name": "Spring",
            "body": "Hi",
            "at": "soon",
            "timezone": "Ipoh",
            "window_days": ["", ""],
            "window_start": ["09:00", "25:00"],
            "window_end": ["17:00", ""],
            "brake": "yes",
            "brake_opt_outs": "900",
        },
        ["Above so many % opted out: expected a percentage from 0 to 100"],
    ),
    (
        "/campaigns/new",
        "/campaigns/new",
        {
            "name": "Spring",
            "body": "Hi",
            "window_days": ["", ""],
            "window_start": ["09:00", "25:00"],
            "window_end": ["17:00", "18:00"],
        },
        ["Window 2: From: expected a local time of day"],
    ),
    (
        "/campaigns/new",
        "/campaigns/new",
        {
            "name": "Spring",
            "variant_name": ["One", "Two"],
            "variant_share": ["50", "all"],
            "variant_body": ["Hi", "Hello"],
        },
        ["Variant 2: Share in %: expected"],
    ),
    ("/campaigns/new", "/campaigns/new", {"name": "Spring", **_STEP}, ["Name of the template: "]),
    (
        "/sequences/new",
        "/sequences/new",
        {"name": "Hi", "trigger": "COLD", "body": "Hi", "send_at": "noon"},
        ["At this time of day: expected"],
    ),
    (
        "/sequences/{sequence_id}",
        "/sequences/{sequence_id}/steps/1",
        {"body": "Hi", "send_at": "noon"},
        ["At this time of day: expected"],
    ),
    (
        "/sequences/{sequence_id}",
        "/sequences/{sequence_id}/edit",
        {"name": "Hi", "first_delay_minutes": "soon", "next_trigger": "COLD", "reentry": "once"},
        ["Minutes until the first step: expected"],
    ),
    (
        "/segments/new",
        "/segments/new",
        {
            "name": "Mine",
            "clause": ["none", "all"],
            "field": ["niche", "created_at"],
            "attribute": ["", ""],
            "op": ["eq", "before"],
            "value": ["B1", "yesterday"],
            "do": "save",
        },
        ["Condition 2: Value: expected"],
    ),
    (
        "/leads/{lead_id}",
        "/leads/{lead_id}/consents",
        {"purpose": "marketing", "source": "form", "words": "yes", "given_at": "soon"},
        ["Given on: expected"],
    ),
    (
        "/leads/{lead_id}",
        "/leads/{lead_id}/edit",
        {"name": "Mei", "phone": "nobody", "timezone": "Ipoh", "target_status": "prospect"},
        ["Phone: expected"],
    ),
    ("/leads/{lead_id}", "/leads/{lead_id}/opt-out", {"evidence": ""}, ["Evidence: expected"]),
    (
        "/leads/{lead_id}",
        "/leads/{lead_id}/erase",
        {"phone": "+60129999999"},
        ["Type the phone to confirm: expected the phone of this person"],
    ),
    (
        "/settings/suppressions",
        "/settings/suppressions",
        {"value": "x", "evidence": "y"},
        ["Phone: expected"],
    ),
    ("/settings/keys", "/settings/keys", {"name": "", "role": "viewer"}, ["Name: expected"]),
    ("/settings/subscriptions", "/settings/subscriptions", {"url": "x"}, ["Address: expected"]),
    (
        "/leads",
        "/leads/bulk/check",
        {"do": "add_trigger", "whom": "matching", "trigger": ""},
        ["Trigger: expected"],
    ),
    ("/messages/{message_id}", "/messages/{message_id}/resolve", {"resolution": "sent"}, []),
]


@pytest.fixture
def browser(app: Flask, ids: dict[str, str], keys: dict[str, Any]) -> Browser:
    somebody = Browser(app)
    somebody.sign_in(keys["admin"])
    return somebody


@pytest.mark.parametrize(
    ("before", "address", "fields", "said"),
    FORMS,
    ids=[f"{each[1]}-{n}" for n, each in enumerate(FORMS)],
)
def test_a_refusal_has_the_labels_of_its_form(
    browser: Browser,
    ids: dict[str, str],
    before: str,
    address: str,
    fields: dict[str, Any],
    said: list[str],
) -> None:
    """Above the form with the label, beside the field without; never by a name of the API."""
    browser.open(before.format(**ids))
    browser.send(address.format(**ids), **fields)
    assert browser.status in (409, 422), browser.status
    shown = [unescape(re.sub("<[^>]*>", "", each)) for each in _refusals(browser.page)]
    assert shown
    for each in shown:
        assert not OF_THE_API.search(each), shown
        assert "null" not in each, shown
    for each in said:
        _label, _, expected = each.rpartition(": ")
        assert each in shown[0], shown
        assert any(expected in other for other in shown[1:]) or "bulk" in address, shown


def _refusals(page: str) -> list[str]:
    """The one above the form, then those beside fields."""
    above = re.findall(r'<p role="alert" class="bad">(.*?)</p>', page)
    return above + re.findall(r'<small[^>]*class="bad">(.*?)</small>', page)
