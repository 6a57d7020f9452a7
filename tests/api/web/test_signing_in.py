"""Who gets in, how, and for how long."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask import Flask

from projections.container import Container
from projections.records import api_keys, web_sessions
from runners.support.clocks import SimulatedClock
from tests.support.api.browsing import Browser
from tests.support.api.given import api_key


@pytest.fixture
def key(container: Container) -> str:
    return api_key(container, "mei", "operator")


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


def test_who_signs_in_gets_to_the_page_that_was_asked_for(browser: Browser, key: str) -> None:
    """With its filters; the cookie is for this site and no script."""
    browser.open("/leads?opted_out=true")
    assert '<label for="key">' in browser.page

    answer = browser.client.post("/sign-in", data=browser.hidden() | {"key": key})

    assert answer.headers["Location"] == "/leads?opted_out=true"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_a_wrong_key_is_told_so_and_begins_nothing(browser: Browser, key: str) -> None:
    """Nor does an empty one."""
    for wrong in ("st_nobody", ""):
        browser.sign_in(wrong)
        assert (browser.status, "There is no such key" in browser.page) == (401, True)
    assert "Sign in" in browser.open("/").get_data(as_text=True)


def test_a_session_ends_with_its_key(container: Container, browser: Browser, key: str) -> None:
    """At once."""
    browser.sign_in(key)
    assert "Overview" in browser.page
    with container.database.transaction() as connection:
        api_keys.revoke(connection, "mei", container.outreach.clock())

    browser.open("/")

    assert '<label for="key">' in browser.page


def test_a_session_lasts_from_the_last_page_on(
    clock: SimulatedClock, browser: Browser, key: str
) -> None:
    """And ends when nobody has looked for twelve hours."""
    browser.sign_in(key)
    for _ in range(3):
        clock.advance(hours=8)
        browser.open("/")
        assert "Overview" in browser.page

    clock.advance(hours=12, minutes=1)
    browser.open("/")

    assert '<label for="key">' in browser.page


def test_signing_out_ends_the_session(browser: Browser, key: str) -> None:
    """Also for who has kept the cookie."""
    browser.sign_in(key)
    cookie = browser.client.get_cookie("sendtrail_session")
    assert cookie is not None
    browser.send("/sign-out")
    browser.client.set_cookie("sendtrail_session", cookie.value)

    browser.open("/")

    assert '<label for="key">' in browser.page


def test_a_link_signs_in_once(container: Container, browser: Browser, key: str) -> None:
    """Looking at it does not use it up."""
    with container.database.transaction() as connection:
        link = web_sessions.link(connection, "mei", container.outreach.clock())
    for _ in range(2):
        browser.open(f"/sign-in?link={link}")

    browser.send("/sign-in")
    assert "Overview" in browser.page

    second = Browser(browser.client.application)
    second.open(f"/sign-in?link={link}")
    second.send("/sign-in")
    assert (second.status, "was used already" in second.page) == (401, True)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:x"],
)
def test_nobody_is_sent_elsewhere(browser: Browser, key: str, elsewhere: str) -> None:
    """Whatever the address of the form names."""
    answer = browser.client.post(f"/sign-in?next={quote(elsewhere)}", data={"key": key})

    assert answer.headers["Location"] == "/"


def test_a_change_that_another_page_asked_for_is_refused(browser: Browser, key: str) -> None:
    """By the proof that it lacks, and by what the browser says of where it came from."""
    browser.sign_in(key)
    proof = browser.hidden()["proof"]

    without = browser.client.post("/sign-out", data={})
    foreign = browser.client.post(
        "/sign-out", data={"proof": proof}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert (without.status_code, foreign.status_code) == (403, 403)
    assert "Overview" in browser.open("/").get_data(as_text=True)


def test_a_form_of_a_session_that_is_over_keeps_its_text(
    clock: SimulatedClock, container: Container, browser: Browser, key: str
) -> None:
    """It is shown again after signing in, without secrets, and nothing is done before it is sent
    again. A form that another site sends is not kept."""
    browser.sign_in(key)
    form = {**browser.hidden(), "value": "+60123456789", "evidence": "rang us,\ntwice"}
    clock.advance(hours=12, minutes=1)

    browser.send("/settings/suppressions", **form, **{"credentials.token": "s3cret"})
    assert (browser.status, "What you wrote is kept" in browser.page) == (401, True)
    assert "s3cret" not in browser.page
    browser.send("/sign-in", key="st_wrong")
    browser.send("/sign-in", key=key)
    assert "rang us,\ntwice" in browser.page
    assert '"+60123456789"' in browser.page
    browser.send("/settings/suppressions", **{k: form[k] for k in ("value", "evidence")})

    assert (browser.status, "rang us" in browser.page) == (200, True)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    browser.client.delete_cookie("sendtrail_session")
    foreign = browser.client.post("/settings/suppressions", data=form, headers=elsewhere)
    assert foreign.status_code == 303
