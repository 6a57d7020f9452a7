"""Whoever touches the log or the links of the hash chain is found out, and the event is named."""

from __future__ import annotations

import pytest

from projections.container import Container
from tests.projections.audit.chain import chained_ids, extend, given_events, somebody_does, verdict

pytestmark = pytest.mark.usefixtures("small_pages")


NAME = "event {0} (lead.registered, version 1 of {1})"


ONE_BIT = "UPDATE stored_events SET state = set_byte(state, 40, get_byte(state, 40) # 1)"


TAMPERED = {
    "a bit": (f"{ONE_BIT} WHERE notification_id = 5", f"{NAME} was altered"),
    "topic": (
        "UPDATE stored_events SET topic = 'lead.updated' WHERE notification_id = 5",
        "event 5 (lead.updated, version 1 of {1}) was altered",
    ),
    "version": (
        "UPDATE stored_events SET originator_version = 2 WHERE notification_id = 5",
        "event 5 (lead.registered, version 2 of {1}) was altered",
    ),
    "deleted": ("DELETE FROM stored_events WHERE notification_id = 5", "event 5 is missing"),
    "all deleted": ("DELETE FROM stored_events", "event 1 is missing"),
}


@pytest.mark.parametrize(("statement", "fault"), TAMPERED.values(), ids=list(TAMPERED))
def test_an_event_that_was_touched_is_named(
    container: Container, statement: str, fault: str
) -> None:
    """One bit of one old event is enough."""
    leads = given_events(container)
    extend(container)

    somebody_does(container, statement)

    assert verdict(container).fault == fault.format(5, leads[4])


def test_the_first_of_several_is_named(container: Container) -> None:
    """Where one was altered and another is missing."""
    leads = given_events(container)
    extend(container)

    somebody_does(
        container,
        f"{ONE_BIT} WHERE notification_id = 8",
        "DELETE FROM stored_events WHERE notification_id = 9",
    )

    assert verdict(container).fault == f"{NAME.format(8, leads[7])} was altered"


def test_events_that_changed_places_are_named(container: Container) -> None:
    """Each as it was, in the other's place."""
    leads = given_events(container)
    extend(container)

    somebody_does(
        container,
        "CREATE TEMP TABLE two ON COMMIT DROP AS"
        " SELECT * FROM stored_events WHERE notification_id IN (4, 5)",
        "DELETE FROM stored_events WHERE notification_id IN (4, 5)",
        "INSERT INTO stored_events OVERRIDING SYSTEM VALUE SELECT 9 - notification_id,"
        " originator_id, originator_version, topic, state FROM two",
    )

    assert verdict(container).fault == f"{NAME.format(4, leads[4])} was altered"


@pytest.mark.parametrize("number", [5, 0, -7, -(2**63)])
def test_an_event_that_was_inserted_is_named(container: Container, number: int) -> None:
    """Into a gap, such as a transaction leaves that was rolled back; or before the first event,
    where nobody looks who reads from there."""
    given_events(container, 4)
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "SELECT nextval(pg_get_serial_sequence('stored_events', 'notification_id'))"
        )
    (lead, *_) = given_events(container, 4, first=11)
    extend(container)
    assert chained_ids(container) == [1, 2, 3, 4, 6, 7, 8, 9]
    assert verdict(container).fault is None

    somebody_does(
        container,
        "INSERT INTO stored_events OVERRIDING SYSTEM VALUE"
        f" SELECT {number}, originator_id, 2, topic, state"
        " FROM stored_events WHERE notification_id = 6",
    )

    forged = f"event {number} (lead.registered, version 2 of {lead})"
    assert verdict(container).fault == f"{forged} was inserted"


LINKS = {
    "digest": (
        "UPDATE hash_chain_links SET digest = sha256('forged') WHERE last_id = 6",
        "the link of events 4 to 6 was altered",
    ),
    "leaves": (
        "UPDATE hash_chain_links SET leaves = set_byte(leaves, 8, get_byte(leaves, 8) # 1)"
        " WHERE last_id = 6",
        f"{NAME} was altered",
    ),
    "ids": (
        "UPDATE hash_chain_links SET ids = '{4,5,7}' WHERE last_id = 6",
        "event 6 (lead.registered, version 1 of {2}) was inserted",
    ),
    "no ids": (
        "UPDATE hash_chain_links SET ids = '{NULL}' WHERE last_id = 6",
        "event 4 (lead.registered, version 1 of {4}) was inserted",
    ),
    "shorter": ("UPDATE hash_chain_links SET last_id = 5 WHERE last_id = 6", "event 6 is missing"),
    "first deleted": (
        "DELETE FROM hash_chain_links WHERE last_id = 3",
        "event 1 (lead.registered, version 1 of {3}) was inserted, or its link was deleted",
    ),
    "last deleted": (
        "DELETE FROM hash_chain_links WHERE last_id = 9",
        "the links after event 6 are missing",
    ),
    "all deleted": ("DELETE FROM hash_chain_links", "the links after event 0 are missing"),
}


@pytest.mark.parametrize(("statement", "fault"), LINKS.values(), ids=list(LINKS))
def test_a_seal_that_was_touched_is_named(container: Container, statement: str, fault: str) -> None:
    """Or the event of which it does not tell the truth any more."""
    leads = given_events(container)
    extend(container)

    somebody_does(container, statement)

    assert verdict(container).fault == fault.format(5, leads[4], leads[5], leads[0], leads[3])


def test_seals_that_were_deleted_are_missed_also_after_the_next_ones(container: Container) -> None:
    """The notary does not begin anew without a word."""
    leads = given_events(container)
    extend(container)
    somebody_does(container, "DELETE FROM hash_chain_links")
    given_events(container, 3, first=101)
    extend(container)

    first = NAME.format(1, leads[0])
    assert verdict(container).fault == f"{first} was inserted, or its link was deleted"
