"""A rebuild of events that this version would not have written."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain import lead
from domain.errors import StorageError
from projections.container import Container
from projections.queries import pages
from projections.rebuild.rebuild import rebuild
from tests.support import given, then

FORGED = {
    "no text": b"\xff",
    "no JSON": b"{",
    "no lead": b"{}",
    "a text that PostgreSQL cannot hold": b'{"originator_id":'
    b' "00000000-0000-0000-0000-000000000001", "phone": "+6012\\u0000", "triggers": [],'
    b' "profile": {}}',
    "a text for a number": b'{"originator_version": "one", "phone": "", "profile": {}}',
}


@pytest.mark.parametrize("state", FORGED.values(), ids=list(FORGED))
def test_an_event_that_nobody_wrote_ends_the_rebuild(container: Container, state: bytes) -> None:
    """Whether reading or projecting finds it; nothing is said of who it is about."""
    given.lead(container, 1)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES ('00000000-0000-0000-0000-000000000001', 1, 'lead.registered', %(state)s)",
            {"state": state},
        )

    with pytest.raises(StorageError, match=r"one of the events 1 to \d+ is not what") as caught:
        rebuild(container.database, swap=True)

    assert "60120000001" not in str(caught.value)
    assert then.count(container.database, "leads") == 1


def test_two_leads_with_one_phone_are_kept_and_shown_as_one_person(container: Container) -> None:
    """An earlier version knew the two spellings of a Brazilian number as two. No index refuses
    the second any more: a person has to say whether they are one."""
    first = given.lead(container)
    second = UUID(int=1)
    registered = lead.register(
        second, given.phone(1), [], lead.profile(), now=container.outreach.clock(), actor="api:x"
    )
    with container.database.transaction() as connection:
        container.outreach.record(connection, [registered])

    assert not any(rebuild(container.database, swap=True).values())

    with container.database.transaction() as connection:
        assert pages.one(connection, "lead", first).same_person_as == [second]
        assert pages.one(connection, "lead", second).same_person_as == [first]
