"""What pages show at once, and what comes after them."""

from __future__ import annotations

from html import unescape

import pytest
from flask import Flask

from api.web import audit, later, overview, signals
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as somebody_gives
from tests.support import when
from tests.support.api import given
from tests.support.api.browsing import Browser
from tests.support.api.client import Client


def test_a_page_does_not_wait_until_everybody_is_looked_at(
    app: Flask, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many people it has a link, which scripts follow by themselves; they get the part alone."""
    monkeypatch.setattr(later, "PEOPLE", 1)
    given.device(operator)
    given.lead(operator, 1, name="Aisyah")
    given.lead(operator, 2, name="Zul")
    draft = {"name": "Spring", "body": "Hello", "draft": True}
    path = f"/campaigns/{operator.create('/campaigns', draft)['id']}"
    mei = Browser(app)
    mei.sign_in(str(operator.key))

    for page in (path, f"{path}/edit", f"{path}/plan"):
        whole = f"{page}?whole=yes"
        mei.open(page)
        assert f'hx-get="{whole}"' in mei.page
        assert "2 people" not in mei.page
        mei.open(whole)
        assert "2 people" in mei.page
        assert "<html" in mei.page
        mei.open(whole, **{"HX-Request": "true"})
        assert "2 people" in mei.page
        assert "<html" not in mei.page


def test_what_waits_what_people_did_and_the_log_come_after_their_pages(
    app: Flask,
    operator: Client,
    container: Container,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As far as there was time for it; all of it where the address says so."""
    monkeypatch.setattr(overview, "WAITING", 1)
    monkeypatch.setattr(signals, "AT_ONCE", 1)
    monkeypatch.setattr(audit, "AT_ONCE", 1)
    somebody_gives.due_messages(container, 2)
    mei = Browser(app)
    mei.sign_in(str(operator.key))
    parts = {
        "/": "its turn on the device",
        "/audit?topic=campaign.scheduled": "campaign.scheduled</td>",
    }

    for address, text in parts.items():
        whole = f"{address}{'&amp;' if '?' in address else '?'}whole=yes"
        mei.open(address)
        assert f'hx-get="{whole}"' in mei.page
        assert text not in mei.page
        mei.open(unescape(whole), **{"HX-Request": "true"})
        assert text in mei.page
        assert "<html" not in mei.page

    when.looks(when.broadcaster(container, when.Phones(clock)))
    clock.advance(minutes=1)
    mei.open("/signals")
    assert 'hx-get="/signals?whole=yes"' in mei.page
    mei.open("/signals?whole=yes", **{"HX-Request": "true"})
    assert "By hour" in mei.page
    assert "hx-get" not in mei.page
