"""Leads without key: whoever was erased has none and needs none; all others are counted."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from domain.event import Event
from domain.lead import events as leads
from domain.lead import profile
from projections.container import Container
from projections.database.engine import uuids
from projections.eventstore import missing_keys
from projections.readmodels.projector import changes, project
from tests.support import given
from tests.support.samples import event

AISYAH = UUID(int=1)


def counted(container: Container) -> tuple[int, int]:
    """By the read model and by the log."""
    with container.database.transaction() as connection:
        return missing_keys.by_read_model(connection), missing_keys.by_log(connection)


def lose_keys(container: Container, of: Sequence[UUID]) -> None:
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "DELETE FROM lead_keys WHERE lead_id = ANY(%(ids)s::uuid[])", {"ids": uuids(of)}
        )


def store_in_the_clear(container: Container, *events: Event) -> None:
    """As a release did that had no keys."""
    encoded = [
        (e.originator_id, e.originator_version, e.TOPIC, msgspec.json.encode(e)) for e in events
    ]
    with container.database.transaction() as connection:
        project(connection, changes(encoded)).write(connection)
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (%s, %s, %s, %s)",
            [(str(row[0]), *row[1:]) for row in encoded],
        )


def registered() -> Event:
    """AISYAH's first event; ``sealed`` is one of her attributes, and the last of them."""
    attributes = {"city": '"sealed":"x"}', "sealed": "by the notary"}
    return event(
        leads.LeadRegistered,
        1,
        of=AISYAH,
        phone="+60123",
        triggers=(),
        profile=leads.Profile(name="Aisyah", attributes=attributes),
    )


def test_whoever_lost_the_key_is_counted(container: Container) -> None:
    """However many events each has; what others have does not matter."""
    ids = given.many_leads(container, 5)
    container.outreach.update_lead(ids[0], profile(name="Siti"), actor="api:sales")
    container.outreach.opt_out(ids[1], "by letter", actor="api:sales")
    given.sequence(container)
    assert counted(container) == (0, 0)

    lose_keys(container, ids[:3])

    assert counted(container) == (3, 3)


def test_whoever_was_erased_needs_no_key(container: Container) -> None:
    """Their key went with them, and is not missed."""
    ids = given.many_leads(container, 5)
    for lead in ids[:2]:
        container.outreach.erase_lead(lead, actor="api:boss")
    assert counted(container) == (0, 0)

    lose_keys(container, ids)

    assert counted(container) == (3, 3)


def test_whose_events_are_in_the_clear_needs_no_key(container: Container) -> None:
    """Until one of them is encrypted; then that one cannot be read without."""
    store_in_the_clear(container, registered())
    assert counted(container) == (0, 0)

    container.outreach.update_lead(AISYAH, profile(name="Siti"), actor="api:sales")
    assert counted(container) == (0, 0)
    lose_keys(container, [AISYAH])

    assert counted(container) == (1, 1)


def test_who_was_erased_is_for_the_log_to_say(container: Container) -> None:
    """Somebody wrote into the table that everybody was: only the log knows better."""
    ids = given.many_leads(container, 3)
    lose_keys(container, ids)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE leads SET erased_at = registered_at")

    assert counted(container) == (0, 3)


@pytest.mark.parametrize("state", [b"{", b"\xff\x00\\", b""], ids=["no JSON", "no text", "nothing"])
def test_an_event_that_nobody_wrote_is_no_obstacle(container: Container, state: bytes) -> None:
    """It is for others to find. Here it is one that is not encrypted."""
    (lead,) = given.many_leads(container, 1)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (%(id)s, 1, 'lead.registered', %(state)s)",
            {"id": str(AISYAH), "state": state},
        )

    lose_keys(container, [lead])

    assert counted(container) == (1, 1)


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (1, "1 lead that was not erased has no key"),
        (3, "3 leads that were not erased have no key"),
    ],
)
def test_the_line_names_how_many(count: int, line: str) -> None:
    assert missing_keys.warning(count) == line
    assert missing_keys.advice(count) == (
        f"{line}: restore the table lead_keys from a backup, and rebuild nothing before"
    )
