"""What the reaper finds in the queue: messages that nobody wants, and what a worker left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Connection

from domain.message import Message
from domain.windows import Window
from projections.container import Container
from projections.database.engine import uuids
from projections.queue import sweep
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

SALES = "api:sales"
T = TypeVar("T")


def found(container: Container, ask: Callable[[Connection], T]) -> T:
    with container.database.transaction() as connection:
        return ask(connection)


def unwanted(container: Container, limit: int = 100) -> list[tuple[UUID, str]]:
    messages = found(container, lambda connection: sweep.unwanted(connection, limit))
    return sorted((message.id, reason) for message, reason in messages)


def ids(messages: list[Message]) -> list[UUID]:
    return sorted(message.id for message in messages)


def of(container: Container, **where: Any) -> list[UUID]:
    """The ids of the messages with these column values."""
    return sorted(message.message_id for message in then.messages(container, **where))


@contextmanager
def somebody_holds(container: Container, message_id: UUID) -> Iterator[None]:
    """Another transaction has locked that message."""
    with container.database.engine.begin() as another:
        another.exec_driver_sql(
            "SELECT FROM broadcast_messages WHERE message_id = ANY(%(ids)s::uuid[]) FOR UPDATE",
            {"ids": uuids([message_id])},
        )
        yield


# Unwanted


def test_what_is_pending_of_a_cancelled_campaign_is_unwanted(container: Container) -> None:
    """What a worker has claimed already is its worker's, and other campaigns go on."""
    given.device(container, pace=(60, 60))
    given.many_leads(container, 3)
    cancelled = given.campaign(container, name="Cancelled")
    when.triggers(container)
    assert when.claims(when.broadcaster(container, Phones(container.outreach.clock))) == 1
    given.campaign(container, name="Another")
    when.triggers(container)
    assert unwanted(container) == []

    container.outreach.cancel_campaign(cancelled, actor=SALES)

    pending = of(container, campaign_id=cancelled, status="pending")
    assert len(pending) == 2
    assert unwanted(container) == [(message_id, "campaign_cancelled") for message_id in pending]


def test_what_is_pending_of_a_stopped_sequence_is_unwanted(container: Container) -> None:
    """But not what a sequence that was only deactivated has begun."""
    given.device(container)
    stopped = given.journey(container, "One", "Two", number=1)
    deactivated = given.journey(container, "One", "Two", number=2)

    container.outreach.deactivate_sequence(stopped, cancel_pending=True, actor=SALES)
    container.outreach.deactivate_sequence(deactivated, cancel_pending=False, actor=SALES)

    pending = of(container, sequence_id=stopped)
    assert len(pending) == 2
    assert unwanted(container) == [(message_id, "sequence_cancelled") for message_id in pending]


def test_no_more_is_taken_at_once_than_was_asked_for_nor_what_somebody_holds(
    container: Container,
) -> None:
    """Two reapers share the work and do not wait for each other."""
    given.device(container)
    given.many_leads(container, 3)
    campaign = given.campaign(container)
    when.triggers(container)
    container.outreach.cancel_campaign(campaign, actor=SALES)
    first, *others = of(container)

    assert len(unwanted(container, limit=2)) == 2
    with somebody_holds(container, first):
        assert [message_id for message_id, _ in unwanted(container)] == others


# Expired


@pytest.mark.parametrize("held", ["offline", "paused", "tomorrow", "nothing"])
def test_what_is_past_its_time_has_expired(
    container: Container, clock: SimulatedClock, held: str
) -> None:
    """Whatever holds it."""
    device = given.device(container)
    given.lead(container)
    window = Window(start="06:00", end="07:00")
    windows = (window,) if held == "tomorrow" else ()
    campaign = given.campaign(container, expires_after_hours=1, windows=windows)
    given.campaign(container, name="Any time")
    when.triggers(container)
    if held == "offline":
        container.outreach.disconnect_device(device, "logged out", actor=SALES)
    elif held == "paused":
        container.outreach.pause_campaign(campaign, actor=SALES)
    elif held == "tomorrow":
        when.claims(when.broadcaster(container, Phones(clock)))
    message = then.message(container, campaign_id=campaign)

    def expired(now: datetime) -> list[UUID]:
        return ids(found(container, lambda connection: sweep.expired(connection, now, 10)))

    assert message.status == "pending"
    assert expired(clock() + timedelta(minutes=59, seconds=59)) == []
    assert expired(clock() + timedelta(hours=1)) == [message.message_id]


# What a worker left


@pytest.fixture
def abandoned(container: Container, clock: SimulatedClock) -> Callable[..., list[UUID]]:
    """What is abandoned now, where no answer is awaited for longer than ``patience`` seconds."""

    def ask(patience: float = 0.0, limit: int = 10) -> list[UUID]:
        now, before = clock(), clock() - timedelta(seconds=patience)
        farthest = now + timedelta(days=1)
        return ids(found(container, lambda c: sweep.abandoned(c, now, farthest, before, limit)))

    return ask


def test_a_claim_is_abandoned_when_its_lease_has_ended(
    container: Container, clock: SimulatedClock, abandoned: Callable[..., list[UUID]]
) -> None:
    given.due_messages(container, 2)
    when.claims(when.broadcaster(container, Phones(clock)))
    lease = then.messages(container)[0].lease_until

    clock.move_to(lease - timedelta(microseconds=1))
    assert abandoned() == []
    clock.move_to(lease)
    assert abandoned() == of(container)
    assert len(abandoned(limit=1)) == 1
    first, second = of(container)
    with somebody_holds(container, first):
        assert abandoned() == [second]


def test_a_dispatch_is_abandoned_when_its_answer_is_not_awaited_any_more(
    container: Container, clock: SimulatedClock, abandoned: Callable[..., list[UUID]]
) -> None:
    """The worker died between the dispatch and the answer."""
    given.due_messages(container)
    worker = when.broadcaster(container, Phones(clock))
    when.claims(worker)
    clock.advance(seconds=1)
    when.dispatches(worker)
    message = then.message(container)
    assert message.status == "queued"

    clock.move_to(message.lease_until)
    waited = (clock() - message.queued_at).total_seconds()
    assert abandoned(patience=waited + 0.001) == []
    assert abandoned(patience=waited) == [message.message_id]


def test_what_another_worker_claimed_since_is_not_abandoned(
    container: Container, clock: SimulatedClock, abandoned: Callable[..., list[UUID]]
) -> None:
    """The old lease is still on record, and has ended; the new one has not."""
    given.due_messages(container)
    first, second = (when.broadcaster(container, Phones(clock), f"worker {n}") for n in (1, 2))
    when.claims(first)
    first.release()
    clock.advance(seconds=30)
    assert when.claims(second) == 1
    old, new = then.table(container, "leases", "lease_until")
    assert old.lease_until < new.lease_until

    clock.move_to(old.lease_until)

    assert abandoned() == []


def test_a_lease_is_forgotten_when_it_has_ended_and_all_in_it_is_settled(
    container: Container, clock: SimulatedClock
) -> None:
    given.due_messages(container, 2)
    worker = when.broadcaster(container, Phones(clock))
    when.claims(worker)
    lease = then.messages(container)[0].lease_until

    def forgets(now: datetime) -> bool:
        found(container, lambda connection: sweep.forget_settled_leases(connection, now))
        return not then.table(container, "leases")

    assert not forgets(lease)  # both are claimed
    result = when.dispatches(worker)
    assert not forgets(lease)  # both wait for an answer
    when.sends(worker, result)
    assert then.statuses(container) == {"sent": 2}
    assert not forgets(lease - timedelta(microseconds=1))
    assert forgets(lease)
