"""Pages in the reader's language."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from api.web.rendering import story
from tests.support.api.browsing import Browser


def test_a_reader_gets_the_browsers_language_until_another_is_chosen(app: Flask) -> None:
    """Also before signing in; a language that there is not is English."""
    browser = Browser(app)
    for preferred, code, title in (
        ("id-ID,id;q=0.9,en;q=0.5", "id", "Masuk"),
        ("ms", "ms", "Log masuk"),
        ("xx", "en", "Sign in"),
    ):
        browser.open("/sign-in", **{"Accept-Language": preferred})
        assert f'<html lang="{code}">' in browser.page
        assert f"<h1>{title}</h1>" in browser.page

    browser.open("/language/ms?next=/sign-in%3Fnext%3D/leads", **{"Accept-Language": "id"})

    assert "<h1>Log masuk</h1>" in browser.page
    assert 'name="next" value="/leads"' in browser.page
    assert browser.open("/language/xx").status_code == 404


def test_a_choice_of_language_leads_nowhere_else(app: Flask) -> None:
    """Whatever address it is given."""
    for elsewhere in ("https://example.com/", "//example.com/", "/\\example.com"):
        answer = app.test_client().get("/language/ms", query_string={"next": elsewhere})
        assert answer.headers["Location"] == "/"


def test_states_numbers_and_dates_are_written_in_the_language(
    app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """What the API names as a value too; the choice keeps the filters of the page."""
    browser = Browser(app)
    browser.sign_in(keys["viewer"])
    browser.open("/messages?status=cancelled")
    assert 'href="/language/id?next=/messages%3Fstatus%3Dcancelled"' in browser.page

    browser.open("/language/id?next=/messages")

    assert "<h1>Pesan</h1>" in browser.page
    assert '<span class="badge pending">menunggu</span>' in browser.page
    browser.open("/calendar?month=2026-03")
    assert "Maret 2026" in browser.page


def test_instants_in_stories_are_the_readers(
    app: Flask, ids: dict[str, str], keys: dict[str, Any]
) -> None:
    """In the proof of a message, a timeline and why-not: by the reader's clock and language, with
    the exact one for machines."""
    browser = Browser(app)
    browser.sign_in(keys["viewer"])
    browser.client.set_cookie("sendtrail_zone", "Asia/Kuala_Lumpur")
    browser.client.set_cookie("sendtrail_language", "id")
    for page in (
        "/messages/{message_id}",
        "/leads/{lead_id}",
        "/why-not?lead_id={lead_id}&of=campaign:{campaign_id}",
    ):
        browser.open(page.format(**ids))
        shown = re.sub("<[^>]*>", "", browser.page[browser.page.index("<main") :])
        assert not re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", shown), page
    browser.open("/messages/{message_id}".format(**ids))
    planned = '<time datetime="2026-03-02T08:00:00+00:00">2 Mar 2026, 16:00</time>'
    assert f"message planned for {planned}" in browser.page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("until 2026-03-02T01:00:05.250000+00:00, lease", "2 Mar 2026, 01:00:05</time>, lease"),
        ("noticed at 2026-03-02 01:00:00 UTC: x", "2 Mar 2026, 01:00</time>: x"),
        ("at 2026-03-02T09:00", "<bdi>at 2026-03-02T09:00</bdi>"),
        ("<b> 2026-13-45T99:00Z", "<bdi>&lt;b&gt; 2026-13-45T99:00Z</bdi>"),
    ],
)
def test_a_story_is_text_but_for_its_instants(app: Flask, text: str, shown: str) -> None:
    """What names no zone, or no day that there is, stays as it is; markup does nothing."""
    with app.test_request_context():
        assert shown in story(text)
