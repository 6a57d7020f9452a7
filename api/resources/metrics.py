"""/metrics: what the tables say now, and what processes measured, for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterator

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from api.http.context import EXTENSION
from projections.config.metrics import FOLDER
from projections.container import Container
from projections.queries import reports
from projections.queries.log_position import log_position

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
