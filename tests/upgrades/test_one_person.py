"""Two leads of an earlier version that are one person, as their canonical phone says now."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain import lead
from domain.addresses import Address
from domain.event import Event
from domain.inbound import Reply
from projections.container import Container
from projections.database.engine import rows
from projections.queries import pages
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import when

# A Brazilian mobile with its ninth digit and without it: two leads until now.
WITH_NINE, WITHOUT = "+5582999440002", "+558299440002"
ONE, OTHER = UUID(int=1), UUID(int=2)


def store(container: Container, event: Event) -> None:
    """As the earlier version did, whose read models the rebuild replaces."""
    with container.database.transaction() as connection:
        rows(
            connection,
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (%(id)s, 1, %(topic)s, %(state)s) RETURNING 1",
            id=str(event.originator_id),
            topic=event.TOPIC,
            state=msgspec.json.encode(event),
        )


def test_both_stay_and_are_shown_as_one_person(outdated: Container, clock: SimulatedClock) -> None:
    """Nobody becomes two people by the upgrade, and nobody is merged by itself. A no is of both."""
    for id_, phone in ((ONE, WITH_NINE), (OTHER, WITHOUT)):
        begun = lead.register(id_, phone, [], lead.profile(), now=clock(), actor="api:crm")
        store(outdated, begun)

    rebuild(outdated.database, swap=True)

    with Container(outdated.settings, clock) as container:
        with container.database.transaction() as connection:
            assert pages.one(connection, "lead", ONE).same_person_as == [OTHER]
            assert pages.one(connection, "lead", OTHER).same_person_as == [ONE]
        for phone in (WITH_NINE, WITHOUT):
            assert container.outreach.find_lead(phone) == ONE
        assert [container.outreach.get_lead(id_).phone for id_ in (ONE, OTHER)] == [
            WITH_NINE,
            WITHOUT,
        ]
        when.told(container, Reply((Address("wa_id", WITHOUT[1:]),), "STOP", "in.1"))
        assert container.outreach.get_lead(ONE).opted_out_at is not None
        assert container.outreach.get_lead(OTHER).opted_out_at is not None
        assert not any(rebuild(container.database).values())
