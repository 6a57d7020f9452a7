"""/metrics: what the tables say and what was measured, for Prometheus."""

from __future__ import annotations

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, webhooks, when
from tests.support.api.client import Client

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _scrape(app: Flask) -> Samples:
    """Every sample, by name and labels."""
    response = app.test_client().get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.get_data(as_text=True))
        for sample in family.samples
    }


def _messages(samples: Samples) -> dict[str, float]:
    return {
        dict(labels)["status"]: value
        for (name, labels), value in samples.items()
        if name == "sendtrail_messages"
    }


def test_what_the_tables_say_is_there_at_once(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """An alert on "failed" or on a growing queue fires at the next scrape."""
    works = given.device(operator, "Works")
    fails = given.device(operator, "Fails", settings={"fail_rate": 1})
    given.device(operator, "Off", online=False)
    for number, device_id in enumerate((works, works, fails), start=1):
        given.lead(operator, number, device_id=device_id)
    given.campaign(operator)
    when.triggers(container)
    waiting = _scrape(app)
    when.broadcasts(container, clock)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO tracking VALUES ('webhooks', 5)")

    samples = _scrape(app)

    zeros = dict.fromkeys(("processing", "queued", "unknown", "cancelled"), 0.0)
    assert _messages(waiting) == {**zeros, "pending": 3.0, "sent": 0.0, "failed": 0.0}
    assert _messages(samples) == {**zeros, "pending": 0.0, "sent": 2.0, "failed": 1.0}
    assert samples["sendtrail_devices", (("status", "online"),)] == 2.0
    assert samples["sendtrail_devices", (("status", "offline"),)] == 1.0
    events = app.test_client().get("/readyz").get_json()["events"]
    assert samples["sendtrail_events_total", ()] == events
    assert samples["sendtrail_lag_events", (("reader", "webhooks"),)] == events - 5


def test_what_providers_told_is_counted_by_what_became_of_it(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """Every outcome is there, with 0 where there is none; and what waits, and for how long."""
    device = webhooks.device(container, "gowa")
    given.lead(operator)
    before = _scrape(app)
    for number, (who, text) in enumerate([(1, "Hi"), (1, "Hello"), (9, "Who?"), (9, "STOP")]):
        said = webhooks.reply("gowa", given.phone(who), text, f"3EB0R{number}")
        webhooks.post(app, "gowa", device, said)
    webhooks.post(app, "gowa", device, webhooks.reply("gowa", given.phone(1), "Hi", "3EB0R0"))
    webhooks.post(app, "gowa", device, {"event": "message.reaction"})
    for _ in range(3):
        runners.tells(container, "gowa", device, {"event": "message.reaction"})
        clock.advance(seconds=20)

    samples = _scrape(app)

    def came(samples: Samples, outcome: str, gateway: str = "gowa") -> float:
        return samples["sendtrail_inbound_total", (("gateway", gateway), ("outcome", outcome))]

    outcomes = ("attributed", "unattributed", "repeated", "ignored_reaction", "receipt")
    assert [came(before, outcome) for outcome in outcomes] == [0.0] * 5
    assert [came(samples, outcome) for outcome in outcomes] == [2.0, 2.0, 1.0, 1.0, 0.0]
    assert came(samples, "ignored_group", "wablas") == 0.0
    gauges = ("inbound_waiting", "inbound_oldest_seconds", "unattributed_replies")
    assert [before[f"sendtrail_{name}", ()] for name in gauges] == [0.0, 0.0, 0.0]
    assert [samples[f"sendtrail_{name}", ()] for name in gauges] == [3.0, 60.0, 2.0]


def test_what_was_measured_is_there(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """How long appends, claims and gateways took, as histograms."""
    given.device(operator)
    given.lead(operator)
    given.campaign(operator)
    when.triggers(container)
    before = _scrape(app)
    when.broadcasts(container, clock)

    after = _scrape(app)

    accepted = (
        "sendtrail_gateway_seconds_count",
        (("gateway", "sandbox"), ("outcome", "accepted")),
    )
    assert after[accepted] - before.get(accepted, 0.0) == 1.0
    for name in ("sendtrail_append_seconds_count", "sendtrail_claim_seconds_count"):
        assert after[name, ()] > before.get((name, ()), 0.0)


def test_prometheus_is_told_the_format(app: Flask) -> None:
    """Without the right content type Prometheus 3 refuses a scrape."""
    response = app.test_client().get("/metrics")

    assert response.content_type.startswith("text/plain; version=")
    assert response.content_type.count("charset") == 1
