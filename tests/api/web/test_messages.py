"""The proof of a message, and what a person may do about one."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from domain.content import Content
from domain.lead import Agreed
from projections.container import Container
from runners.jobs.campaigner import Campaigner
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.browsing import Browser
from tests.support.api.given import api_key


@pytest.fixture
def message_id(container: Container, clock: SimulatedClock) -> str:
    """A message that waits."""
    given.device(container)
    given.lead(container, 1, name="Aisyah")
    given.campaign(container)
    clock.now += timedelta(days=1)
    Campaigner(container, "runner:campaigner:test").run_once()
    return str(then.messages(container)[0].message_id)


@pytest.fixture
def browser(app: Flask, container: Container, message_id: str) -> Browser:
    signed_in = Browser(app)
    signed_in.sign_in(api_key(container, "mei", "operator"))
    return signed_in


def test_the_proof_tells_the_whole_chain(browser: Browser, message_id: str) -> None:
    """From the campaign to the plan, each with who did it and its place in the log."""
    browser.open(f"/messages/{message_id}")

    assert browser.page.index("chain") < browser.page.index("message planned for")
    assert "runner:campaigner:test" in browser.page
    assert "It was not handed over." in browser.page
    assert "It waits for" in browser.page


def test_the_proof_shows_the_consent_or_that_none_was_asked_for(
    container: Container, clock: SimulatedClock, browser: Browser, message_id: str
) -> None:
    """Once it is handed over: the words, where they are from, and the event."""
    (message,) = then.messages(container)
    agreed = Agreed(purpose="marketing", source="form 7", words="I agree to <offers>")
    container.outreach.give_consent(message.lead_id, agreed, actor="api:mei")
    when.looks(when.broadcaster(container, when.Phones(clock)))

    browser.open(f"/messages/{message_id}")

    assert "I agree to &lt;offers&gt;" in browser.page
    assert "form 7" in browser.page
    assert "not required" in browser.page
    browser.open(f"/leads/{message.lead_id}")
    assert "form 7" in browser.page


def test_a_message_that_waits_can_be_cancelled(
    container: Container, browser: Browser, message_id: str
) -> None:
    """By who is signed in, whose name the event has."""
    browser.open(f"/messages/{message_id}")
    browser.send(f"/messages/{message_id}/cancel")

    assert 'class="badge cancelled"' in browser.page
    assert "<small><bdi>mei</bdi> · event" in browser.page
    assert then.messages(container)[0].status == "cancelled"


def test_what_cannot_be_done_any_more_is_told_on_the_page(
    browser: Browser, message_id: str
) -> None:
    """With the sentence of the API."""
    browser.open(f"/messages/{message_id}")
    first = browser.hidden()
    browser.send(f"/messages/{message_id}/cancel")
    browser.send(f"/messages/{message_id}/cancel", once="another")

    assert browser.status == 409
    assert 'role="alert"' in browser.page
    # The very same form, sent twice, is one change.
    again = browser.client.post(f"/messages/{message_id}/cancel", data=first)
    assert again.status_code == 303


def test_filters_are_in_the_address_and_in_the_csv(browser: Browser, message_id: str) -> None:
    """The list that a number counts can be had as a file."""
    browser.open("/messages?status=pending")
    assert f"/messages/{message_id}" in browser.page
    assert "/csv/messages?status=pending" in browser.page

    answer = browser.open("/csv/messages?status=sent")
    assert answer.mimetype == "text/csv"
    assert message_id not in answer.get_data(as_text=True)
    assert message_id in browser.open("/csv/messages?status=pending").get_data(as_text=True)


def test_what_was_made_last_comes_first(
    container: Container, clock: SimulatedClock, browser: Browser, message_id: str
) -> None:
    """Page by page; the list that a program asks for begins at the other end."""
    lead_id = then.messages(container)[0].lead_id
    clock.advance(hours=1)
    later = container.outreach.write_to_lead(lead_id, Content(body="Hello"), actor="api:mei")

    browser.open("/messages?limit=1")
    assert (f"/messages/{later}" in browser.page, f"/messages/{message_id}" in browser.page) == (
        True,
        False,
    )
    (link,) = re.findall(r'rel="next" href="([^"]*)"', browser.page)
    browser.open(unescape(link))
    assert f"/messages/{message_id}" in browser.page
    answer = browser.open("/csv/messages?limit=1")
    assert message_id in answer.get_data(as_text=True)


def test_a_person_is_written_to_and_the_proof_says_by_whom(
    container: Container, browser: Browser
) -> None:
    """What stands against it is said where it was written, and the text is kept in the form."""
    lead_id = then.messages(container)[0].lead_id
    browser.open(f"/leads/{lead_id}")
    browser.send(f"/leads/{lead_id}/messages", body="Hello {{name}}")
    assert browser.status == 422
    assert 'role="alert"' in browser.page
    assert "Hello {{name}}</textarea>" in browser.page

    browser.send(f"/leads/{lead_id}/messages", body="Hello, it is Mei")

    assert browser.status == 200
    assert "Written by <bdi>mei</bdi>" in browser.page
    assert "Hello, it is Mei" in browser.page
    container.outreach.opt_out(lead_id, "rang us", actor="api:mei")
    browser.open(f"/leads/{lead_id}")
    assert "The person said no: nobody may write to them." in browser.page
    assert 'name="body"' not in browser.page
