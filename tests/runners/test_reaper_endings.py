"""Journeys and campaigns end when their last message has ended, never before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from projections.container import House
from runners.gateways.protocol import Rejected, Throttled, Unknown
from runners.support.clocks import SimulatedClock
from tests.runners import given, then, when
from tests.runners.when import Phones


def test_a_journey_is_completed_after_its_last_message_and_not_before(
    house: House, clock: SimulatedClock
) -> None:
    """Two steps, a day apart; then the lead gets the trigger of the next sequence."""
    given.device(house)
    lead = given.lead(house, triggers=["COLD"])
    sequence = given.sequence(house, "COLD", ["One", "Two"], next_trigger="WARM")
    when.enrolls(house)
    broadcaster = when.broadcaster(house, Phones(clock))

    when.plays(clock, 600, broadcaster)
    when.reaps(house)
    assert then.row(house, "enrollments", sequence_id=sequence).status == "active"
    assert house.outreach.get_lead(lead).triggers == ()

    clock.move_to(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    when.plays(clock, 600, broadcaster)
    when.reaps(house)
    enrollment = then.row(house, "enrollments", sequence_id=sequence)
    assert (enrollment.status, enrollment.ended_at) == ("completed", clock())
    assert house.outreach.get_lead(lead).triggers == ("WARM",)


def test_one_sequence_leads_to_the_next(house: House, clock: SimulatedClock) -> None:
    """COLD, WARM, HOT: each begins when the one before is over."""
    given.device(house)
    given.lead(house, triggers=["COLD"])
    for trigger, following in (("COLD", "WARM"), ("WARM", "HOT"), ("HOT", None)):
        given.sequence(house, trigger, [trigger], next_trigger=following)
    broadcaster = when.broadcaster(house, phones := Phones(clock))

    for _ in range(4):
        when.enrolls(house)
        when.plays(clock, 600, broadcaster)
        when.reaps(house)

    assert phones.texts == ["COLD", "WARM", "HOT"]
    assert {e.status for e in then.table(house, "enrollments")} == {"completed"}


def test_a_deferred_message_keeps_its_journey_open_and_an_unknown_one_does_not(
    house: House, clock: SimulatedClock
) -> None:
    """What will be tried again has not ended; what nobody will send again has."""
    given.device(house)
    given.journey(house, "One")
    broadcaster = when.broadcaster(house, Phones(clock, Throttled(3600.0), Unknown("no answer")))

    when.plays(clock, 600, broadcaster)
    when.reaps(house)
    assert then.table(house, "enrollments")[0].status == "active"

    when.plays(clock, 3600, broadcaster)
    when.reaps(house)
    assert then.table(house, "enrollments")[0].status == "completed"


def test_a_stopped_sequence_stops_its_journeys_and_passes_nobody_on(
    house: House, clock: SimulatedClock
) -> None:
    """Who stops a sequence does not want its leads in the next one."""
    given.device(house)
    lead = given.lead(house, triggers=["COLD"])
    sequence = given.sequence(house, "COLD", ["One", "Two"], next_trigger="WARM")
    when.enrolls(house)
    when.plays(clock, 600, when.broadcaster(house, Phones(clock)))

    house.outreach.deactivate_sequence(sequence, cancel_pending=True, actor="api:sales")
    when.reaps(house)

    enrollment = then.row(house, "enrollments", sequence_id=sequence)
    assert (enrollment.status, enrollment.reason) == ("stopped", "sequence_cancelled")
    assert house.outreach.get_lead(lead).triggers == ()


def test_who_opted_out_or_replied_is_not_passed_on(house: House) -> None:
    """A journey that was stopped is not completed."""
    given.device(house)
    given.sequence(house, "COLD", ["One", "Two"], next_trigger="WARM")
    out, answered = (given.lead(house, number, ["COLD"]) for number in (1, 2))
    when.enrolls(house)

    house.outreach.opt_out(out, "STOP", actor="webhook:gowa")
    house.outreach.record_reply(answered, "Call me", "wamid.in.1", actor="webhook:gowa")
    when.reaps(house)

    assert {(e.lead_id, e.status, e.reason) for e in then.table(house, "enrollments")} == {
        (out, "stopped", "opted_out"),
        (answered, "stopped", "replied"),
    }
    assert house.outreach.get_lead(answered).triggers == ()


def test_a_campaign_is_finished_only_when_nothing_is_open(
    house: House, clock: SimulatedClock
) -> None:
    """Not while anything is pending, processing or queued; failed and unknown have ended."""
    given.device(house)
    given.many_leads(house, 3)
    campaign = given.campaign(house)
    when.triggers(house)
    broadcaster = when.broadcaster(house, Phones(clock, Rejected("x", "no"), Unknown("silence")))

    seen = []
    when.reaps(house)
    seen.append((then.statuses(house), house.outreach.get_campaign(campaign).status))
    broadcaster.claim()
    when.reaps(house)
    seen.append((then.statuses(house), house.outreach.get_campaign(campaign).status))
    outgoing = broadcaster.hand_over()
    when.reaps(house)
    seen.append((then.statuses(house), house.outreach.get_campaign(campaign).status))
    assert seen == [
        ({"pending": 3}, "triggered"),
        ({"processing": 3}, "triggered"),
        ({"queued": 3}, "triggered"),
    ]

    when.sends(broadcaster, outgoing)
    when.reaps(house)
    assert then.statuses(house) == {"sent": 1, "failed": 1, "unknown": 1}
    assert house.outreach.get_campaign(campaign).status == "finished"


def test_a_deferred_message_keeps_its_campaign_open(house: House, clock: SimulatedClock) -> None:
    """Until it has gone or failed for good."""
    given.device(house)
    given.lead(house)
    campaign = given.campaign(house)
    when.triggers(house)
    broadcaster = when.broadcaster(house, Phones(clock, Throttled(600.0)))

    when.looks(broadcaster)
    when.reaps(house)
    assert house.outreach.get_campaign(campaign).status == "triggered"

    when.plays(clock, 660, broadcaster)
    when.reaps(house)
    assert house.outreach.get_campaign(campaign).status == "finished"


def test_a_paused_campaign_is_not_finished(house: House, clock: SimulatedClock) -> None:
    """Nor is it after resuming, until what was held has gone."""
    given.device(house)
    given.many_leads(house, 2)
    campaign = given.campaign(house)
    when.triggers(house)
    house.outreach.pause_campaign(campaign, actor="api:sales")
    clock.move_to(clock() + timedelta(days=1))
    when.reaps(house)
    assert house.outreach.get_campaign(campaign).status == "paused"

    house.outreach.resume_campaign(campaign, actor="api:sales")
    when.reaps(house)
    assert house.outreach.get_campaign(campaign).status == "triggered"

    when.looks(when.broadcaster(house, Phones(clock)))
    when.reaps(house)
    assert house.outreach.get_campaign(campaign).status == "finished"
