"""/reports/series: what happened hour by hour, or day by day in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from projections.container import Container
from projections.queries import series
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, when
from tests.support.api.client import Client, fields
from tests.support.when import Phones

NOTHING = {"sent": 0, "delivered": 0, "read": 0, "replied": 0, "failed": 0, "opted_out": 0}
DAY = {"since": "2026-03-02T00:00Z", "until": "2026-03-03T00:00Z"}


def happened(client: Client, **query: Any) -> dict[str, dict[str, int]]:
    """The buckets in which anything happened, by their beginnings."""
    status, answer = client.get("/reports/series", **query)
    assert status == 200, answer
    counts = {item.pop("at"): item for item in answer["items"]}
    return {at: each for at, each in counts.items() if each != NOTHING}


def test_what_happens_is_counted_when_it_happens(
    operator: Client, container: Container, clock: SimulatedClock
) -> None:
    """Of everything, of one campaign, and of one device, the same."""
    device_id = given.device(operator)
    leads = [given.lead(operator, number) for number in (1, 2, 3)]
    campaign_id = given.campaign(operator)
    when.triggers(container)
    when.broadcasts(container, clock)
    operator.post(f"/leads/{leads[0]}/opt-out", {"evidence": "rang us"})
    messages = operator.items("/messages")

    everything = happened(operator, by="hour", **DAY)
    of_campaign = happened(operator, by="hour", campaign_id=campaign_id, **DAY)
    of_device = happened(operator, by="hour", device_id=device_id, **DAY)
    another = given.campaign(operator)
    of_another = happened(operator, by="hour", campaign_id=another, **DAY)

    hour = "2026-03-02T08:00:00+00:00"
    sent = sum(message["sent_at"] is not None for message in messages)
    read = sum(message["read_at"] is not None for message in messages)
    assert [*everything] == [*of_campaign] == [*of_device] == [hour]
    assert (everything[hour]["sent"], everything[hour]["read"]) == (sent, read)
    assert everything[hour]["opted_out"] >= 1
    assert {**of_campaign[hour], "opted_out": 0} == {**everything[hour], "opted_out": 0}
    assert {**of_device[hour], "opted_out": 0} == {**everything[hour], "opted_out": 0}
    assert of_another == {}


def test_who_opts_out_counts_for_the_message_before_it(
    operator: Client, container: Container, clock: SimulatedClock
) -> None:
    """Of the campaign and of the device alike, whichever number the person wrote to, however often:
    she opts in and out again, and it is not taken back. With variants it is the same."""
    device_id = given.device(operator)
    lead_id = given.lead(operator)
    texts = [{"name": name, "body": f"Hello {name}", "share": 0.5} for name in "ab"]
    campaign_id = given.campaign(operator, body="Hello a", variants=texts)
    when.triggers(container)
    one = runners.broadcaster(container, Phones(clock))
    runners.plays(clock, 1, one)
    clock.advance(minutes=5)
    for number, words in enumerate(("STOP", "START", "Hello", "STOP", "START")):
        runners.replies(container, UUID(lead_id), words, f"in-{number}")

    of_campaign = happened(operator, by="hour", campaign_id=campaign_id, **DAY)
    of_device = happened(operator, by="hour", device_id=device_id, **DAY)

    (counts,) = of_campaign.values()
    report = operator.get(f"/reports/campaigns/{campaign_id}").json
    (signal,) = operator.get("/reports/signals", **DAY).json["contents"]
    assert (counts["sent"], counts["replied"], counts["opted_out"]) == (1, 1, 1)
    assert of_device == of_campaign
    assert (report["replied"], report["opted_out"]) == (1, 1)
    for mark in ("replied", "opted_out"):
        assert sum(each[mark] for each in report["variants"]) == 1
        assert signal[mark]["count"] == 1
    assert set(rebuild(container.database).values()) == {None}


def test_a_day_is_that_of_the_time_zone(
    operator: Client, container: Container, clock: SimulatedClock
) -> None:
    """18:20 UTC is 00:05 of the next day in Nepal, and still the same day in Malaysia's morning."""
    given.device(operator)
    given.lead(operator)
    clock.move_to(datetime(2026, 3, 2, 18, 20, tzinfo=UTC))
    given.campaign(operator)
    when.triggers(container)
    when.broadcasts(container, clock)

    found = {
        zone: [*happened(operator, by="day", timezone=zone, **DAY)]
        for zone in ("UTC", "Asia/Kathmandu", "America/New_York")
    }

    assert found == {
        "UTC": ["2026-03-02T00:00:00+00:00"],
        "Asia/Kathmandu": ["2026-03-03T00:00:00+05:45"],
        "America/New_York": ["2026-03-02T00:00:00-05:00"],
    }


def test_days_of_a_change_of_the_clocks_are_whole(operator: Client) -> None:
    """A day of 23 hours is one day, and its hours are 23."""
    week = {"since": "2026-03-07T12:00-05:00", "until": "2026-03-09T12:00-04:00"}

    days = operator.get("/reports/series", by="day", timezone="America/New_York", **week).json
    hours = operator.get(
        "/reports/series",
        by="hour",
        timezone="America/New_York",
        since="2026-03-08T00:00-05:00",
        until="2026-03-09T00:00-04:00",
    ).json

    assert [item["at"] for item in days["items"]] == [
        "2026-03-07T00:00:00-05:00",
        "2026-03-08T00:00:00-05:00",
        "2026-03-09T00:00:00-04:00",
    ]
    assert len(hours["items"]) == 23


def test_a_series_that_cannot_be_meant_is_refused(operator: Client) -> None:
    """More than a chart has room for, too."""
    bad: list[tuple[dict[str, Any], str]] = [
        ({}, "by"),
        ({"by": "week"}, "by"),
        ({"by": "day", "since": "2026-03-02T00:00Z", "until": "2026-03-01T00:00Z"}, "until"),
        ({"by": "hour", "since": "2025-03-02T00:00Z", "until": "2026-03-01T00:00Z"}, "since"),
        ({"by": "day", "timezone": "Mars"}, "timezone"),
        (
            {"by": "day", "campaign_id": str(given.NOBODY), "device_id": str(given.NOBODY)},
            "device_id",
        ),
    ]

    answers = [operator.get("/reports/series", **query) for query, _ in bad]
    default = operator.get("/reports/series", by="day")

    assert [fields(answer) for answer in answers] == [[field] for _, field in bad]
    assert len(default.json["items"]) == 31
    assert default.json["timezone"] == "UTC"
    assert series.MOST_BUCKETS == 1000
