"""What becomes of a message that was handed over: sent, failed, tried again, or unknown."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from runners.gateways.protocol import (
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Answer, Phones


def test_a_definite_no_is_a_failure_with_the_providers_code(
    container: Container, clock: SimulatedClock
) -> None:
    """And it is not tried again by itself."""
    given.due_messages(container)
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))

    when.plays(clock, 3600, when.broadcaster(container, phones))

    message = then.message(container)
    assert (message.status, message.reason) == ("failed", "131026")
    assert message.failed_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert len(phones.sent) == 1
    (failed,) = then.events(container, "message.failed")
    assert (failed.code, failed.reason) == ("131026", "not on WhatsApp")


def test_retrying_a_failed_message_really_sends_it(
    container: Container, clock: SimulatedClock
) -> None:
    """At once, and with attempts counted anew."""
    given.due_messages(container)
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))
    broadcaster = when.broadcaster(container, phones)
    when.looks(broadcaster)

    container.outreach.retry_message(then.message(container).message_id, actor="api:sales")
    clock.advance(seconds=5)
    when.looks(broadcaster)

    assert len(phones.sent) == 2
    message = then.message(container)
    assert (message.status, message.attempt, message.reason) == ("sent", 1, None)


def test_too_fast_means_later_with_growing_pauses(
    container: Container, clock: SimulatedClock
) -> None:
    """At least as long as the provider asks, else half a minute, a minute, two: with some jitter,
    so that those who failed together do not come back together."""
    given.due_messages(container)
    phones = Phones(clock, Throttled(90.0), Throttled(), Unreachable("connection refused"))

    when.plays(clock, 600, when.broadcaster(container, phones))

    first, second, third = then.events(container, "message.deferred")
    assert first.retry_at - first.timestamp == timedelta(seconds=90)
    assert timedelta(seconds=30) <= second.retry_at - second.timestamp <= timedelta(seconds=60)
    assert timedelta(seconds=60) <= third.retry_at - third.timestamp <= timedelta(seconds=120)
    assert [e.reason for e in (first, second, third)] == [
        "throttled",
        "throttled",
        "unreachable: connection refused",
    ]
    assert [outgoing.attempt for outgoing in phones.sent] == [1, 2, 3, 4]
    assert phones.moments[1:] == [e.retry_at for e in (first, second, third)]
    assert then.statuses(container) == {"sent": 1}


def test_after_the_last_attempt_it_has_failed(container: Container, clock: SimulatedClock) -> None:
    """Three hand-overs, as the setting says, and no fourth."""
    given.settings(container, max_attempts=3)
    given.due_messages(container)
    phones = Phones(clock, *[Unreachable("connection refused")] * 10)

    when.plays(clock, 3600, when.broadcaster(container, phones))

    assert len(phones.sent) == 3
    message = then.message(container)
    assert (message.status, message.reason) == ("failed", "max_attempts")
    (failed,) = then.events(container, "message.failed")
    assert failed.reason == "unreachable: connection refused, 3 times"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Unknown("an answer that nobody understands"), "an answer that nobody understands"),
        (RuntimeError("a secret of the gateway"), "the gateway failed: RuntimeError"),
        (TimeoutError(), "no answer within 30 seconds"),
    ],
)
def test_an_unknown_outcome_is_never_sent_again(
    container: Container, clock: SimulatedClock, answer: Answer, reason: str
) -> None:
    """It may have arrived. Not after minutes, not after days, not by the reaper or another worker;
    a fault of the gateway's own program counts as unknown too."""
    given.due_messages(container)
    phones = Phones(clock, answer)
    when.looks(when.broadcaster(container, phones))

    for _ in range(3):
        clock.advance(days=1)
        when.reaps(container)
        when.plays(
            clock, 60, when.broadcaster(container, phones), when.broadcaster(container, phones, "2")
        )

    assert len(phones.sent) == 1
    message = then.message(container)
    assert (message.status, message.reason) == ("unknown", reason)


@pytest.mark.parametrize(
    ("resolution", "status", "sent"),
    [("sent", "sent", 1), ("failed", "failed", 1), ("retried", "sent", 2)],
)
def test_an_operator_settles_an_unknown_outcome(
    container: Container, clock: SimulatedClock, resolution: Any, status: str, sent: int
) -> None:
    """It was sent; it was not; or: send it again, and then it really goes."""
    given.due_messages(container)
    phones = Phones(clock, Unknown("no answer"))
    broadcaster = when.broadcaster(container, phones)
    when.looks(broadcaster)

    message_id = then.message(container).message_id
    container.outreach.resolve_message(
        message_id, resolution, "asked the person", actor="api:sales"
    )
    clock.advance(seconds=5)
    when.looks(broadcaster)

    assert then.statuses(container) == {status: 1}
    assert len(phones.sent) == sent


class Hanging(Phones):
    """A gateway that never answers for one device."""

    def __init__(self, clock: SimulatedClock, device: UUID) -> None:
        super().__init__(clock)
        self.device = device

    async def send(self, outgoing: Outgoing) -> Outcome:
        outcome = await super().send(outgoing)
        if outgoing.device_id == self.device:
            await asyncio.Event().wait()
        return outcome


def test_a_gateway_that_hangs_is_given_up_and_holds_nobody_up(
    container: Container, clock: SimulatedClock
) -> None:
    """After the time-out the outcome is unknown; the other device's answer is there long before."""
    given.settings(container, gateway_timeout=0.1)
    dead, alive = given.device(container, "Dead"), given.device(container, "Alive")
    given.lead(container, 1, device_id=dead)
    given.lead(container, 2, device_id=alive)
    given.campaign(container)
    when.triggers(container)
    gateway = Hanging(clock, dead)
    broadcaster = when.broadcaster(container, gateway)
    when.claims(broadcaster)

    async def until_the_first_answer() -> dict[str, int]:
        broadcaster.accept_dispatch(when.dispatches(broadcaster))
        await asyncio.wait_for(broadcaster.wake_record.wait(), 5)
        broadcaster.record(broadcaster.take_outcomes())
        at_the_first = then.statuses(container)
        await asyncio.wait(broadcaster.in_flight)
        broadcaster.record(broadcaster.take_outcomes())
        return at_the_first

    at_the_first = asyncio.run(until_the_first_answer())

    assert at_the_first == {"queued": 1, "sent": 1}
    message = then.message(container, device_id=dead)
    assert (message.status, message.reason) == ("unknown", "no answer within 0.1 seconds")
    assert then.statuses(container, device_id=alive) == {"sent": 1}
