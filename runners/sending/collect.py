"""Receipts and replies that gateways have to be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from projections.container import Container
from projections.intake import inbound
from runners.gateways.protocol import Gateway


def record_reports(container: Container, gateways: Mapping[str, Gateway], actor: str) -> int:
    """Asks every gateway and records what it says; returns how many reports there were."""
    now = container.outreach.clock()
    reports = [report for gateway in gateways.values() for report in gateway.collect(now)]
    if reports:
        inbound.record(container.database, container.outreach, reports, actor)
    return len(reports)
