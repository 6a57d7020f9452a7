"""Reports: counts that always add up, and never lag."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from domain.errors import NotFoundError
from domain.message import STATUSES
from projections.container import Container
from projections.queries import reports
from runners.gateways.protocol import Rejected, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.mixed import mixed_history
from tests.support.when import Phones


def campaign_report(container: Container, campaign: UUID) -> reports.CampaignReport:
    with container.database.transaction() as connection:
        return reports.campaign(connection, campaign)


def sequence_report(container: Container, sequence: UUID) -> reports.SequenceReport:
    with container.database.transaction() as connection:
        return reports.sequence(connection, sequence)


def test_a_campaign_adds_up_at_every_moment_of_its_life(
    container: Container, clock: SimulatedClock
) -> None:
    """Before, during and after: five leads, whatever became of their messages."""
    given.device(container)
    leads = given.many_leads(container, 6)
    container.outreach.opt_out(leads[5], "STOP", actor="webhook:gowa")
    campaign = given.campaign(container)
    phones = Phones(clock, Rejected("131026", "no"), Rejected("131026", "no"), Unknown("silence"))
    broadcaster = when.broadcaster(container, phones)
    seen = [campaign_report(container, campaign)]
    for step in (
        lambda: when.triggers(container),
        lambda: when.claims(broadcaster),
        lambda: when.hands_over(broadcaster),
        lambda: when.reaps(container),
    ):
        step()
        seen.append(campaign_report(container, campaign))

    assert [report.status for report in seen] == [
        "pending",
        "triggered",
        "triggered",
        "triggered",
        "finished",
    ]
    assert [report.audience for report in seen] == [0, 5, 5, 5, 5]
    for report in seen:
        assert tuple(report.by_status) == STATUSES
        assert sum(report.by_status.values()) == report.audience
    assert {status: n for status, n in seen[4].by_status.items() if n} == {
        "sent": 2,
        "failed": 2,
        "unknown": 1,
    }
    assert seen[4].failures == {"131026": 2}
    assert seen[4].excluded == {"opted_out": 1}


def test_what_was_cancelled_is_counted_by_reason(
    container: Container, clock: SimulatedClock
) -> None:
    """One opted out, one was taken out by hand, the campaign was cancelled for the rest."""
    given.device(container)
    leads = given.many_leads(container, 5)
    campaign = given.campaign(container)
    when.triggers(container)
    container.outreach.opt_out(leads[0], "STOP", actor="webhook:gowa")
    message = then.message(container, lead_id=leads[1])
    container.outreach.cancel_message(message.message_id, actor="api:sales")
    container.outreach.cancel_campaign(campaign, actor="api:sales")
    when.reaps(container)

    report = campaign_report(container, campaign)

    assert report.by_status["cancelled"] == report.audience == 5
    assert report.cancelled == {"campaign_cancelled": 3, "operator": 1, "opted_out": 1}


def test_a_retried_message_is_counted_once_and_its_failure_no_more(
    container: Container, clock: SimulatedClock
) -> None:
    """The report says how things stand, not how often they were tried."""
    given.device(container)
    given.lead(container)
    campaign = given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(container, Phones(clock, Rejected("131026", "no")))
    when.looks(broadcaster)
    assert campaign_report(container, campaign).failures == {"131026": 1}

    container.outreach.retry_message(then.message(container).message_id, actor="api:sales")
    clock.advance(seconds=5)
    when.looks(broadcaster)

    report = campaign_report(container, campaign)
    assert (report.audience, report.by_status["sent"], report.failures) == (1, 1, {})


def test_receipts_and_replies_are_counted_once(container: Container, clock: SimulatedClock) -> None:
    """However often a provider repeats them, and however much a person writes."""
    given.device(container)
    lead = given.lead(container)
    given.lead(container, 2)
    campaign = given.campaign(container)
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))
    message_id = then.message(container, lead_id=lead).message_id

    for _ in range(2):
        when.receipt(container, message_id, "read")
        when.receipt(container, message_id, "delivered")
        clock.advance(minutes=1)
        when.replies(container, lead, "Tell me more", "in.1")

    report = campaign_report(container, campaign)
    assert (report.delivered, report.read, report.replied) == (1, 1, 1)


def test_a_mixed_history_adds_up_everywhere(container: Container, clock: SimulatedClock) -> None:
    """Per campaign, per step, per device and in all, against the messages themselves."""
    sequence, campaign = mixed_history(container, clock)

    offer, journeys = campaign_report(container, campaign), sequence_report(container, sequence)
    with container.database.transaction() as connection:
        overview = reports.overview(connection)
        used, _ = sorted(reports.devices(connection), key=lambda d: d.status == "retired")

    assert offer.audience == sum(offer.by_status.values())
    assert (offer.audience, offer.excluded) == (12, {})
    assert counted(offer) == then.statuses(container, campaign_id=campaign)
    assert [step.audience for step in journeys.steps] == [10, 10, 10]
    for step in journeys.steps:
        assert counted(step) == then.statuses(container, sequence_id=sequence, step=step.step)
        assert sum(step.failures.values()) == step.by_status["failed"]
        assert sum(step.cancelled.values()) == step.by_status["cancelled"]
    by_status = Counter(
        e.status for e in then.table(container, "enrollments") if e.sequence_id == sequence
    )
    assert journeys.enrollments == {"active": 0, "completed": 0, "stopped": 0, **by_status}
    assert sum(journeys.enrollments.values()) == 10
    assert sum(journeys.stopped_because.values()) == journeys.enrollments["stopped"]
    assert {s: n for s, n in overview.messages.items() if n} == then.statuses(container)
    assert (overview.leads, overview.opted_out) == (17, 6)
    assert overview.campaigns == {"cancelled": 1, "triggered": 1}
    assert overview.sequences == {"active": 1, "inactive": 1}
    assert overview.devices == {"online": 1, "retired": 1}
    for number, status in ((2, "sent"), (3, "failed"), (4, "unknown")):
        assert sum(day[number] for day in used.days) == overview.messages[status]


def counted(report: reports.Counts) -> dict[str, int]:
    return {status: n for status, n in report.by_status.items() if n}


def test_days_are_those_of_the_device(container: Container, clock: SimulatedClock) -> None:
    """23:00 in Kuala Lumpur is today, two hours later is tomorrow; both are one day in UTC."""
    given.device(container, "KL", timezone="Asia/Kuala_Lumpur")
    given.many_leads(container, 2)
    for hours in (7, 2):
        clock.advance(hours=hours)
        given.campaign(container)
        when.triggers(container)
        when.looks(when.broadcaster(container, Phones(clock)))

    with container.database.transaction() as connection:
        (report,) = reports.devices(connection)

    assert report.days == [("2026-03-02", 2, 2, 0, 0), ("2026-03-03", 2, 2, 0, 0)]


def test_a_new_sequence_has_zeros_and_an_unknown_one_is_not_found(container: Container) -> None:
    """Every status, every step, no gaps; and a mistyped id is said to be one."""
    sequence = given.sequence(container, "COLD", ["One", "Two"])

    report = sequence_report(container, sequence)

    assert [(step.step, step.audience) for step in report.steps] == [(1, 0), (2, 0)]
    assert report.steps[0].by_status == dict.fromkeys(STATUSES, 0)
    assert report.enrollments == {"active": 0, "completed": 0, "stopped": 0}
    assert report.stopped_because == {}
    with pytest.raises(NotFoundError, match=f"no sequence {UUID(int=1)}"):
        sequence_report(container, UUID(int=1))
    with pytest.raises(NotFoundError, match=f"no campaign {sequence}"):
        campaign_report(container, sequence)
