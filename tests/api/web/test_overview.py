"""What needs a person: the API and the overview say the same."""

from __future__ import annotations

import re

from flask import Flask

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as somebody_gives
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client


def test_what_a_person_has_to_decide(
    app: Flask,
    container: Container,
    clock: SimulatedClock,
    operator: Client,
    administrator: Client,
    viewer: Client,
) -> None:
    """The most pressing first. Messages are counted; campaigns, sequences and devices are named,
    the first ones of many."""
    assert viewer.get("/reports/attention") == (200, {"items": []})
    given.device(operator, "Silent", settings={"timeout_rate": 1})
    given.lead(operator)
    given.campaign(operator, name="Lost")
    when.triggers(container)
    when.broadcasts(container, clock)
    somebody_gives.settings(container, approval="four-eyes")
    offer = given.campaign(operator, name="April offer", scheduled_at="2026-04-01T08:00Z")
    given.campaign(operator, name="A draft", draft=True)
    welcome = f"/sequences/{given.sequence(operator, 'One', active=False)}"
    assert administrator.post(f"{welcome}/approve").status == 200
    operator.post(f"{welcome}/activate")
    operator.patch(f"{welcome}/steps/1", {"body": "Two"})
    off = [given.device(operator, f"Off {number:02}", online=False) for number in range(22)]

    items = viewer.get("/reports/attention").json["items"]
    browser = Browser(app)
    browser.sign_in(str(viewer.key))
    browser.open("/")

    found = [(each["kind"], each["count"], each["id"]) for each in items]
    assert found == [
        ("unknown", 1, None),
        ("campaign_approval", 1, offer),
        ("sequence_approval", 1, welcome.removeprefix("/sequences/")),
        *(("device_offline", 1, device_id) for device_id in off[:20]),
        ("device_offline", 2, None),
    ]
    assert items[-1]["text"] == "2 more devices are offline: sendtrail devices list"
    todo = browser.page[browser.page.index('<ul class="todo">') :]
    lines = re.findall("<li>(.*?)</li>", todo[: todo.index("</ul>")])
    assert [re.sub("<[^>]*>", "", line) for line in lines] == [
        "1 message may have been sent or not",
        "1 campaign waits for an approval: April offer",
        "1 sequence has a change that waits for an approval: On COLD",
        "22 devices are offline: Off 00, Off 01, Off 02, Off 03, Off 04, …",
    ]
    assert f'<a href="/campaigns/{offer}">' in lines[1]
