"""Blue and green: rebuilt tables take the place of live ones while everybody goes on working."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread
from time import monotonic

from projections.config.settings import Settings
from projections.container import Container, utc_now
from runners.sending.worker import Broadcaster
from tests.projections.rebuild.live_tables import (
    TABLES,
    VIEW,
    differences,
    identities,
    replaced,
)
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.when import Phones


class Worker:
    """A thread that does ``work`` again and again and keeps when each time began and ended."""

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
        """Waits until it has worked so many times from now on, or failed."""
        enough = len(self.times) + rounds
        then.soon(lambda: self.error or len(self.times) >= enough, 60)

    def ends(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def longest(self, since: float, until: float) -> float:
        """Seconds, of what it did at any time between these."""
        return max(end - began for began, end in self.times if end >= since and began <= until)


@contextmanager
def working(*works: Callable[[int], object]) -> Iterator[list[Worker]]:
    """All of them at once, until the block ends."""
    workers = [Worker(work) for work in works]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.ends()


def leads_from(container: Container, first: int) -> Callable[[int], object]:
    """Registers somebody new each time and changes at once what it has just written."""

    def work(number: int) -> None:
        lead = given.lead(
            container, first + number, ["COLD"] if number % 5 == 0 else [], niche=["B2"]
        )
        container.outreach.add_trigger(lead, "VIP", actor="api:sales")
        if number % 3 == 0:
            container.outreach.opt_out(lead, "STOP", actor="api:sales")

    return work


def campaigns(container: Container) -> Callable[[int], object]:
    """One after the other for the same few people, and enrollments of those who came meanwhile."""

    def work(number: int) -> None:
        given.campaign(container, name=f"Offer {number}", niche=["B1"])
        when.triggers(container)
        when.enrolls(container)

    return work


def sends(broadcaster: Broadcaster) -> Callable[[int], object]:
    return lambda _: when.looks(broadcaster)


def reads(container: Container) -> Callable[[int], object]:
    """A report by the view that goes with the tables."""
    return lambda _: then.count(container.database, VIEW)


def test_swaps_under_full_load(database_url: str) -> None:
    """Three writers, a broadcaster and a reader: nobody fails, nothing is lost or doubled, and
    nothing waits for two seconds longer than it does without."""
    with Container(
        Settings(database_url=database_url, secret_key=SECRET_KEY), utc_now
    ) as container:
        given.device(container)
        given.many_leads(container, 5, niche=["B1"])
        given.sequence(container, "COLD", ["One", "Two"], first_delay_minutes=0)
        phones, started = Phones(utc_now), monotonic()
        with working(
            leads_from(container, 1000),
            leads_from(container, 100_000),
            campaigns(container),
            sends(when.broadcaster(container, phones)),
            reads(container),
        ) as workers:
            for worker in workers:
                worker.does_more(10)
            tables, began = identities(container), monotonic()
            found = [differences(container, swap=True) for _ in range(3)]
            ended = monotonic()
            for worker in workers:
                worker.does_more()

        assert [worker.error for worker in workers] == [None] * 5
        assert found == [{}, {}, {}]
        assert replaced(container, tables) == TABLES | {VIEW}
        assert differences(container) == {}
        assert then.gaps(container) == []
        then_nothing_is_lost_or_doubled(container, workers[:2], phones)
        noise = max(worker.longest(started, began) for worker in workers)
        longest = max(worker.longest(began, ended) for worker in workers)
        print(f"the longest took {longest:.3f} s while tables were swapped, {noise:.3f} s before")
        assert longest < 2.0 + noise


def then_nothing_is_lost_or_doubled(
    container: Container, registering: list[Worker], phones: Phones
) -> None:
    """Neither a lead, nor a change of one, nor a message, nor a call of the gateway."""
    leads = [lead for lead in then.table(container, "leads") if "B2" in lead.niche]
    assert len(leads) == sum(len(worker.times) for worker in registering)
    assert {lead.triggers[-1] for lead in leads} == {"VIP"}
    opted_out = sum(lead.opted_out_at is not None for lead in leads)
    assert opted_out == sum(len(worker.times) // 3 for worker in registering)
    scheduled = then.events(container, "message.scheduled")
    assert then.count(container.database, "broadcast_messages") == len(scheduled)
    called = [outgoing.message_id for outgoing in phones.sent]
    assert len(called) == len(set(called)) == then.statuses(container)["sent"]
