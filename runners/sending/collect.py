"""Receipts and replies that gateways have to be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from projections.container import Container
from projections.intake import inbound
from runners.gateways.protocol import Gateway


def collect_inbound(container: Container, gateways: Mapping[str, Gateway], actor: str) -> int:
    """Asks every gateway and records what it gives; returns how many receipts and replies that
    were."""
    now = container.outreach.clock()
    events = [event for gateway in gateways.values() for event in gateway.collect(now)]
    if events:
        inbound.record(container.database, container.outreach, events, actor)
    return len(events)
