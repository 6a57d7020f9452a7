"""Receipts and replies that gateways have to be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from projections.container import Container
from projections.records import inbox
from runners.gateways.protocol import Gateway


def collect_inbound(container: Container, gateways: Mapping[str, Gateway]) -> int:
    """Asks every gateway and keeps what it gives for the receiver; returns how much that was."""
    now = container.outreach.clock()
    collected = 0
    for name, gateway in gateways.items():
        items = gateway.collect(now)
        if items:
            with container.database.transaction("collect") as connection:
                inbox.put_items(connection, container.outreach.new_id(), name, items, now)
        collected += len(items)
    return collected
