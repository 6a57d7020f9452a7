"""Pages in the reader's language."""

from __future__ import annotations

from typing import Any

from flask import Flask

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
