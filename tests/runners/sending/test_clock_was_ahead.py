"""A worker whose clock was ahead: what it recorded holds no device back, and is reported once."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from projections.container import Container
from projections.database.listener import Listener
from projections.queue.wake import CHANNEL
from projections.rebuild.rebuild import rebuild
from runners.sending import loops
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

HOUR = timedelta(hours=1)


@pytest.fixture
def phones(clock: SimulatedClock) -> Phones:
    return Phones(clock)


def put_ahead(clock: SimulatedClock) -> None:
    clock.now += HOUR


def put_right(clock: SimulatedClock) -> None:
    clock.now -= HOUR


def reported(logs: list[Any]) -> list[tuple[str, str, int]]:
    return [
        (entry["what"], entry["device_id"], entry["seconds"])
        for entry in logs
        if entry["event"] == "pacing.clock_was_ahead"
    ]


def test_the_pause_holds_after_a_slot_that_does_not_count(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """Four people on one number, a pause of a minute: the first was written to an hour ahead. The
    others follow at once and a minute apart, and not all together."""
    given.due_messages(container, 4, pace=(60, 60))
    worker = when.broadcaster(container, phones)
    put_ahead(clock)
    when.looks(worker)
    put_right(clock)
    began = clock()

    with capture_logs() as logs:
        when.plays(clock, 150, worker)

    assert then.statuses(container) == {"sent": 4}
    assert [at - began for at in phones.moments] == [
        HOUR,
        timedelta(),
        timedelta(minutes=1),
        timedelta(minutes=2),
    ]
    device = str(phones.sent[0].device_id)
    assert sorted(reported(logs)) == [("dispatch", device, 3600), ("slot", device, 3600)]
    assert not any(rebuild(container.database).values())


def test_a_claim_that_waits_for_its_slot_counts_too(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """The worker died with what it claimed an hour ahead; another goes on at once."""
    given.due_messages(container, 3, pace=(2, 2))
    put_ahead(clock)
    assert when.claims(when.broadcaster(container, phones, "died")) == 3
    put_right(clock)
    began = clock()

    when.reaps(container)
    another = when.broadcaster(container, phones, "another")
    with capture_logs() as logs:
        when.plays(clock, 10, another)

    assert [at - began for at in phones.moments] == [timedelta(seconds=s) for s in (0, 2, 4)]
    assert [what for what, _, _ in reported(logs)] == ["slot"]
    assert not any(rebuild(container.database).values())


def test_every_occurrence_is_reported(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """The clock goes wrong twice: the second time is another one."""
    given.due_messages(container, 4, pace=(20, 20))
    worker = when.broadcaster(container, phones)

    occurrences = []
    for _ in range(2):
        put_ahead(clock)
        when.looks(worker)
        put_right(clock)
        with capture_logs() as logs:
            when.looks(worker)
            clock.advance(seconds=5)
            when.looks(worker)
        occurrences.append(sorted(what for what, _, _ in reported(logs)))

    assert occurrences == [["dispatch", "slot"], ["dispatch", "slot"]]
    assert then.statuses(container) == {"sent": 4}
    claimed = then.events(container, "message.claimed")
    assert [event.slot_epoch for event in claimed] == [0, 1, 1, 2]
    queued = then.events(container, "message.queued")
    assert [event.dispatch_epoch for event in queued] == [0, 1, 1, 2]


def test_clocks_that_are_a_little_apart_are_nothing_to_report(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """Two workers, one of them half a minute ahead of the other. The device keeps its pause."""
    given.due_messages(container, 6, pace=(10, 10))
    one, other = (when.broadcaster(container, phones, f"worker {n}") for n in (1, 2))
    half_a_minute = timedelta(seconds=30)

    with capture_logs() as logs:
        when.looks(one)
        for _ in range(12):
            clock.now += half_a_minute
            when.looks(other)
            clock.now -= half_a_minute
            clock.advance(seconds=5)
            when.looks(one)

    assert reported(logs) == []
    assert {event.slot_epoch for event in then.events(container, "message.claimed")} == {0}
    assert not any(rebuild(container.database).values())


def test_a_device_without_a_pause_goes_on_too(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    given.due_messages(container, 40)
    worker = when.broadcaster(container, phones)
    put_ahead(clock)
    when.looks(worker)
    put_right(clock)
    given.many_leads(container, 40, first=100, niche=["LATER"])
    given.campaign(container, niche=["LATER"])
    when.triggers(container)

    when.looks(worker)

    assert then.statuses(container) == {"sent": 80}
    assert not any(rebuild(container.database).values())


def test_what_is_claimed_now_does_not_wait_behind_what_was_claimed_ahead(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """The same worker still has it in memory when its clock is right again."""
    given.due_messages(container, 3, pace=(2, 2))
    worker = when.broadcaster(container, phones)
    put_ahead(clock)
    assert when.claims(worker) == 3
    put_right(clock)
    when.reaps(container)

    when.plays(clock, 4, worker)

    assert len(phones.sent) == 3
    put_ahead(clock)
    when.plays(clock, 60, worker)
    assert len({outgoing.message_id for outgoing in phones.sent}) == len(phones.sent) == 3


def told(container: Container, phones: Phones, answers: list[bool]) -> Broadcaster:
    """A worker that is told whether its clock is right: the last of ``answers``."""
    return Broadcaster(
        container,
        {"sandbox": phones},
        "worker",
        "runner:broadcaster:test",
        uniform=max,
        clock_is_right=lambda: answers[-1],
    )


async def answers_come(worker: Broadcaster) -> None:
    while worker.in_flight:
        await asyncio.wait(worker.in_flight)


def test_a_worker_whose_clock_is_wrong_neither_claims_nor_dispatches(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """What it has claimed and not dispatched stays where it is; then it goes on. It looks again in
    a while, and not all the time."""
    given.due_messages(container, 2)
    answers = [False]
    worker = told(container, phones, answers)

    async def story() -> None:
        with closing(Listener(container.database.url, CHANNEL)) as listener:
            steps = loops.Steps(worker, listener)
            assert await steps.claim() == 5.0
            assert then.statuses(container) == {"pending": 2}
            worker.accept_claim(worker.claim(worker.claim_request(at_once=False)))

            assert await steps.dispatch() == 5.0
            assert then.statuses(container) == {"processing": 2}

            answers.append(True)
            await steps.dispatch()
            assert then.statuses(container) == {"queued": 2}
            await answers_come(worker)
            # What is on its way is recorded whatever the clock says.
            answers.append(False)
            await steps.record()

    asyncio.run(story())

    assert then.statuses(container) == {"sent": 2}


def test_a_worker_that_looks_once_does_not_look_with_a_wrong_clock(
    container: Container, phones: Phones
) -> None:
    given.due_messages(container, 2)
    assert asyncio.run(loops.play_out(told(container, phones, [False]))) == 0
    assert then.statuses(container) == {"pending": 2}
    assert asyncio.run(loops.play_out(told(container, phones, [True]))) == 2


def test_the_next_look_does_not_wait_until_the_clock_was_ahead(
    container: Container, clock: SimulatedClock, phones: Phones
) -> None:
    """It was planned an hour ahead. Nothing else would wake the worker."""
    given.device(container)
    given.journey(container)
    worker = when.broadcaster(container, phones)

    async def story() -> None:
        with closing(Listener(container.database.url, CHANNEL)) as listener:
            steps = loops.Steps(worker, listener)
            await steps.claim()
            clock.advance(minutes=5)  # the first step is due
            worker.next_claim_at = clock() + HOUR
            assert await steps.claim() == 5.0
            await answers_come(worker)
            await steps.record()

    asyncio.run(story())

    assert then.statuses(container) == {"sent": 1}
