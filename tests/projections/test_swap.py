"""Blue and green: rebuilt tables take the place of the live ones, while everybody goes on working;
and whatever fails, the live ones stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection

from domain.errors import InvalidInputError, StorageError
from projections import rebuild as module
from projections import swapping
from projections.composition import House, utc_now
from projections.rebuild import rebuild
from projections.settings import Settings
from projections.tables import READ_MODELS
from runners.broadcaster import Broadcaster
from runners.clocks import SimulatedClock
from tests.projections.mixed import mixed_history
from tests.runners import given, then, when
from tests.runners.child import each, sendtrail
from tests.runners.when import Phones

TABLES = sorted(READ_MODELS.tables)


@pytest.fixture
def clock() -> SimulatedClock:
    """Here it begins as everywhere, and goes on as the history needs it."""
    from datetime import UTC, datetime

    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


def differences(house: House, **options: Any) -> dict[str, str]:
    found = rebuild(house.database, **options)
    return {table: difference for table, difference in found.items() if difference is not None}


def does(house: House, *statements: str) -> None:
    with house.database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def identities(house: House) -> dict[str, int]:
    """The tables as PostgreSQL knows them, whatever they are called: who they are, not what is in
    them."""
    with house.database.transaction() as connection:
        found = connection.exec_driver_sql(
            "SELECT relname, oid::bigint FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        )
        return {row.relname: row.oid for row in found}


def replaced(house: House, before: dict[str, int]) -> list[str]:
    """Which are others now."""
    now = identities(house)
    assert now.keys() == before.keys()
    return sorted(name for name in now if now[name] != before[name])


class Worker:
    """A thread that does ``work`` again and again and keeps how long each time took."""

    def __init__(self, work: Callable[[int], object]) -> None:
        self.work = work
        self.times: list[tuple[float, float]] = []
        self.error: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        try:
            for number in count(1):
                if self._stop.is_set():
                    return
                began = monotonic()
                self.work(number)
                self.times.append((began, monotonic()))
        except BaseException as error:
            self.error = error

    def does_more(self, rounds: int = 5) -> None:
        """Waits until it has worked so many times from now on."""
        enough = len(self.times) + rounds
        then.soon(lambda: self.error or len(self.times) >= enough, 60)

    def ends(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def longest(self, since: float = 0.0, until: float = float("inf")) -> float:
        return max(
            (end - began for began, end in self.times if end >= since and began <= until),
            default=0.0,
        )


@contextmanager
def working(*works: Callable[[int], object]) -> Iterator[list[Worker]]:
    workers = [Worker(work) for work in works]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.ends()


def leads_from(house: House, first: int) -> Callable[[int], object]:
    """Registers somebody new each time, and changes at once what it has just written."""

    def work(number: int) -> None:
        lead = given.lead(house, first + number, ["COLD"] if number % 5 == 0 else [], niche=["B2"])
        house.outreach.add_trigger(lead, "VIP", actor="api:sales")
        if number % 3 == 0:
            house.outreach.opt_out(lead, "STOP", actor="api:sales")

    return work


def campaigns(house: House) -> Callable[[int], object]:
    """One after the other, for the same few people, and enrollments of who came meanwhile."""

    def work(number: int) -> None:
        given.campaign(house, name=f"Offer {number}", niche=["B1"])
        when.triggers(house)
        when.enrolls(house)

    return work


def sends(house: House, broadcaster: Broadcaster) -> Callable[[int], object]:
    def work(_: int) -> None:
        when.looks(broadcaster)

    return work


def reads(house: House) -> Callable[[int], object]:
    """A report, by the view that goes with the tables."""
    return lambda _: then.table(house, "broadcast_message_report LIMIT 5", "message_id".replace(
        "message_id", "1")) if False else then.count(house.database, "broadcast_message_report")


def test_a_swap_under_full_load(database_url: str) -> None:
    """Four writers, a broadcaster and a reader, three swaps: nobody fails, nothing is lost or
    doubled, and no write waits for longer than two seconds more than it does without."""
    with House(Settings(database_url=database_url), utc_now) as house:
        given.device(house)
        given.many_leads(house, 5, niche=["B1"])
        given.sequence(house, "COLD", ["One", "Two"], first_delay_minutes=0)
        phones = Phones(utc_now)
        broadcaster = when.broadcaster(house, phones)
        with working(
            leads_from(house, 1000),
            leads_from(house, 100_000),
            campaigns(house),
            sends(house, broadcaster),
            reads(house),
        ) as workers:
            for worker in workers:
                worker.does_more(10)
            before, began = identities(house), monotonic()
            noise = max(worker.longest() for worker in workers)
            for _ in range(3):
                assert differences(house, swap=True) == {}
            ended = monotonic()
            for worker in workers:
                worker.does_more()
        longest = max(worker.longest(began, ended) for worker in workers)
        print(f"the longest write took {longest:.3f} s, before the swaps {noise:.3f} s")

        assert [worker.error for worker in workers] == [None] * 5
        assert replaced(house, before) == [*TABLES[:1], "broadcast_message_report", *TABLES[1:]]
        assert differences(house) == {}
        assert longest < 2.0 + noise
        registered = len(then.events(house, "lead.registered"))
        assert then.count(house.database, "leads") == registered
        assert registered == 5 + sum(len(worker.times) for worker in workers[:2])
        assert {tuple(lead.triggers)[-1:] for lead in then.table(house, "leads")} == {
            (),
            ("VIP",),
        }
        scheduled = len(then.events(house, "message.scheduled"))
        assert then.count(house.database, "broadcast_messages") == scheduled
        ids = [outgoing.message_id for outgoing in phones.sent]
        assert len(ids) == len(set(ids)) == then.statuses(house)["sent"]
        assert then.gaps(house) == []


def test_a_swap_replaces_every_table_and_keeps_every_row(
    house: House, clock: SimulatedClock
) -> None:
    """With indexes and checks, and the prepared statements of open connections go on."""
    mixed_history(house, clock)
    before, rows = identities(house), {name: set(map(str, then.table(house, name))) for name in
        TABLES if name != "leases"}
    with house.database.transaction() as connection:
        indexes = _shape(connection)

    assert differences(house, swap=True) == {}

    assert set(TABLES) < set(replaced(house, before))
    assert {name: set(map(str, then.table(house, name))) for name in rows} == rows
    with house.database.transaction() as connection:
        assert _shape(connection) == indexes
        assert not connection.exec_driver_sql(
            "SELECT FROM pg_namespace WHERE nspname IN ('rebuild', 'retired')"
        ).all()
    when.plays(clock, 600, when.broadcaster(house, Phones(clock)))
    assert differences(house) == {}
