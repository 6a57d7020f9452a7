"""Answers that come late: the database is away, or somebody else settled the message before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from projections.container import Container
from runners.gateways.protocol import (
    Accepted,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.sending.worker import Broadcaster
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

AWAY = OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))


def test_outcomes_are_kept_while_the_database_is_away(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that a gateway said is lost, and nothing is sent twice because of it."""
    given.due_messages(container, 3)
    phones = Phones(clock, Accepted("wamid.1"), Rejected("131026", "no"), Accepted("wamid.3"))
    broadcaster = when.broadcaster(container, phones)
    when.claims(broadcaster)
    run, calls = container.database.run, []

    def away_for_the_outcomes(name: str, work: Any) -> Any:
        calls.append(name)
        if len(calls) == 2:
            raise AWAY
        return run(name, work)

    with monkeypatch.context() as patched:
        patched.setattr(container.database, "run", away_for_the_outcomes)
        with pytest.raises(OperationalError):
            when.hands_over(broadcaster)
    assert then.statuses(container) == {"queued": 3}
    assert len(broadcaster.outcomes) == 3

    when.looks(broadcaster)
    assert then.statuses(container) == {"sent": 2, "failed": 1}
    assert len(phones.sent) == 3
    assert broadcaster.outcomes == []


def test_claims_are_kept_while_the_database_is_away(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that stops just then tries again to give them up, instead of leaving them to wait
    for the end of their lease."""
    given.due_messages(container, 2, pace=(4, 4))
    broadcaster = when.broadcaster(container, Phones(clock))
    assert when.claims(broadcaster) == 2

    def away(name: str, work: Any) -> Any:
        raise AWAY

    with monkeypatch.context() as patched:
        patched.setattr(container.database, "run", away)
        with pytest.raises(OperationalError):
            broadcaster.release()

    assert broadcaster.release() == 2
    assert then.statuses(container) == {"pending": 2}


def test_an_answer_that_comes_after_it_was_given_up_settles_it(
    container: Container, clock: SimulatedClock
) -> None:
    """The reaper lost patience; then the gateway said that it had accepted."""
    given.due_messages(container)
    broadcaster, (outgoing,) = handed_over(container, clock)
    clock.advance(minutes=5)
    when.reaps(container)
    assert then.statuses(container) == {"unknown": 1}

    broadcaster.record([(outgoing, Accepted("wamid.1"))])

    message = then.message(container)
    assert (message.status, message.provider_id) == ("sent", "wamid.1")


@pytest.mark.parametrize(
    ("late", "status"),
    [(Unknown("timed out"), "unknown"), (Throttled(1), "pending"), (Unreachable("no"), "pending")],
)
def test_an_answer_that_comes_late_and_is_no_acceptance(
    container: Container, clock: SimulatedClock, late: Outcome, status: str
) -> None:
    """The database was away for longer than the gateway's time-out, and the reaper of another
    machine was back before this worker."""
    given.due_messages(container, 2)
    broadcaster, (first, second) = handed_over(container, clock)
    clock.advance(minutes=5)
    when.reaps(container)

    broadcaster.record([(first, late), (second, Accepted("wamid.2"))])

    assert then.message(container, message_id=first.message_id).status == status
    assert then.message(container, message_id=second.message_id).status == "sent"


def test_an_answer_to_what_an_operator_settled_changes_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    """First come, first served, and the other outcomes of the moment are recorded all the same."""
    given.due_messages(container, 2)
    broadcaster, (first, second) = handed_over(container, clock)
    clock.advance(minutes=5)
    when.reaps(container)
    settled = first.message_id
    container.outreach.resolve_message(settled, "failed", "asked the person", actor="api:sales")

    broadcaster.record([(first, Accepted("wamid.1")), (second, Accepted("wamid.2"))])

    assert then.message(container, message_id=settled).status == "failed"
    assert then.message(container, message_id=second.message_id).status == "sent"


def test_an_answer_to_what_is_to_be_sent_again_changes_nothing(
    container: Container, clock: SimulatedClock
) -> None:
    """It is pending once more when the first try's answer comes; another message's is recorded."""
    given.due_messages(container, 2)
    broadcaster, (first, second) = handed_over(container, clock)
    clock.advance(minutes=5)
    when.reaps(container)
    container.outreach.resolve_message(
        first.message_id, "retried", "nothing arrived", actor="api:sales"
    )

    broadcaster.record([(first, Accepted("wamid.1")), (second, Accepted("wamid.2"))])

    assert then.message(container, message_id=first.message_id).status == "pending"
    assert then.message(container, message_id=second.message_id).status == "sent"


@pytest.mark.parametrize("again", ["processing", "queued", "unknown"])
@pytest.mark.parametrize("late", [Accepted("wamid.1"), Rejected("131026", "no")])
def test_an_answer_to_the_first_try_says_nothing_of_the_second(
    container: Container, clock: SimulatedClock, again: str, late: Outcome
) -> None:
    """An operator wanted it sent again, and another worker does so; then the first worker hears of
    its own call. Who believed it would send a third time, or not know the second one's id."""
    given.due_messages(container)
    first_worker, (first,) = handed_over(container, clock)
    clock.advance(minutes=5)
    when.reaps(container)
    container.outreach.resolve_message(
        first.message_id, "retried", "nothing arrived", actor="api:sales"
    )
    second_worker = when.broadcaster(container, Phones(clock), "second")
    when.claims(second_worker)
    if again != "processing":
        ((_, second),) = when.dispatches(second_worker).outgoing
    if again == "unknown":
        clock.advance(minutes=5)
        when.reaps(container)

    first_worker.record([(first, late)])

    assert then.message(container).status == again
    if again == "queued":
        second_worker.record([(second, Accepted("wamid.2"))])
        message = then.message(container)
        assert (message.status, message.provider_id) == ("sent", "wamid.2")


def handed_over(container: Container, clock: SimulatedClock) -> tuple[Broadcaster, list[Outgoing]]:
    """A worker that has handed over all that is due, and has no answer yet."""
    broadcaster = when.broadcaster(container, Phones(clock))
    when.claims(broadcaster)
    return broadcaster, [outgoing for _, outgoing in when.dispatches(broadcaster).outgoing]
