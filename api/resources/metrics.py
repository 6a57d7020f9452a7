"""/metrics: what the tables say now, and what processes measured, for Prometheus."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from api.http.context import EXTENSION
from projections.config.metrics import FOLDER
from projections.container import Container
from projections.intake.providers import PARSERS
from projections.queries import operations, reports
from projections.queries.log_position import log_position
from projections.queries.operations import Operations
from projections.queries.quarantined import KINDS
from projections.records import inbox, incidents

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Every metric in Prometheus' text format. Without a database, or while the database does not
    answer, those of the tables are left out."""
    container = current_app.extensions[EXTENSION]
    return Response(_exposition(container), content_type=CONTENT_TYPE_LATEST)


class ReadModelCollector:
    """Asks the read models at each scrape; yields nothing if the database does not answer."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def collect(self) -> Iterator[Metric]:
        """What prometheus-client calls at each scrape."""
        try:
            with self.container.database.transaction() as connection:
                overview = reports.overview(connection)
                position = log_position(connection)
                found = operations.operations(connection, self.container.outreach.clock())
                came = inbox.counts(connection)
        except SQLAlchemyError:
            return
        messages = GaugeMetricFamily(
            "sendtrail_messages", "Messages by their present status", labels=["status"]
        )
        for status, count in overview.messages.items():
            messages.add_metric([status], count)
        yield messages
        devices = GaugeMetricFamily("sendtrail_devices", "Devices by status", labels=["status"])
        for status, count in overview.devices.items():
            devices.add_metric([status], count)
        yield devices
        yield CounterMetricFamily("sendtrail_events", "Events in the log", value=position.last)
        lag = GaugeMetricFamily(
            "sendtrail_lag_events", "Events that a reader of the log is behind", labels=["reader"]
        )
        for name, events in position.lag.items():
            lag.add_metric([name], events)
        yield lag
        yield from _operations(found)
        yield from _inbox(found, came)


def _inbox(found: Operations, came: Iterable[Any]) -> Iterator[Metric]:
    """Every outcome of every provider that tells us anything, with 0 where there is none."""
    total = CounterMetricFamily(
        "sendtrail_inbound",
        "What providers told us, by what became of it",
        labels=["gateway", "outcome"],
    )
    counts = dict.fromkeys(product(PARSERS, inbox.OUTCOMES), 0)
    counts.update({(row.gateway, row.outcome): row.count for row in came})
    for labels, count in counts.items():
        total.add_metric(labels, count)
    yield total
    yield GaugeMetricFamily(
        "sendtrail_inbound_waiting",
        "What providers told us and the receiver has not recorded yet",
        value=found.waiting.items,
    )
    yield GaugeMetricFamily(
        "sendtrail_inbound_oldest_seconds",
        "For how long the oldest of these has been due",
        value=found.waiting.seconds(found.now),
    )
    yield GaugeMetricFamily(
        "sendtrail_unattributed_replies",
        "Replies of the last 30 days of people whom nobody knows",
        value=found.unattributed,
    )


def _operations(found: Operations) -> Iterator[Metric]:
    """Every kind is there, with 0 where there is nothing, so that alerts have something to see."""
    yield _gauge(
        "sendtrail_quarantine",
        "What was put aside, by kind",
        "kind",
        {**dict.fromkeys(KINDS, 0), **found.quarantined},
    )
    alive = [process for process in found.processes if process.alive]
    yield _gauge(
        "sendtrail_runner_processes",
        "Processes that run runners",
        "state",
        {"alive": len(alive), "silent": len(found.processes) - len(alive)},
    )
    failing = {name: 0 for process in alive for name in process.states}
    for process in alive:
        for name in process.failing:
            failing[name] += 1
    yield _gauge(
        "sendtrail_runner_failing", "Processes in which a runner fails now", "runner", failing
    )
    yield _gauge(
        "sendtrail_incidents",
        f"Incidents that processes noticed in the last {incidents.RECENT.days} days",
        "kind",
        {**dict.fromkeys(incidents.KINDS, 0), **Counter(row.kind for row in found.incidents)},
    )


def _gauge(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for value, count in values.items():
        gauge.add_metric([value], count)
    return gauge


def _exposition(container: Container | None) -> bytes:
    """With a folder of measurements, those of every process that writes there; else this
    process's own."""
    registry = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    if container is not None:
        registry.register(ReadModelCollector(container))
    measured = b"" if os.environ.get(FOLDER) else generate_latest(REGISTRY)
    return generate_latest(registry) + measured
