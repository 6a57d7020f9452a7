"""Planning a campaign on its pages, without scripts, and forms older than what there is."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from projections.container import Container
from tests.support import given as somebody_gives
from tests.support.api import given
from tests.support.api.browsing import Browser
from tests.support.api.client import Client

# What a browser sends of the form beside what a test says.
FORM = {"target_status": "all", "brake": "yes", "brake_opt_outs": "5", "brake_failures": "20"}
TEXT = "Hello {name|there}"


@pytest.fixture
def mei(app: Flask, container: Container) -> Browser:
    signed_in = Browser(app)
    signed_in.sign_in(given.api_key(container, "mei", "operator"))
    return signed_in


def composes(browser: Browser, path: str = "/campaigns/new", **fields: str) -> None:
    """Opens the form and sends it."""
    browser.open(path)
    browser.send(path, **{**FORM, "name": "Spring", "body": TEXT, **fields})


def the_campaign(client: Client) -> dict[str, Any]:
    (found,) = client.items("/campaigns")
    return dict(found)


def test_over_a_thousand_the_number_is_typed(
    operator: Client, mei: Browser, container: Container
) -> None:
    """A plain click is not enough, nor is another number; more people than were shown are shown."""
    given.device(operator)
    somebody_gives.crowd(container, 1200)
    composes(mei, do="keep")
    address = f"/campaigns/{the_campaign(operator)['id']}/plan"

    mei.open(f"{address}?whole=yes")
    mei.send(address, typed="1000")
    assert (mei.status, "expected 1200" in mei.page) == (422, True)
    mei.open(f"{address}?whole=yes")
    mei.send(address, people="1", typed="1")
    assert (mei.status, the_campaign(operator)["status"]) == (409, "draft")
    mei.open(f"{address}?whole=yes")
    mei.send(address, typed="1,200")
    assert the_campaign(operator)["status"] == "pending"


def test_what_another_one_wrote_meanwhile_is_not_undone(operator: Client, mei: Browser) -> None:
    """A form that was opened before: neither scripts nor the button keep it."""
    draft = operator.create("/campaigns", {"name": "Spring", "body": TEXT, "draft": True})
    address = f"/campaigns/{draft['id']}/edit"
    mei.open(address)
    operator.patch(f"/campaigns/{draft['id']}", {"body": "Theirs"})

    form = mei.hidden() | FORM | {"name": "Spring", "body": "Mine", "campaign_id": draft["id"]}
    headers = {"Sec-Fetch-Site": "same-origin"}
    part = mei.client.post("/campaigns/look", data=form, headers=headers)
    assert "crm changed it meanwhile, so nothing of this was kept." in part.get_data(as_text=True)
    for _ in range(2):
        mei.send(address, **FORM, name="Spring", body="Mine")
        assert (mei.status, f'<a href="{address}">See what is' in mei.page) == (409, True)
        assert "Mine</textarea>" in mei.page
    assert the_campaign(operator)["body"] == "Theirs"

    composes(mei, address, body="Both")
    assert the_campaign(operator)["body"] == "Both"
