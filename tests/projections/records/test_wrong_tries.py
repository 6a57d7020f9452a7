"""Wrong tries are counted by client, for all processes, in a table that cannot grow without end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from projections.database.engine import Database, rows
from projections.records import wrong_tries
from runners.support.clocks import SimulatedClock
from tests.support import when

GUESSER = "192.0.2.7"


def tries(
    database: Database, now: datetime, times: int, client: str = GUESSER, subject: str = "key"
) -> list[float | None]:
    """The seconds to wait after each try, None where there are none."""
    waits = []
    for _ in range(times):
        with database.transaction() as connection:
            wait = wrong_tries.count(connection, subject, client, now)
        waits.append(None if wait is None else wait.total_seconds())
    return waits


def stored(database: Database, statement: str) -> list[Any]:
    with database.transaction() as connection:
        return rows(connection, statement)


def test_twenty_within_a_minute_are_let_pass(database: Database, clock: SimulatedClock) -> None:
    """The minute begins with the first of them, and a new one with the first after it."""
    first = tries(database, clock(), 12)
    clock.advance(seconds=29.5)
    second = tries(database, clock(), 10)
    clock.advance(seconds=30)
    third = tries(database, clock(), 1)
    clock.advance(seconds=0.5)
    fourth = tries(database, clock(), 21)

    assert first == [None] * 12
    assert second == [None] * 8 + [30.5] * 2
    assert third == [0.5]
    assert fourth == [None] * 20 + [60.0]


def test_each_client_and_each_subject_has_a_count_of_its_own(
    database: Database, clock: SimulatedClock
) -> None:
    tries(database, clock(), 20)

    assert tries(database, clock(), 1) == [60.0]
    assert tries(database, clock(), 1, client="192.0.2.8") == [None]
    assert tries(database, clock(), 1, subject="webhook 1") == [None]


def test_who_has_to_wait_costs_no_writing(database: Database, clock: SimulatedClock) -> None:
    """A thousand guesses write no more than twenty."""
    tries(database, clock(), 20)
    (before,) = stored(database, "SELECT *, xmin, ctid FROM wrong_tries")

    waits = tries(database, clock(), 1000)

    assert waits == [60.0] * 1000
    assert stored(database, "SELECT *, xmin, ctid FROM wrong_tries") == [before]
    assert before.tries == 20


def test_tries_that_come_together_are_all_counted(
    database: Database, clock: SimulatedClock
) -> None:
    """Eight threads are let pass no more than twenty times together."""
    found = when.at_once(*[lambda: tries(database, clock(), 10)] * 8)

    waits = [wait for each in found for wait in each]
    assert (waits.count(None), waits.count(60.0)) == (20, 60)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_was_wrong_makes_nobody_wait(
    database: Database, clock: SimulatedClock, hours: int
) -> None:
    """One machine's clock was an hour off when it counted."""
    tries(database, clock() + timedelta(hours=hours), 30)

    assert tries(database, clock(), 21) == [None] * 20 + [60.0]


def test_no_flood_of_addresses_makes_the_table_grow(
    database: Database, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each from a network of its own, of which one customer of a provider has 65,536."""
    monkeypatch.setattr(wrong_tries, "BUCKETS", 16)

    for number in range(500):
        tries(database, clock(), 1, client=f"2001:db8:{number:x}::/64")

    assert stored(database, "SELECT count(*), min(bucket), max(bucket) FROM wrong_tries") == [
        (16, 0, 15)
    ]


def test_the_table_has_room_for_its_buckets_and_no_more(database: Database) -> None:
    """And no client is in it, nor in what the server writes for archives and standbys."""
    found = stored(
        database,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'wrong_tries'::regclass AND attnum > 0",
    )
    (bound,) = stored(
        database,
        "SELECT relpersistence, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " JOIN pg_class t ON t.oid = conrelid WHERE relname = 'wrong_tries' AND contype = 'c'",
    )

    assert [row.attname for row in found] == ["bucket", "since", "tries"]
    assert tuple(bound) == ("u", "CHECK (((bucket >= 0) AND (bucket <= 65535)))")
    assert wrong_tries.BUCKETS == 65_536
