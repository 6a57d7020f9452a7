"""/reports/signals: what people did with what was sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask

from projections.container import Container
from projections.queries.signals import signals
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.browsing import Browser
from tests.support.api.client import Client
from tests.support.when import Phones

DAY = {"since": "2026-03-02T00:00Z", "until": "2026-03-03T00:00Z"}


def _cells(app: Flask, container: Container) -> list[str]:
    """What the page says of shares."""
    browser = Browser(app)
    browser.sign_in(given.api_key(container, "reader", "viewer"))
    browser.open("/signals?since=2026-03-02&until=2026-03-03")
    return re.findall(r"<small[^>]*>([^<]*)</small>", browser.page)


def test_what_people_did_is_counted_by_device_hour_and_content(
    operator: Client, app: Flask, container: Container, clock: SimulatedClock
) -> None:
    """The hour is the recipient's where the time zone is known, else the device's."""
    device_id = given.device(operator)
    here, there = given.lead(operator, 1), given.lead(operator, 2)
    operator.patch(f"/leads/{there}", {"timezone": "Asia/Kuala_Lumpur"})
    campaign_id = given.campaign(operator)
    when.triggers(container)
    runners.plays(clock, 2, runners.broadcaster(container, Phones(clock)))
    clock.move_to(datetime(2026, 3, 2, 9, tzinfo=UTC))
    runners.replies(container, UUID(here), "STOP", "in-1")

    status, answer = operator.get("/reports/signals", **DAY)

    assert status == 200, answer
    (device,), (content,) = answer["devices"], answer["contents"]
    assert (device["device_id"], content["campaign_id"]) == (device_id, campaign_id)
    assert (content["sequence_id"], content["step"]) == (None, None)
    for group in (device, content):
        assert (group["sent"], group["replied"]["count"]) == (2, 1)
        assert group["opted_out"] == {"count": 1, "share": 0.5, "interval": [0.0945, 0.9055]}
    hours = {each["hour"]: each["opted_out"]["count"] for each in answer["hours"]}
    assert hours == {8: 1, 16: 0}
    assert answer["whole"]
    assert [cell for cell in _cells(app, container) if "%" in cell][-1] == "50% (9.4%\u201390.6%)"
    with container.database.transaction() as connection:
        since, until = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
        assert not signals(connection, since, until, most=1).whole


def test_a_span_that_is_none_or_too_long_is_refused(operator: Client) -> None:
    """With the field that is wrong."""
    backwards = {"since": DAY["until"], "until": DAY["since"]}
    for query, field in (
        (backwards, "until"),
        ({"since": "2025-03-02T00:00Z", "until": DAY["until"]}, "since"),
    ):
        status, answer = operator.get("/reports/signals", **query)
        assert status == 422
        assert field in str(answer)
