"""The brake: campaigns of which too much fails, or too many opt out, hold themselves."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import campaign
from projections.container import Container
from projections.readmodels import campaigns


def apply(container: Container, actor: str) -> int:
    """Pauses those campaigns; returns how many. For whoever recorded a failure or an opt-out."""

    def work(connection: Connection) -> int:
        now = container.outreach.clock()
        events = [
            event
            for state, counted in campaigns.with_brake(connection)
            for event in campaign.brake(state, counted, now=now, actor=actor)
        ]
        container.outreach.record(connection, events)
        return len(events)

    return container.run_around("brake", "broadcaster", work)
