"""Receipts and replies that gateways have to be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from projections.container import House
from projections.intake import inbound
from runners.gateways.protocol import Gateway


def record_reports(house: House, gateways: Mapping[str, Gateway], actor: str) -> int:
    """Asks every gateway and records what it says; returns how many reports there were."""
    now = house.outreach.clock()
    reports = [report for gateway in gateways.values() for report in gateway.collect(now)]
    if reports:
        inbound.record(house.database, house.outreach, reports, actor)
    return len(reports)
