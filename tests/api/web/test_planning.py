"""Planning a campaign on its pages, without scripts, and forms older than what there is."""

from __future__ import annotations

import re

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as somebody_gives
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client
from tests.support.api.composing import FORM, TEXT, composes, the_campaign


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


def test_a_time_that_is_over_is_asked_about_and_a_plan_is_made_once(
    operator: Client, mei: Browser, clock: SimulatedClock
) -> None:
    """Nothing is planned before the tick. Back, and in another tab, the form says what is so."""
    given.device(operator)
    given.lead(operator, 1)
    composes(mei, at="2026-03-02T05:00", undo_seconds="600", do="plan")
    path = f"/campaigns/{the_campaign(operator)['id']}"
    # It begins now, at 08:00, and nothing of it leaves in the ten minutes of its undo.
    assert operator.get(f"{path}/preview").json["finishes_at"] == "2026-03-02T08:10:00+00:00"
    assert "its time is over: it begins at once" in mei.page
    assert "<dd>now, as its time is over: <time" in mei.page

    mei.send(f"{path}/plan")
    assert (mei.status, the_campaign(operator)["status"]) == (422, "draft")
    form = mei.hidden()
    mei.send(f"{path}/plan", past="yes")
    assert (mei.status, the_campaign(operator)["status"]) == (200, "pending")

    mei.send(f"{path}/plan", **form, past="yes")
    assert (mei.status, "It is planned already." in mei.page) == (409, True)
    assert f'href="{path}"' in mei.page
    assert "dempotency" not in mei.page


def test_what_changes_is_shown_beside_the_counts(
    operator: Client, mei: Browser, container: Container, clock: SimulatedClock
) -> None:
    """A page that was opened before the start learns that it can be called back, and until when."""
    given.device(operator)
    given.lead(operator, 1)
    path = f"/campaigns/{given.campaign(operator, undo_seconds=60)}"
    mei.open(f"{path}/progress")
    assert "pending" in mei.page
    assert "Call it back whole" not in mei.page

    when.triggers(container)
    mei.open(f"{path}/progress")
    for place in ("status", "now", "actions"):
        assert re.search(rf'<\w+ id="{place}" hx-swap-oob', mei.page)
    for shown in ("Call it back whole", 'data-left="60"', "Pause"):
        assert shown in mei.page

    operator.post(f"{path}/cancel")
    mei.open(path)
    assert "Not before" not in mei.page
    assert "Call it back whole" not in mei.page


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
