"""What all pending messages wait for, summed up."""

from __future__ import annotations

import pytest

from domain.waiting import Reason
from projections.container import Container
from projections.queries import waiting_summary
from projections.queries.waiting_summary import EXACT, LINES, Summary
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.operations import quarantined
from tests.support.samples import utc
from tests.support.waits import WAYS


def summary(container: Container, exact: int = EXACT) -> Summary:
    with container.database.transaction() as connection:
        return waiting_summary.summary(
            connection, container.settings, container.outreach.clock(), exact
        )


def stories(found: Summary) -> list[str]:
    return [line.story for line in found.lines]


@pytest.mark.parametrize("exact", [EXACT, 0], ids=["exactly", "by one"])
@pytest.mark.parametrize("reason", WAYS)
def test_it_says_what_they_wait_for(
    container: Container, clock: SimulatedClock, reason: Reason, exact: int
) -> None:
    """Of few messages and of very many. Of very many that are due later it does not know whose they
    are."""
    expected = WAYS[reason](container, clock)

    found = summary(container, exact)

    (line,) = found.lines
    assert (found.total, found.by_reason, line.count) == (1, {reason: 1}, 1)
    assert (line.reason, line.until) == (reason, expected.until)
    assert line.story == f"1 waits for {expected.line}"
    message = then.message(container, status="pending")
    ids = (line.device_id, line.campaign_id, line.sequence_id)
    if reason in ("pace", "device_offline", "daily_limit"):
        assert ids == (message.device_id, None, None)
    elif reason == "unrecordable" or (exact == 0 and expected.until is not None):
        assert ids == (None, None, None)
    else:
        assert ids == (None, message.campaign_id, message.sequence_id)


def test_nothing_is_pending(container: Container) -> None:
    assert summary(container) == Summary(total=0, by_reason={}, lines=[])


@pytest.mark.parametrize("exact", [EXACT, 0], ids=["exactly", "by one"])
def test_the_lines_sum_to_the_total(
    container: Container, clock: SimulatedClock, exact: int
) -> None:
    """Most first: steps of a sequence, a paused campaign, a device that is off; and what is in
    quarantine of each counts once."""
    online = given.device(container, "Sales 1")
    offline = given.device(container, "Sales 2", online=False)
    given.many_leads(container, 5, ["COLD"], niche=["B1"], device_id=online)
    given.many_leads(container, 3, niche=["B2"], device_id=offline, first=100)
    given.sequence(container, bodies=("One", "Two"))
    paused = given.campaign(container, niche=("B1",))
    given.campaign(container, name="April", niche=("B2",))
    when.triggers(container)
    container.outreach.pause_campaign(paused, actor=given.ACTOR)
    when.enrolls(container)
    clock.move_to(utc(2026, 3, 2, 8, 10))
    for message in (
        then.messages(container, campaign_id=paused)[0],
        then.messages(container, device_id=offline)[0],
        then.messages(container, step=1)[0],
    ):
        quarantined(container, "message", message.message_id)

    found = summary(container, exact)

    assert stories(found) == [
        "5 wait for the planned time, Tue 08:05 (UTC)",
        "4 wait for campaign March offer, paused",
        "4 wait for a slot of device Sales 1",
        "3 wait for a release from quarantine: sendtrail audit quarantine list --kind message",
        "2 wait for device Sales 2, offline since 08:00 (UTC)",
    ]
    assert found.total == sum(line.count for line in found.lines) == 18
    assert found.by_reason == {
        "scheduled": 5,
        "pace": 4,
        "campaign_paused": 4,
        "device_offline": 2,
        "unrecordable": 3,
    }


@pytest.mark.parametrize("exact", [EXACT, 0], ids=["exactly", "by one"])
def test_what_is_in_quarantine_and_due_later_counts_once(container: Container, exact: int) -> None:
    given.device(container)
    given.many_leads(container, 4, ["COLD"])
    given.sequence(container, bodies=("One",))
    when.enrolls(container)
    quarantined(container, "message", then.messages(container)[0].message_id)

    found = summary(container, exact)

    assert (found.total, found.by_reason) == (4, {"scheduled": 3, "unrecordable": 1})


def test_there_are_at_most_twenty_lines(container: Container) -> None:
    """Many devices that only keep their pace are one line; of the rest those with most messages."""
    for number in range(15):
        given.device(container, f"Sales {number}")
    for number in range(21):
        device = given.device(container, f"Off {number}", online=False)
        given.many_leads(container, 1 + number % 2, first=100 + 10 * number, device_id=device)
    given.many_leads(container, 30, first=1000)
    given.campaign(container)
    when.triggers(container)

    found = summary(container)

    assert len(found.lines) == LINES
    assert found.total == 61
    counts = [line.count for line in found.lines]
    assert counts == sorted(counts, reverse=True)
    assert found.total >= sum(counts)
    paced = [line for line in found.lines if line.reason == "pace"]
    assert [line.story for line in paced] == [f"{paced[0].count} wait for slots of their devices"]
    assert paced[0].device_id is None


def test_steps_of_many_minutes_are_one_line(container: Container, clock: SimulatedClock) -> None:
    """Of a sequence that people enter all the time."""
    given.device(container)
    sequence = given.sequence(container, bodies=("One",), first_delay_minutes=60)
    for number in range(25):
        given.lead(container, number, ["COLD"])
        when.enrolls(container)
        clock.advance(minutes=1)

    (line,) = summary(container).lines

    assert (line.sequence_id, line.count, line.until) == (sequence, 25, utc(2026, 3, 2, 9, 0))
    assert line.story == "25 wait for the planned time, 09:00 (UTC) at the earliest"
