"""Reports: counts that always add up, and never lag."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.errors import NotFoundError
from domain.message import STATUSES
from projections.container import House
from projections.queries import reports
from runners.gateways.protocol import Rejected, Unknown
from runners.support.clocks import SimulatedClock
from tests.projections.mixed import mixed_history
from tests.runners import given, then, when
from tests.runners.when import Phones


@pytest.fixture
def clock() -> SimulatedClock:
    """It is Monday, 2 March 2026, 08:00 UTC."""
    return SimulatedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


def campaign_report(house: House, campaign: UUID) -> reports.CampaignReport:
    with house.database.transaction() as connection:
        return reports.campaign(connection, campaign)


def sequence_report(house: House, sequence: UUID) -> reports.SequenceReport:
    with house.database.transaction() as connection:
        return reports.sequence(connection, sequence)


def test_a_campaign_adds_up_at_every_moment_of_its_life(
    house: House, clock: SimulatedClock
) -> None:
    """Before, during and after: five leads, whatever became of their messages."""
    given.device(house)
    leads = given.many_leads(house, 6)
    house.outreach.opt_out(leads[5], "STOP", actor="webhook:gowa")
    campaign = given.campaign(house)
    phones = Phones(clock, Rejected("131026", "no"), Rejected("131026", "no"), Unknown("silence"))
    broadcaster = when.broadcaster(house, phones)
    seen = [campaign_report(house, campaign)]
    for step in (
        lambda: when.triggers(house),
        broadcaster.claim,
        lambda: when.hands_over(broadcaster),
        lambda: when.reaps(house),
    ):
        step()
        seen.append(campaign_report(house, campaign))

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


def test_what_was_cancelled_is_counted_by_reason(house: House, clock: SimulatedClock) -> None:
    """One opted out, one was taken out by hand, the campaign was cancelled for the rest."""
    given.device(house)
    leads = given.many_leads(house, 5)
    campaign = given.campaign(house)
    when.triggers(house)
    house.outreach.opt_out(leads[0], "STOP", actor="webhook:gowa")
    message = then.message(house, lead_id=leads[1])
    house.outreach.cancel_message(message.message_id, actor="api:sales")
    house.outreach.cancel_campaign(campaign, actor="api:sales")
    when.reaps(house)

    report = campaign_report(house, campaign)

    assert report.by_status["cancelled"] == report.audience == 5
    assert report.cancelled == {"campaign_cancelled": 3, "operator": 1, "opted_out": 1}


def test_a_retried_message_is_counted_once_and_its_failure_no_more(
    house: House, clock: SimulatedClock
) -> None:
    """The report says how things stand, not how often they were tried."""
    given.device(house)
    given.lead(house)
    campaign = given.campaign(house)
    when.triggers(house)
    broadcaster = when.broadcaster(house, Phones(clock, Rejected("131026", "no")))
    when.looks(broadcaster)
    assert campaign_report(house, campaign).failures == {"131026": 1}

    house.outreach.retry_message(then.message(house).message_id, actor="api:sales")
    clock.advance(seconds=5)
    when.looks(broadcaster)

    report = campaign_report(house, campaign)
    assert (report.audience, report.by_status["sent"], report.failures) == (1, 1, {})


def test_receipts_and_replies_are_counted_once(house: House, clock: SimulatedClock) -> None:
    """However often a provider repeats them, and however much a person writes."""
    given.device(house)
    lead = given.lead(house)
    given.lead(house, 2)
    campaign = given.campaign(house)
    when.triggers(house)
    when.looks(when.broadcaster(house, Phones(clock)))
    message_id = then.message(house, lead_id=lead).message_id

    for _ in range(2):
        when.receipt(house, message_id, "read")
        when.receipt(house, message_id, "delivered")
        house.outreach.record_reply(lead, "Tell me more", "in.1", actor="webhook:gowa")

    report = campaign_report(house, campaign)
    assert (report.delivered, report.read, report.replied) == (1, 1, 1)


def test_a_mixed_history_adds_up_everywhere(house: House, clock: SimulatedClock) -> None:
    """Per campaign, per step, per device and in all, against the messages themselves."""
    sequence, campaign = mixed_history(house, clock)

    offer, journeys = campaign_report(house, campaign), sequence_report(house, sequence)
    with house.database.transaction() as connection:
        overview = reports.overview(connection)
        used, _ = sorted(reports.devices(connection), key=lambda d: d.status == "retired")

    assert offer.audience == sum(offer.by_status.values())
    assert (offer.audience, offer.excluded) == (10, {"device_retired": 2})
    assert counted(offer) == then.statuses(house, campaign_id=campaign)
    assert [step.audience for step in journeys.steps] == [10, 10, 10]
    for step in journeys.steps:
        assert counted(step) == then.statuses(house, sequence_id=sequence, step=step.step)
        assert sum(step.failures.values()) == step.by_status["failed"]
        assert sum(step.cancelled.values()) == step.by_status["cancelled"]
    by_status = Counter(
        e.status for e in then.table(house, "enrollments") if e.sequence_id == sequence
    )
    assert journeys.enrollments == {"active": 0, "completed": 0, "stopped": 0, **by_status}
    assert sum(journeys.enrollments.values()) == 10
    assert {s: n for s, n in overview.messages.items() if n} == then.statuses(house)
    assert (overview.leads, overview.opted_out) == (12, 1)
    assert overview.campaigns == {"cancelled": 1, "triggered": 1}
    assert overview.sequences == {"active": 1, "inactive": 1}
    assert overview.devices == {"online": 1, "retired": 1}
    for number, status in ((2, "sent"), (3, "failed"), (4, "unknown")):
        assert sum(day[number] for day in used.days) == overview.messages[status]


def counted(report: reports.Counts) -> dict[str, int]:
    return {status: n for status, n in report.by_status.items() if n}


def test_days_are_those_of_the_device(house: House, clock: SimulatedClock) -> None:
    """23:00 in Kuala Lumpur is today, two hours later is tomorrow; both are one day in UTC."""
    given.device(house, "KL", timezone="Asia/Kuala_Lumpur")
    given.many_leads(house, 2)
    for hours in (7, 2):
        clock.advance(hours=hours)
        given.campaign(house)
        when.triggers(house)
        when.looks(when.broadcaster(house, Phones(clock)))

    with house.database.transaction() as connection:
        (report,) = reports.devices(connection)

    assert report.days == [("2026-03-02", 2, 2, 0, 0), ("2026-03-03", 2, 2, 0, 0)]


def test_a_new_sequence_has_zeros_and_an_unknown_one_is_not_found(house: House) -> None:
    """Every status, every step, no gaps; and a mistyped id is said to be one."""
    sequence = given.sequence(house, "COLD", ["One", "Two"])

    report = sequence_report(house, sequence)

    assert [(step.step, step.audience) for step in report.steps] == [(1, 0), (2, 0)]
    assert report.steps[0].by_status == dict.fromkeys(STATUSES, 0)
    assert report.enrollments == {"active": 0, "completed": 0, "stopped": 0}
    with pytest.raises(NotFoundError, match=f"no sequence {UUID(int=1)}"):
        sequence_report(house, UUID(int=1))
    with pytest.raises(NotFoundError, match=f"no campaign {sequence}"):
        campaign_report(house, sequence)
