"""Campaigns find their audience: who gets one message, and who is left out for what reason."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from domain.errors import InvalidInputError
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when


def test_it_takes_those_who_match_niche_and_target_status(container: Container) -> None:
    """Both, each a whole word in any case; B12 is not B1."""
    given.device(container)
    wanted = given.lead(container, 1, niche=["b1", "X"], target_status="customer")
    given.lead(container, 2, niche=["B12"], target_status="customer")
    given.lead(container, 3, niche=["B1"], target_status="prospect")
    given.lead(container, 4, target_status="customer")
    campaign = given.campaign(container, niche=("B1",), target_status="customer")

    assert when.triggers(container) == 1

    (message,) = then.messages(container)
    assert (message.lead_id, message.campaign_id, message.step) == (wanted, campaign, 0)
    assert (message.status, message.due_at) == ("pending", datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("audience", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"target_status": "all"}, [1, 2, 3]),
        ({"target_status": "all", "niche": ("B1",)}, [1, 2]),
        ({"target_status": "prospect"}, [1, 3]),
        ({"niche": ("C3", "B1")}, [1, 2]),
    ],
)
def test_all_matches_every_status_and_no_niche_every_lead(
    container: Container, audience: dict[str, Any], numbers: list[int]
) -> None:
    """Criteria that are not given exclude nobody."""
    given.device(container)
    given.lead(container, 1, niche=["B1"])
    given.lead(container, 2, niche=["B1"], target_status="customer")
    given.lead(container, 3)
    given.campaign(container, **audience)

    when.triggers(container)

    expected = {container.outreach.lead_id(given.phone(number)) for number in numbers}
    assert {m.lead_id for m in then.messages(container)} == expected


def test_it_asks_the_leads_and_nothing_about_sequences(container: Container) -> None:
    """A lead in the middle of a sequence gets the campaign, and one with triggers too; neither
    journey nor triggers change."""
    given.device(container)
    given.sequence(container, "COLD", ["One", "Two"])
    enrolled = given.lead(container, 1, ["COLD"])
    when.enrolls(container)
    waiting = given.lead(container, 2, ["COLD"])
    campaign = given.campaign(container)

    assert when.triggers(container) == 2

    reached = {m.lead_id for m in then.messages(container, campaign_id=campaign)}
    assert reached == {enrolled, waiting}
    assert container.outreach.get_lead(waiting).triggers == ("COLD",)
    assert len(then.messages(container, lead_id=enrolled)) == 3


def test_nine_in_kuala_lumpur_is_one_in_utc_and_not_a_minute_earlier(
    container: Container, clock: SimulatedClock
) -> None:
    """On a server in any time zone: an instant is an instant."""
    given.device(container)
    given.lead(container)
    at = datetime.fromisoformat("2026-03-03T09:00:00+08:00")
    campaign = given.campaign(container, at=at)

    clock.move_to(datetime(2026, 3, 3, 0, 59, 59, tzinfo=UTC))
    assert when.triggers(container) == 0
    assert container.outreach.get_campaign(campaign).status == "pending"

    clock.move_to(datetime(2026, 3, 3, 1, 0, tzinfo=UTC))
    assert when.triggers(container) == 1
    assert container.outreach.get_campaign(campaign).status == "triggered"
    assert then.message(container).due_at == datetime(2026, 3, 3, 1, 0, tzinfo=UTC)


def test_a_time_without_an_offset_is_refused(container: Container) -> None:
    """It is no instant: the server's own zone is never guessed."""
    naive = datetime(2026, 3, 3, 9, 0)  # noqa: DTZ001 - that is the point

    with pytest.raises(InvalidInputError, match=r"^scheduled_at: expected a time with an offset"):
        given.campaign(container, at=naive)

    assert then.count(container.database) == 0


def test_a_campaign_whose_instant_passed_while_all_was_down_is_triggered_late(
    container: Container, clock: SimulatedClock
) -> None:
    """There is no window after which it is forgotten."""
    given.device(container)
    given.lead(container)
    given.campaign(container, at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    clock.advance(days=3)

    assert when.triggers(container) == 1
    assert then.message(container).due_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_large_audience_is_not_cut(container: Container) -> None:
    """2,600 leads get 2,600 messages, added in chunks of 100."""
    given.device(container)
    given.many_leads(container, 2600)
    campaign = given.campaign(container)

    assert when.triggers(container, chunk=100) == 2600

    assert then.statuses(container, campaign_id=campaign) == {"pending": 2600}
    chunks = then.events(container, "campaign.audience_extended")
    assert [c.scheduled for c in chunks] == [100] * 26
    (completed,) = then.events(container, "campaign.audience_completed")
    assert (completed.scheduled, completed.excluded) == (2600, {})


@pytest.mark.parametrize("committed", [True, False])
def test_a_crash_in_the_middle_resumes(
    container: Container, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """Killed within a chunk or just after one: nothing is doubled and nothing is missing."""
    given.device(container)
    given.many_leads(container, 500)
    campaign = given.campaign(container)
    run, record = container.database.run, container.outreach.record
    calls: list[str] = []

    def dies_within(*recorded: Any) -> None:
        record(*recorded)
        calls.append("record")
        if len(calls) == 4:
            raise KeyboardInterrupt

    def dies_after(name: str, work: Any) -> Any:
        result = run(name, work)
        calls.append("run")
        if len(calls) == 4:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patched:
        if committed:
            patched.setattr(container.database, "run", dies_after)
        else:
            patched.setattr(container.outreach, "record", dies_within)
        with pytest.raises(KeyboardInterrupt):
            when.triggers(container, chunk=100)
    assert then.statuses(container) == {"pending": 200}

    assert when.triggers(container, chunk=100) == 300

    assert then.statuses(container, campaign_id=campaign) == {"pending": 500}
    assert then.row(container, "campaigns", campaign_id=campaign).scheduled == 500
    assert container.outreach.get_campaign(campaign).status == "triggered"


def test_two_campaigners_at_once_add_every_lead_once(container: Container) -> None:
    """On two machines, with several campaigns in small chunks."""
    given.device(container)
    given.many_leads(container, 200)
    campaigns = [given.campaign(container, name=name) for name in ("A", "B", "C")]
    work = partial(when.triggers, container, chunk=20)

    counts = when.at_once(work, work)
    last = when.triggers(container)

    assert sum(counts) + last == 600
    for campaign in campaigns:
        assert then.statuses(container, campaign_id=campaign) == {"pending": 200}
        assert container.outreach.get_campaign(campaign).status == "triggered"


def test_a_pause_in_the_middle_of_the_audience_holds_what_is_there_and_adds_no_more(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resuming goes on with the next lead."""
    given.device(container)
    given.many_leads(container, 30)
    campaign = given.campaign(container)
    run = container.database.run

    def pauses_after_one_chunk(name: str, work: Any) -> Any:
        result = run(name, work)
        if result == 10:
            container.outreach.pause_campaign(campaign, actor="api:sales")
        return result

    with monkeypatch.context() as patched:
        patched.setattr(container.database, "run", pauses_after_one_chunk)
        when.triggers(container, chunk=10)
    held = then.messages(container)
    assert [(m.status, m.due_at) for m in held] == [("pending", None)] * 10
    assert when.triggers(container) == 0

    container.outreach.resume_campaign(campaign, actor="api:sales")
    assert when.triggers(container) == 20
    assert len([m for m in then.messages(container) if m.due_at is not None]) == 30


def test_a_cancelled_campaign_is_not_triggered(container: Container, clock: SimulatedClock) -> None:
    """Whoever cancels before the instant has reached nobody."""
    given.device(container)
    given.lead(container)
    campaign = given.campaign(container, at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    container.outreach.cancel_campaign(campaign, actor="api:sales")
    clock.advance(hours=2)

    assert when.triggers(container) == 0
    assert then.messages(container) == []


def test_the_message_says_when_it_is_no_longer_wanted(container: Container) -> None:
    """An offer for six hours expires six hours after its instant."""
    given.device(container)
    given.lead(container)
    given.campaign(container, expires_after_hours=6)

    when.triggers(container)

    assert then.message(container).expires_at == datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def test_a_campaign_that_cannot_be_planned_is_put_aside(container: Container) -> None:
    """Its local time is none; the others go on."""
    given.device(container)
    given.lead(container, 1)
    bad = given.campaign(container, local_time="226-03-01T09:00")
    good = given.campaign(container, name="Good")

    when.triggers(container)

    assert then.statuses(container, campaign_id=good) == {"pending": 1}
    (row,) = then.table(container, "quarantine")
    assert (row.kind, row.id) == ("campaign", bad)
