"""Whatever came is recorded in order, once only, and at no cost for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.addresses import Address
from domain.inbound import Inbound, Preference, Receipt
from projections.container import Container
from projections.intake import receiver
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.heard import USER, Killed, digits, is_out, outcomes, proves_itself, puts, says
from tests.support.statements import noted
from tests.support.when import Phones


@pytest.mark.parametrize("batch", [1, 2, 1000])
@pytest.mark.parametrize("last", ["STOP", "START"])
def test_the_last_word_counts_within_a_batch_and_across(
    container: Container,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    last: str,
) -> None:
    """In one webhook and in several, however they are taken. The same words are one reply."""
    monkeypatch.setattr(receiver, "BATCH", batch)
    given.device(container)
    lead = given.lead(container)
    words = ["STOP", "START"] * 3 + ([last] if last == "STOP" else [])
    begun = clock() - timedelta(minutes=1)
    items = [says(1, word, at=begun + timedelta(seconds=n)) for n, word in enumerate(words * 2)]

    puts(container, *items[: len(words)])
    for item in items[len(words) :]:
        puts(container, item)
    when.receives(container)

    assert is_out(container, lead) is (last == "STOP")
    assert [reply.text for reply in then.events(container, "lead.replied")] == ["STOP", "START"]
    proves_itself(container)


def test_a_start_that_comes_late_does_not_undo_a_later_no(
    container: Container, clock: SimulatedClock
) -> None:
    """The second STOP said nothing new when it came, and is in force all the same."""
    given.device(container)
    lead = given.lead(container)
    at = [clock() - timedelta(minutes=minutes) for minutes in (3, 2, 1)]
    when.told(container, says(1, "STOP", at=at[0]), says(1, "STOP", at=at[2]))

    when.told(container, says(1, "START", at=at[1]))

    assert is_out(container, lead)
    when.told(container, says(1, "START", at=clock()))
    assert not is_out(container, lead)


def test_what_is_told_again_changes_nothing(container: Container, clock: SimulatedClock) -> None:
    """Days later too, and an older edit does not bring old words back."""
    given.device(container)
    lead = given.lead(container)
    items = (
        says(1, "Hi", "in.1", USER),
        says(1, "Hello", "edit.1", edits="in.1"),
        says(1, "Hello!", "edit.2", edits="in.1"),
        says(1, "never came", "edit.3", edits="in.0"),
        says(1, "STOP", "in.2"),
        Preference((digits(1),), True, "stop", clock() - timedelta(seconds=5)),
    )
    for item in items:
        when.told(container, item)
    events = then.topics(container, lead)
    words = {row.text for row in then.table(container, "replies")}
    assert words == {"Hello!", "never came", "STOP"}

    for _ in range(3):
        clock.advance(days=1)
        when.told(container, *items)
        for item in reversed(items):
            when.told(container, item)

    assert then.topics(container, lead) == events
    assert {row.text for row in then.table(container, "replies")} == words
    assert outcomes(container)["repeated"] == 5 * 6
    proves_itself(container)


@pytest.mark.parametrize("people", [1, 500])
def test_a_thousand_things_of_many_and_of_one(
    container: Container, clock: SimulatedClock, people: int
) -> None:
    """All of them are there, in their order, and those after the thousandth too."""
    given.device(container)
    leads = given.many_leads(container, people)
    items = [says(1 + n % people, f"{n}", f"in.{n}") for n in range(1001)]
    for item in items:
        puts(container, item)

    assert when.receives(container) == 1001

    texts: dict[UUID, list[int]] = {lead: [] for lead in leads}
    for reply in then.events(container, "lead.replied"):
        texts[reply.originator_id].append(int(reply.text))
    assert all(said == sorted(said) for said in texts.values())
    assert sum(map(len, texts.values())) == 1001
    assert outcomes(container) == {"attributed": 1001}
    proves_itself(container)


def test_two_receivers_at_once_record_everything_once(container: Container) -> None:
    given.device(container)
    lead = given.lead(container)
    for number in range(40):
        puts(container, says(1, f"{number}", f"in.{number}"))

    done = when.at_once(*[lambda: when.receives(container)] * 4)
    when.receives(container)

    assert sum(done) <= 40
    assert [r.text for r in then.events(container, "lead.replied", lead)] == [
        str(number) for number in range(40)
    ]
    proves_itself(container)


@pytest.mark.parametrize("point", ["receive.before_commit", "receive.after_commit"])
def test_a_crash_loses_nothing_and_doubles_nothing(container: Container, point: str) -> None:
    """Before the commit nothing has happened, after it everything has."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    given.sequence(container)
    when.enrolls(container)
    puts(container, says(1, "Hi", "in.1"), says(1, "STOP", "in.2"))
    puts(container, says(9, "STOP", "in.3"))

    def kill(reached: str) -> None:
        if reached == point:
            raise Killed

    container.database.fault_point = kill
    with pytest.raises(Killed):
        when.receives(container)
    container.database.fault_point = lambda _: None
    came_late = point.endswith("after_commit")
    assert is_out(container, lead) is came_late
    when.receives(container)

    assert is_out(container, lead)
    assert len(then.events(container, "lead.replied")) == 2
    assert len(then.events(container, "suppression")) == 1
    assert outcomes(container) == {"attributed": 2, "unattributed": 1}
    assert then.statuses(container) == {"cancelled": 3}
    proves_itself(container)


def test_what_cannot_be_read_is_put_aside_alone(container: Container) -> None:
    """The others go on, in the same batch."""
    given.device(container)
    lead = given.lead(container)
    puts(container, says(1, "Hi", "in.1"))
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE inbound SET payload = '\\xff00'::bytea")
    puts(container, says(1, "STOP", "in.2"))

    when.receives(container)

    assert is_out(container, lead)
    (aside,) = then.table(container, "quarantine")
    (left,) = then.table(container, "inbound")
    assert (aside.kind, aside.id) == ("inbound", left.item_id)
    assert "STOP" not in aside.reason
    assert when.receives(container) == 0


def statements(container: Container, work: Callable[[], Any]) -> int:
    """How many statements ``work`` has run."""
    with noted(container.database) as seen:
        work()
    return len(seen)


@pytest.mark.parametrize("known", [True, False])
def test_receipts_that_teach_nothing_cost_no_statement_each(
    container: Container, clock: SimulatedClock, known: bool
) -> None:
    """As many for a thousand as for ten; those whose message is not known yet too."""
    device = given.device(container, gateway="cloud")
    given.many_leads(container, 100)
    given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock), name="cloud"))
    sent = [(m.message_id, m.lead_id) for m in then.messages(container, status="sent")]
    assert len(sent) == 100
    phones = {row.lead_id: row.phone.removeprefix("+") for row in then.table(container, "leads")}

    def receipts(count: int) -> list[Inbound]:
        return [
            Receipt(
                "delivered",
                sent[n % 100][0] if known else None,
                "" if known else f"w.{count}.{n}",
                recipient=(Address("wa_id", phones[sent[n % 100][1]]),),
            )
            for n in range(count)
        ]

    costs = []
    for count in (10, 10, 1000):
        puts(container, *receipts(count), gateway="cloud", device=device)
        costs.append(statements(container, lambda: when.receives(container)))

    assert costs[2] <= costs[0]
    assert len(then.table(container, "early_receipts")) == (0 if known else 1010)
