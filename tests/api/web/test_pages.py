"""What every page keeps to, whoever looks at it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from api.web import asking, places
from domain.errors import StorageError
from projections.container import Container
from tests.support.api.browsing import Browser
from tests.support.api.screens import FOR_ADMINS, FOR_OPERATORS, PAGES

HOSTILE = "<script>alert(1)</script>\"'\x1b[31m\u202e"


@pytest.fixture
def browsers(app: Flask, keys: dict[str, Any]) -> dict[str, Browser]:
    """One that is signed in, for each role."""
    found = {}
    for role in ("viewer", "operator", "admin"):
        found[role] = Browser(app)
        found[role].sign_in(keys[role])
    return found


def test_everybody_who_is_signed_in_sees_every_page(
    ids: dict[str, str], browsers: dict[str, Browser]
) -> None:
    """But for those of admins; nobody else sees any."""
    stranger = Browser(browsers["admin"].client.application)
    for page in (*PAGES, *FOR_OPERATORS, *FOR_ADMINS):
        address = page.format(**ids)
        for role, browser in browsers.items():
            browser.open(address)
            least = FOR_ADMINS if role == "operator" else (*FOR_OPERATORS, *FOR_ADMINS)
            allowed = role == "admin" or page not in least
            assert (page, role, browser.status) == (page, role, 200 if allowed else 403)
            assert "page" not in browser.page or "</html>" in browser.page
        stranger.open(address)
        assert '<label for="key">' in stranger.page, page


def test_a_viewer_sees_no_button_that_would_be_refused(
    ids: dict[str, str], browsers: dict[str, Browser]
) -> None:
    """The only form that changes something is the one that signs out."""
    for page in PAGES:
        browsers["viewer"].open(page.format(**ids))
        changing = re.findall(
            r'<form[^>]*method="post"[^>]*action="([^"]*)"', browsers["viewer"].page
        )
        assert set(changing) <= {"/sign-out"}, page


def test_a_change_by_a_viewer_is_refused(ids: dict[str, str], browsers: dict[str, Browser]) -> None:
    """Also one that no page offers."""
    viewer = browsers["viewer"]
    for address in (
        f"/messages/{ids['message_id']}/cancel",
        f"/campaigns/{ids['campaign_id']}/pause",
        f"/sequences/{ids['sequence_id']}/pause",
        f"/devices/{ids['device_id']}/disconnect",
        "/devices",
        "/settings/keys",
        "/settings/suppressions",
    ):
        viewer.open("/")
        viewer.send(address)
        assert (address, viewer.status) == (address, 403)


def test_no_page_has_a_script_or_a_style_within_it(
    ids: dict[str, str], browsers: dict[str, Browser]
) -> None:
    """Or the policy would have to allow what markup from outside could use. What pages load is of
    this origin."""
    for page in (*PAGES, *FOR_ADMINS):
        answer = browsers["admin"].open(page.format(**ids))
        text = browsers["admin"].page
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text), page
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), page
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "app;dur=" in answer.headers["Server-Timing"]


def test_what_comes_from_outside_is_shown_and_does_nothing(
    container: Container, operator: Any, browsers: dict[str, Browser]
) -> None:
    """Markup, escapes of a terminal and marks of direction in a name."""
    made = operator.create("/leads", {"phone": "+60123456789", "name": f"Mei {HOSTILE[:25]}"})

    for address in ("/leads", f"/leads/{made['id']}"):
        browsers["admin"].open(address)
        assert "<script>alert" not in browsers["admin"].page
        assert "&lt;script&gt;alert" in browsers["admin"].page


def test_all_places_are_there(browsers: dict[str, Browser]) -> None:
    """Whatever the way to the pages names."""
    with browsers["admin"].client.application.test_request_context():
        addresses = [address for address, _ in (*places.every_day(), *places.further())]
    for address in addresses:
        browsers["viewer"].open(address)
        assert (address, browsers["viewer"].status) == (address, 200)
        assert f'<a href="{address}" aria-current="page">' in browsers["viewer"].page


def test_what_is_not_there_is_a_page(browsers: dict[str, Browser]) -> None:
    """With a way back."""
    browsers["viewer"].open("/leads/00000000-0000-4000-8000-000000000000")

    assert browsers["viewer"].status == 404
    assert "There is nothing here" in browsers["viewer"].page
    assert 'href="/"' in browsers["viewer"].page


@pytest.mark.parametrize(
    "address",
    [
        "/leads?limit=3",
        "/leads?path=x",
        "/leads?nothing=1",
        "/leads/{lead_id}?as_of=yesterday",
        "/messages?status=nothing",
        "/messages?cursor=!",
        "/audit?after=x",
        "/calendar?month=x",
        "/calendar?month=9999-12",
        "/calendar?month=0001-01",
        "/leads/{lead_id}?after=x",
        "/sequences/{sequence_id}/people?status=x",
        "/why-not?phone=nobody&of=campaign:{campaign_id}",
        "/why-not?lead_id=x&of=nothing:x",
        "/csv/nothing",
        "/csv/whoami",
        "/csv/leads%22",
    ],
)
def test_what_cannot_be_asked_is_a_page_too(
    ids: dict[str, str], browsers: dict[str, Browser], address: str
) -> None:
    """That says so, and no fault."""
    browsers["admin"].open(address.format(**ids))

    assert browsers["admin"].status in (200, 404, 422)
    assert "</html>" in browsers["admin"].page


def test_a_fault_is_a_page_too(
    browsers: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ours, or of a database that is away; it says nothing of what it was."""
    for fault, status in ((KeyError("secret"), 500), (StorageError("secret"), 503)):

        def fail(*_: Any, fault: Exception = fault, **__: Any) -> None:
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(asking, "get", fail)
            browsers["viewer"].open("/")
        assert browsers["viewer"].status == status
        assert "</html>" in browsers["viewer"].page
        assert "secret" not in browsers["viewer"].page


def test_what_is_nowhere_is_a_page_for_who_reads_pages(
    app: Flask, browsers: dict[str, Browser]
) -> None:
    """With the ways to the others for who is signed in; JSON for everybody else, and below /api."""
    reads = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for address in ("/nothing", "/leads/nothing", "/leads/x/opt-out", "/settings"):
        browsers["viewer"].open(address, **reads)
        assert (address, "There is nothing here" in browsers["viewer"].page) == (address, True)
        # Nothing in words of others, which no language of the pages has.
        assert "requested URL" not in browsers["viewer"].page
        assert 'href="/leads"' in browsers["viewer"].page
    for headers, address in (({}, "/nothing"), (reads, "/api/v1/nothing")):
        answer = app.test_client().get(address, headers=headers)
        assert answer.mimetype == "application/json"
    assert "Sign out" not in app.test_client().get("/nothing", headers=reads).get_data(as_text=True)
