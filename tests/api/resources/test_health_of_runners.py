"""/readyz and /metrics say how the runners fare, what was put aside, and what the database lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from projections.container import Container
from projections.records.incidents import LOST_DISPATCHES, WENT_BACK
from runners.support.clocks import SimulatedClock
from tests.support.operations import incident, process, quarantined


def something_of_everything(container: Container, clock: SimulatedClock) -> None:
    """One process was killed, another one fails and works."""
    incident(container, WENT_BACK, "old", end=1, seen=2)
    clock.advance(days=2)
    process(container, "killed", "broadcaster")
    clock.advance(minutes=1)
    incident(container, WENT_BACK, "fails", end=12, seen=15)
    incident(container, WENT_BACK, "works", end=12, seen=14)
    incident(container, LOST_DISPATCHES, "works", messages=2)
    process(container, "fails", "enroller", "reaper", failing={"enroller": [ValueError()] * 3})
    process(container, "works", "enroller", "broadcaster", working=("enroller", "broadcaster"))
    quarantined(container, "lead", UUID(int=1))


def test_readyz_stays_ready_and_says_what_is_wrong(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """An orchestrator must not take the API away because a runner fails."""
    something_of_everything(container, clock)

    answer = app.test_client().get("/readyz")

    assert answer.status_code == 200
    assert answer.get_json()["runners"] == [
        {
            "process": "fails",
            "runners": ["enroller", "reaper"],
            "alive": True,
            "seen_at": "2026-03-04T08:01:00+00:00",
            "failing": {"enroller": {"failures": 3, "error": "ValueError"}},
        },
        {
            "process": "killed",
            "runners": ["broadcaster"],
            "alive": False,
            "seen_at": "2026-03-04T08:00:00+00:00",
            "failing": {},
        },
        {
            "process": "works",
            "runners": ["enroller", "broadcaster"],
            "alive": True,
            "seen_at": "2026-03-04T08:01:00+00:00",
            "failing": {},
        },
    ]
    assert answer.get_json()["warnings"] == [
        "enroller of fails failed 3 times in a row: ValueError",
        "1 lead is in quarantine: sendtrail audit quarantine list --kind lead",
        "the database went back, noticed at 2026-03-04 08:01:00 UTC: its log ended at event 12 and"
        " lacked what had been committed; 2 dispatches were lost, and recorded again or still in"
        " quarantine",
    ]


def _gauges(app: Flask, name: str) -> dict[str, float]:
    """The samples of a gauge with one label, by its value."""
    text = app.test_client().get("/metrics").get_data(as_text=True)
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                (label,) = sample.labels.values()
                found[label] = sample.value
    return found


def test_metrics_count_the_same(container: Container, clock: SimulatedClock, app: Flask) -> None:
    something_of_everything(container, clock)
    nothing: dict[str, Any] = dict.fromkeys(
        ("message", "campaign", "sequence", "enrollment", "device", "inbound", "event"), 0
    )

    assert _gauges(app, "sendtrail_quarantine") == {**nothing, "lead": 1}
    assert _gauges(app, "sendtrail_runner_processes") == {"alive": 2, "silent": 1}
    assert _gauges(app, "sendtrail_runner_failing") == {
        "enroller": 1,
        "reaper": 0,
        "broadcaster": 0,
    }
    assert _gauges(app, "sendtrail_incidents") == {WENT_BACK: 3, LOST_DISPATCHES: 1}


def test_metrics_without_any_of_it_are_zero(app: Flask) -> None:
    """An alert on a metric that is not there never fires."""
    assert set(_gauges(app, "sendtrail_quarantine").values()) == {0}
    assert _gauges(app, "sendtrail_runner_processes") == {"alive": 0, "silent": 0}
    assert _gauges(app, "sendtrail_runner_failing") == {}
    assert _gauges(app, "sendtrail_incidents") == {WENT_BACK: 0, LOST_DISPATCHES: 0}
