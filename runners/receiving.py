"""Receipts and replies that gateways have to be asked for, as events."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from domain import message
from domain.errors import NotFoundError
from domain.event import Event
from projections import queue
from projections.composition import House
from runners.gateways import Gateway, Receipt, Reply


def record_reports(house: House, gateways: Mapping[str, Gateway], actor: str) -> int:
    """Asks every gateway and records what it says; returns how many reports there were."""
    now = house.outreach.clock()
    reports = [report for gateway in gateways.values() for report in gateway.collect(now)]
    receipts = [report for report in reports if isinstance(report, Receipt)]
    if receipts:
        house.database.run(
            "report", lambda connection: _receipts(connection, house, receipts, actor)
        )
    for report in reports:
        if isinstance(report, Reply):
            _reply(house, report, actor)
    return len(reports)


def _receipts(connection: Connection, house: House, receipts: list[Receipt], actor: str) -> None:
    """In one transaction; of messages that are not ours nothing is said."""
    now = house.outreach.clock()
    states = {s.id: s for s in queue.locked(connection, {r.message_id for r in receipts})}
    events: list[Event] = []
    for receipt in receipts:
        state = states.get(receipt.message_id)
        if state is None:
            continue
        confirm = message.confirm_delivered if receipt.kind == "delivered" else message.confirm_read
        for event in confirm(state, now=now, actor=actor):
            state = message.evolve(state, event)
            events.append(event)
        states[receipt.message_id] = state
    house.outreach.record(connection, events)


def _reply(house: House, reply: Reply, actor: str) -> None:
    """A reply of somebody who is no lead changes nothing."""
    lead_id = house.outreach.lead_id(reply.phone)
    try:
        house.outreach.record_reply(lead_id, reply.text, reply.provider_id, actor=actor)
    except NotFoundError:
        return
