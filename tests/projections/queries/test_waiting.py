"""What pending messages wait for, as real runners leave them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.waiting import REASONS, Reason, Wait
from domain.warm_up import WarmUp
from projections.container import Container
from projections.queries import waiting, waiting_summary
from projections.queries.waiting import Explained
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.samples import utc
from tests.support.statements import noted
from tests.support.waits import WAYS


def explained(container: Container, **where: Any) -> dict[UUID, Explained]:
    found = then.messages(container, **where)
    with container.database.transaction() as connection:
        return waiting.of_rows(connection, container.settings, found, container.outreach.clock())


def test_real_runners_bring_messages_into_every_state() -> None:
    assert set(REASONS) == set(WAYS)


@pytest.mark.parametrize("reason", WAYS)
def test_it_says_what_it_waits_for(
    container: Container, clock: SimulatedClock, reason: Reason
) -> None:
    expected = WAYS[reason](container, clock)

    found = explained(container)

    wait, story = found[expected.message_id]
    assert wait == Wait(reason, expected.until)
    assert story == f"waits for {expected.story}"


def test_a_number_that_warms_up_waits_for_its_next_day(
    container: Container, clock: SimulatedClock
) -> None:
    """It may send one on its first day, as single messages and the sum say."""
    given.due_messages(container, 2, warm_up=WarmUp(least=1, most=100, days=10))
    when.looks(when.broadcaster(container, when.Phones(clock)))

    (found,) = explained(container).values()

    what = "the next day of device Sales 1, Tue 00:00 (UTC): the limit of 1 is used up"
    assert found == Explained(Wait("daily_limit", utc(2026, 3, 3)), f"waits for {what}")
    with container.database.transaction() as connection:
        summary = waiting_summary.summary(connection, container.settings, clock())
    assert [line.story for line in summary.lines] == [f"1 waits for {what}"]


def test_what_is_not_pending_waits_for_nothing(container: Container, clock: SimulatedClock) -> None:
    given.due_messages(container)
    when.looks(when.broadcaster(container, when.Phones(clock)))
    assert then.statuses(container) == {"sent": 1}
    assert explained(container) == {}


def test_a_page_is_read_by_few_queries(container: Container, clock: SimulatedClock) -> None:
    """As many for five hundred messages of steps and campaigns as for four."""

    def count() -> int:
        found = then.messages(container)
        with noted(container.database) as statements, container.database.reading() as connection:
            waiting.of_rows(connection, container.settings, found, clock())  # plans them
            planning = len(statements)
            waiting.of_rows(connection, container.settings, found, clock())
            return len(statements) - planning

    given.settings(container, lead_daily_cap=5)
    given.device(container)
    given.device(container, "Sales 2", online=False)
    given.sequence(container, bodies=("One", "Two"))
    given.many_leads(container, 2, ["COLD"])
    when.enrolls(container)
    few = count()
    given.many_leads(container, 100, ["COLD"], first=100)
    given.campaign(container)
    when.enrolls(container)
    when.triggers(container)

    assert len(then.messages(container)) > 300
    assert count() == few
    assert few <= 4
