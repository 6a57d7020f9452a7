"""Metrics: what the tables say now, and what processes measured."""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from projections.config.metrics import FOLDER
from projections.container import Container
from projections.database.engine import rows
from projections.queries import reports

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Tables:
    """Asks the read models at each scrape; nothing if they do not answer."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def collect(self) -> Iterator[Metric]:
        try:
            with self.container.database.transaction() as connection:
                overview = reports.overview(connection)
                last = rows(
                    connection, "SELECT coalesce(max(notification_id), 0) FROM stored_events"
                )[0][0]
                tracked = rows(connection, "SELECT application_name, notification_id FROM tracking")
        except SQLAlchemyError:
            return
        depth = GaugeMetricFamily(
            "sendtrail_messages", "Messages by their present status", labels=["status"]
        )
        for status, count in overview.messages.items():
            depth.add_metric([status], count)
        yield depth
        devices = GaugeMetricFamily("sendtrail_devices", "Devices by status", labels=["status"])
        for status, count in overview.devices.items():
            devices.add_metric([status], count)
        yield devices
        yield CounterMetricFamily("sendtrail_events", "Events in the log", value=last)
        lag = GaugeMetricFamily(
            "sendtrail_lag_events", "Events that a reader of the log is behind", labels=["reader"]
        )
        for name, position in tracked:
            lag.add_metric([name], last - position)
        yield lag


def exposition(container: Container | None) -> bytes:
    """In Prometheus' text format."""
    registry = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    if container is not None:
        registry.register(Tables(container))
    measured = b"" if os.environ.get(FOLDER) else generate_latest(REGISTRY)
    return generate_latest(registry) + measured
