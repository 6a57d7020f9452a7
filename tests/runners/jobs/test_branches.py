"""Journeys that branch, through the real runners: by what the person did, one way and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.branches.table import Branch
from domain.enrollment import EnrollmentBranched
from projections.audit.why_not import why_not_sequence
from projections.container import Container
from projections.queries import waiting_summary
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import Rejected, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.branching import REPLIED, SILENT, forked
from tests.support.when import Phones

HOUR = 3600.0
# Seconds between two looks at the queue: days are played here.
SELDOM = 300.0


class Journey:
    """One person, who entered a sequence with this table."""

    def __init__(
        self, container: Container, clock: SimulatedClock, *table: Branch, **more: Any
    ) -> None:
        self.container, self.clock = container, clock
        given.settings(container, broadcast_every=SELDOM)
        given.device(container)
        self.lead = given.lead(container, triggers=["COLD"])
        self.sequence = forked(container, *table, **more)
        when.enrolls(container)
        self.phones = Phones(clock)
        self.broadcaster = when.broadcaster(container, self.phones)

    def goes_on(self, hours: float) -> list[str]:
        """The runners work for so long, hour by hour; returns all that was sent so far."""
        for _ in range(round(hours)):
            when.plays(self.clock, HOUR, self.broadcaster)
            when.reaps(self.container)
        return self.phones.texts

    @property
    def row(self) -> Any:
        """The enrollment."""
        return then.row(self.container, "enrollments", sequence_id=self.sequence)


Act = Callable[[Journey], None]


def replies(journey: Journey) -> None:
    when.replies(journey.container, journey.lead, "Yes please", "wamid.in")


def says_by_machine(journey: Journey) -> None:
    at_once = then.message(journey.container, step=1).sent_at + timedelta(seconds=1)
    when.replies(journey.container, journey.lead, "Away", "wamid.in", at=at_once)


def reads(journey: Journey) -> None:
    sent = then.message(journey.container, step=1)
    when.receipt(journey.container, sent.message_id, "read")


def nothing(journey: Journey) -> None:
    pass


@pytest.mark.parametrize(
    ("act", "table", "after", "sent"),
    [
        (replies, (REPLIED, SILENT), 6, ["Offer", "Thanks", "Last"]),
        (nothing, (REPLIED, SILENT), 47, ["Offer"]),
        (nothing, (REPLIED, SILENT), 53, ["Offer", "Reminder", "Last"]),
        (says_by_machine, (REPLIED, SILENT), 53, ["Offer", "Reminder", "Last"]),
        (reads, (Branch(when="read", within_hours=5, then=3),), 6, ["Offer", "Reminder", "Last"]),
        (nothing, (Branch(when="read", within_hours=5, then=3),), 12, ["Offer", "Thanks", "Last"]),
        (nothing, (Branch(when="not_delivered", within_hours=5),), 12, ["Offer"]),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_a_person_goes_one_way(
    container: Container,
    clock: SimulatedClock,
    act: Act,
    table: tuple[Branch, ...],
    after: int,
    sent: list[str],
) -> None:
    journey = Journey(container, clock, *table)
    journey.goes_on(1)
    act(journey)

    assert journey.goes_on(after) == sent
    statuses = {m.reason for m in then.messages(container, status="cancelled")}
    assert statuses <= {"branch_not_taken"}
    open_ = then.statuses(container).get("pending", 0)
    assert journey.row.status == ("active" if open_ else "completed")
    assert not any(rebuild(container.database).values())


def test_the_decision_says_what_it_saw_and_counts_from_then(
    container: Container, clock: SimulatedClock
) -> None:
    """It is one event, from the instant of the reply on. The rest of the journey follows it, and
    the end gives the next trigger."""
    journey = Journey(container, clock, REPLIED, SILENT)
    journey.goes_on(1)
    replied_at = clock()
    replies(journey)
    journey.goes_on(1)

    (decided,) = then.events(container, "enrollment.branched")
    assert isinstance(decided, EnrollmentBranched)
    assert (decided.step, decided.branch, decided.then) == (1, 1, 2)
    assert decided.at == replied_at
    by_step = {m.step: m for m in then.messages(container)}
    assert by_step[2].scheduled_at == replied_at + timedelta(hours=1)
    assert by_step[4].scheduled_at == replied_at + timedelta(hours=2)
    assert (by_step[3].status, by_step[3].reason) == ("cancelled", "branch_not_taken")

    journey.goes_on(3)
    assert journey.row.status == "completed"
    assert container.outreach.get_lead(journey.lead).triggers == ("WARM",)


def test_what_is_not_decided_is_held_and_says_so(
    container: Container, clock: SimulatedClock
) -> None:
    """Nothing sends it: not when it is due, not after a pause, nor by another device."""
    journey = Journey(container, clock, REPLIED, SILENT)
    journey.goes_on(1)
    container.outreach.pause_sequence(journey.sequence, actor="test")
    container.outreach.resume_sequence(journey.sequence, actor="test")

    with container.database.transaction() as connection:
        summary = waiting_summary.summary(connection, container.settings, clock())
    assert summary.by_reason == {"branch": 3}
    assert [m.due_at for m in then.messages(container, status="pending")] == [None] * 3
    assert journey.goes_on(40) == ["Offer"]


def test_what_is_decided_in_a_pause_is_held_until_it_ends(
    container: Container, clock: SimulatedClock
) -> None:
    journey = Journey(container, clock, REPLIED, SILENT)
    journey.goes_on(1)
    container.outreach.pause_sequence(journey.sequence, actor="test")
    replies(journey)

    assert journey.goes_on(5) == ["Offer"]
    assert then.message(container, step=3).status == "cancelled"
    container.outreach.resume_sequence(journey.sequence, actor="test")
    assert journey.goes_on(5) == ["Offer", "Thanks", "Last"]


def test_a_step_that_failed_was_neither_delivered_nor_answered(
    container: Container, clock: SimulatedClock
) -> None:
    """Nobody waits for an answer to it. The journey was not completed."""
    journey = Journey(container, clock, Branch(when="not_delivered", within_hours=24, then=3))
    journey.broadcaster = when.broadcaster(
        container, phones := Phones(clock, Rejected("131047", "no"))
    )
    journey.goes_on(5)

    assert phones.texts == ["Offer", "Reminder", "Last"]
    assert (journey.row.status, journey.row.reason) == ("stopped", "undeliverable")


def test_a_step_of_unknown_outcome_counts_as_sent(
    container: Container, clock: SimulatedClock
) -> None:
    """As for the distances of steps: nobody is stuck behind it."""
    journey = Journey(container, clock, SILENT)
    journey.broadcaster = when.broadcaster(container, phones := Phones(clock, Unknown("silence")))

    journey.goes_on(53)

    assert phones.texts == ["Offer", "Reminder", "Last"]
    assert journey.row.status == "active"


def test_a_reply_counts_for_whom_the_person_was_merged_into(
    container: Container, clock: SimulatedClock
) -> None:
    """The journey goes on for the lead that was merged, and the reply is the other's."""
    journey = Journey(container, clock, REPLIED, SILENT)
    journey.goes_on(1)
    other = given.lead(container, 2)
    container.outreach.merge_leads(other, journey.lead, actor="test")
    when.replies(container, other, "Yes please", "wamid.in")

    assert journey.goes_on(3)[:2] == ["Offer", "Thanks"]


def test_many_are_decided_in_chunks_and_each_once(
    container: Container, clock: SimulatedClock
) -> None:
    """Of those who come first in the order of ids some are not decided yet: the others are."""
    given.settings(container, broadcast_every=SELDOM)
    given.device(container)
    given.many_leads(container, 7, triggers=["COLD"])
    forked(container, Branch(when="read", within_hours=30, then=3), SILENT, bodies="One Two Three")
    when.enrolls(container)
    broadcaster = when.broadcaster(container, Phones(clock))
    when.plays(clock, 600, broadcaster)
    first = [m.message_id for m in then.messages(container, status="sent")]
    for message_id in first[3:5]:
        when.receipt(container, message_id, "read")

    when.reaps(container, chunk=2)
    assert len(then.events(container, "enrollment.branched")) == 2
    when.plays(clock, 49 * HOUR, broadcaster)
    when.reaps(container, chunk=2)
    decided = then.events(container, "enrollment.branched")
    assert sorted(event.branch for event in decided) == [1, 1, 2, 2, 2, 2, 2]
    assert len({event.originator_id for event in decided}) == 7


def test_whoever_opts_out_gets_nothing_of_any_branch(
    container: Container, clock: SimulatedClock
) -> None:
    journey = Journey(container, clock, REPLIED, SILENT)
    journey.goes_on(1)
    when.replies(container, journey.lead, "STOP", "wamid.in")

    assert journey.goes_on(50) == ["Offer"]
    assert (journey.row.status, journey.row.reason) == ("stopped", "opted_out")
    assert then.events(container, "enrollment.branched") == []


def test_why_not_names_the_branch_that_did_not_lead_to_a_step(
    container: Container, clock: SimulatedClock
) -> None:
    """In a sentence, as the log has it."""
    journey = Journey(container, clock, Branch(when="not_replied", within_hours=2))
    journey.goes_on(4)

    about = container.outreach, container.database, container.settings
    answer = why_not_sequence(*about, journey.lead, journey.sequence)

    assert answer.reason == "branch_not_taken"
    assert answer.story.endswith("branch_not_taken; after step 1 branch 1 held: nothing follows")
