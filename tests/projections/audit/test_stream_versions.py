"""A stream whose versions do not rise by one is named, though the notary chained it as it was."""

from __future__ import annotations

from uuid import UUID

import pytest

from projections.audit.stream_versions import first_irregular
from projections.container import Container
from projections.database.engine import rows
from runners.support.clocks import SimulatedClock
from tests.projections.audit.chain import extend, somebody_does, verdict
from tests.support import given
from tests.support.mixed import mixed_history

ONE_BIT = "UPDATE stored_events SET state = set_byte(state, 40, get_byte(state, 40) # 1)"
# Events 6 and 8 with each other's versions; each version is there once at every moment.
TURNED = (
    "UPDATE stored_events SET originator_version = 99 WHERE notification_id = 6",
    "UPDATE stored_events SET originator_version = 3 WHERE notification_id = 8",
    "UPDATE stored_events SET originator_version = 4 WHERE notification_id = 6",
)


def given_two_streams(container: Container) -> tuple[UUID, UUID]:
    """Two leads of four events each: the first has the ids 1, 3, 5, 7 and the second 2, 4, 6, 8."""
    first, second = given.many_leads(container, 2)
    for trigger in ("WARM", "HOT", "VIP"):
        for lead in (first, second):
            container.outreach.add_trigger(lead, trigger, actor="api:sales")
    return first, second


TAMPERED = {
    "a gap": (
        ("DELETE FROM stored_events WHERE notification_id = 4",),
        "event 6 (lead.triggered, version 3 of {1}) is out of order: expected version 2",
    ),
    "a stream that lost its beginning": (
        ("DELETE FROM stored_events WHERE notification_id = 2",),
        "event 4 (lead.triggered, version 2 of {1}) is out of order: expected version 1",
    ),
    "a jump at the end": (
        ("UPDATE stored_events SET originator_version = 5 WHERE notification_id = 8",),
        "event 8 (lead.triggered, version 5 of {1}) is out of order: expected version 4",
    ),
    "two in each other's places": (
        TURNED,
        "event 6 (lead.triggered, version 4 of {1}) is out of order: expected version 3",
    ),
    "a stream that begins with 0": (
        ("UPDATE stored_events SET originator_version = 0 WHERE notification_id = 1",),
        "event 1 (lead.registered, version 0 of {0}) is out of order: expected version 1",
    ),
    "two streams": (
        ("DELETE FROM stored_events WHERE notification_id IN (3, 4)",),
        "event 5 (lead.triggered, version 3 of {0}) is out of order: expected version 2",
    ),
}


@pytest.mark.parametrize(("statements", "fault"), TAMPERED.values(), ids=list(TAMPERED))
def test_the_first_event_at_fault_is_named(
    container: Container, statements: tuple[str, ...], fault: str
) -> None:
    """The chain is made over the log as it is then, and finds nothing."""
    leads = given_two_streams(container)
    somebody_does(container, *statements)

    extend(container)

    found = verdict(container)
    assert found.fault == fault.format(*leads)
    assert (found.unchained, found.position) == (0, 8)


def test_what_is_not_in_the_chain_yet_counts_too(container: Container) -> None:
    """A database that went back is appended to before the notary comes by."""
    _, second = given_two_streams(container)
    somebody_does(container, "DELETE FROM stored_events WHERE notification_id = 6")

    found = verdict(container)

    assert found.fault == (
        f"event 8 (lead.triggered, version 4 of {second}) is out of order: expected version 3"
    )
    assert (found.events, found.unchained) == (0, 7)


def test_what_the_chain_finds_is_said_first(container: Container) -> None:
    """An event that was altered, though a gap is before it."""
    first, _ = given_two_streams(container)
    somebody_does(container, "DELETE FROM stored_events WHERE notification_id = 4")
    extend(container)

    somebody_does(container, f"{ONE_BIT} WHERE notification_id = 7")

    altered = f"event 7 (lead.triggered, version 4 of {first}) was altered"
    assert verdict(container).fault == altered


def test_nothing_is_wrong_with_what_sendtrail_writes(
    container: Container, clock: SimulatedClock
) -> None:
    """Batches of several events of one message, conflicts, transactions that were rolled back."""
    mixed_history(container, clock)
    extend(container)

    assert verdict(container).fault is None


def test_the_statements_after_it_are_planned_as_before(container: Container) -> None:
    """Its settings end with it, in the same transaction."""
    given_two_streams(container)
    names = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_indexscan")
    with container.database.transaction() as connection:
        assert first_irregular(connection) is None
        settings = [rows(connection, f"SHOW {name}")[0][0] for name in names]

    assert settings == ["off", "off", "off", "on"]
