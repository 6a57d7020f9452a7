"""Journeys and campaigns end when their last message has ended, never before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.message.events import Resolution
from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected, Throttled, Unknown
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def test_a_journey_is_completed_after_its_last_message_and_not_before(
    container: Container, clock: SimulatedClock
) -> None:
    """Two steps, a day apart; then the lead gets the trigger of the next sequence."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    sequence = given.sequence(container, "COLD", ["One", "Two"], next_trigger="WARM")
    when.enrolls(container)
    broadcaster = when.broadcaster(container, Phones(clock))

    when.plays(clock, 600, broadcaster)
    when.reaps(container)
    assert then.row(container, "enrollments", sequence_id=sequence).status == "active"
    assert container.outreach.get_lead(lead).triggers == ()

    clock.move_to(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    when.plays(clock, 600, broadcaster)
    when.reaps(container)
    enrollment = then.row(container, "enrollments", sequence_id=sequence)
    assert (enrollment.status, enrollment.ended_at) == ("completed", clock())
    assert container.outreach.get_lead(lead).triggers == ("WARM",)


def test_one_sequence_leads_to_the_next(container: Container, clock: SimulatedClock) -> None:
    """COLD, WARM, HOT: each begins when the one before is over."""
    given.device(container)
    given.lead(container, triggers=["COLD"])
    for trigger, following in (("COLD", "WARM"), ("WARM", "HOT"), ("HOT", None)):
        given.sequence(container, trigger, [trigger], next_trigger=following)
    broadcaster = when.broadcaster(container, phones := Phones(clock))

    for _ in range(4):
        when.enrolls(container)
        when.plays(clock, 600, broadcaster)
        when.reaps(container)

    assert phones.texts == ["COLD", "WARM", "HOT"]
    assert {e.status for e in then.table(container, "enrollments")} == {"completed"}


def ending(container: Container) -> tuple[str, str | None]:
    """How the only journey stands, and why it was stopped."""
    (journey,) = then.table(container, "enrollments")
    return journey.status, journey.reason


@pytest.mark.parametrize(
    ("resolution", "ended"),
    [("sent", ("completed", None)), ("failed", ("stopped", "undeliverable"))],
)
def test_a_deferred_message_keeps_its_journey_open_and_so_does_an_unknown_one(
    container: Container, clock: SimulatedClock, resolution: Resolution, ended: tuple[str, str]
) -> None:
    """What will be tried again has not ended. Of what nobody knows it may turn out that every step
    was sent."""
    given.device(container)
    given.journey(container, "One")
    broadcaster = when.broadcaster(
        container, Phones(clock, Throttled(3600.0), Unknown("no answer"))
    )

    when.plays(clock, 600, broadcaster)
    when.reaps(container)
    assert ending(container) == ("active", None)

    when.plays(clock, 3600, broadcaster)
    when.reaps(container)
    unknown = then.message(container, status="unknown")
    assert ending(container) == ("active", None)

    container.outreach.resolve_message(unknown.message_id, resolution, "asked", actor="api:sales")
    when.reaps(container)
    assert ending(container) == ended


def test_journeys_that_wait_for_an_outcome_are_in_nobodys_way(
    container: Container, clock: SimulatedClock
) -> None:
    """However many there are: the one behind them ends."""
    given.device(container)
    given.many_leads(container, 3, ["COLD"])
    given.sequence(container, "COLD", ["One"])
    when.enrolls(container)
    silence = Unknown("no answer")
    when.plays(clock, 600, when.broadcaster(container, Phones(clock, silence, silence, silence)))
    last = max(then.messages(container), key=lambda m: m.enrollment_id)
    container.outreach.resolve_message(last.message_id, "sent", "asked", actor="api:sales")

    when.reaps(container, chunk=1)

    ended = [e.enrollment_id for e in then.table(container, "enrollments") if e.ended_at]
    assert ended == [last.enrollment_id]


def test_a_journey_of_which_one_step_was_not_sent_is_not_completed(
    container: Container, clock: SimulatedClock
) -> None:
    """The second of three steps failed: its lead is not passed on, and the others go all the
    same."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    steps = {"delay_hours": 0.1}
    given.sequence(container, "COLD", ["One", "Two", "Three"], step=steps, next_trigger="WARM")
    when.enrolls(container)
    phones = Phones(clock, Accepted("1"), Rejected("131026", "not on WhatsApp"))

    when.plays(clock, 3600, when.broadcaster(container, phones))
    when.reaps(container)

    assert phones.texts == ["One", "Two", "Three"]
    assert ending(container) == ("stopped", "undeliverable")
    assert container.outreach.get_lead(lead).triggers == ()


def test_a_step_that_is_retried_in_time_completes_its_journey(
    container: Container, clock: SimulatedClock
) -> None:
    """It was sent in the end, before anybody looked."""
    given.device(container)
    given.journey(container, "One")
    broadcaster = when.broadcaster(container, Phones(clock, Rejected("500", "no")))
    when.plays(clock, 600, broadcaster)
    failed = then.message(container, status="failed")

    container.outreach.retry_message(failed.message_id, actor="api:sales")
    when.plays(clock, 60, broadcaster)
    when.reaps(container)

    assert ending(container) == ("completed", None)


def test_a_retry_after_the_end_is_sent_and_the_end_stays(
    container: Container, clock: SimulatedClock
) -> None:
    """An operator may still send what failed, but the journey is over, and passes nobody on."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    given.sequence(container, "COLD", ["One"], next_trigger="WARM")
    when.enrolls(container)
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 600, broadcaster)
    when.reaps(container)
    failed = then.message(container, status="failed")

    container.outreach.retry_message(failed.message_id, actor="api:sales")
    when.plays(clock, 60, broadcaster)
    when.reaps(container)

    assert phones.texts == ["One", "One"]
    assert then.statuses(container) == {"sent": 1}
    assert ending(container) == ("stopped", "undeliverable")
    assert container.outreach.get_lead(lead).triggers == ()


def test_a_retry_after_a_wish_is_not_sent(container: Container, clock: SimulatedClock) -> None:
    """The first step failed, then somebody stopped the journey: that counts for a retry too."""
    given.device(container)
    given.journey(container, "One", "Two")
    phones = Phones(clock, Rejected("131026", "not on WhatsApp"))
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 600, broadcaster)
    (journey,) = then.table(container, "enrollments")
    container.outreach.stop_enrollment(journey.enrollment_id, actor="api:sales")
    failed = then.message(container, status="failed")

    container.outreach.retry_message(failed.message_id, actor="api:sales")
    when.plays(clock, 60, broadcaster)

    assert phones.texts == ["One"]
    assert [(m.status, m.reason) for m in then.messages(container)] == [
        ("cancelled", "operator"),
        ("cancelled", "operator"),
    ]


def test_a_stopped_sequence_stops_its_journeys_and_passes_nobody_on(
    container: Container, clock: SimulatedClock
) -> None:
    """Who stops a sequence does not want its leads in the next one."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"])
    sequence = given.sequence(container, "COLD", ["One", "Two"], next_trigger="WARM")
    when.enrolls(container)
    when.plays(clock, 600, when.broadcaster(container, Phones(clock)))

    container.outreach.deactivate_sequence(sequence, cancel_pending=True, actor="api:sales")
    when.reaps(container)

    enrollment = then.row(container, "enrollments", sequence_id=sequence)
    assert (enrollment.status, enrollment.reason) == ("stopped", "sequence_cancelled")
    assert container.outreach.get_lead(lead).triggers == ()


def test_who_opted_out_or_replied_is_not_passed_on(container: Container) -> None:
    """A journey that was stopped is not completed."""
    given.device(container)
    given.sequence(container, "COLD", ["One", "Two"], next_trigger="WARM")
    out, answered = (given.lead(container, number, ["COLD"]) for number in (1, 2))
    when.enrolls(container)

    container.outreach.opt_out(out, "STOP", actor="webhook:gowa")
    when.replies(container, answered, "Call me", "wamid.in.1")
    when.reaps(container)

    assert {(e.lead_id, e.status, e.reason) for e in then.table(container, "enrollments")} == {
        (out, "stopped", "opted_out"),
        (answered, "stopped", "replied"),
    }
    assert container.outreach.get_lead(answered).triggers == ()


def test_a_campaign_is_finished_only_when_nothing_is_open(
    container: Container, clock: SimulatedClock
) -> None:
    """Not while anything is pending, processing or queued; failed and unknown have ended."""
    given.device(container)
    given.many_leads(container, 3)
    campaign = given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(
        container, Phones(clock, Rejected("x", "no"), Unknown("silence"))
    )

    seen = []
    when.reaps(container)
    seen.append((then.statuses(container), container.outreach.get_campaign(campaign).status))
    when.claims(broadcaster)
    when.reaps(container)
    seen.append((then.statuses(container), container.outreach.get_campaign(campaign).status))
    outgoing = when.dispatches(broadcaster)
    when.reaps(container)
    seen.append((then.statuses(container), container.outreach.get_campaign(campaign).status))
    assert seen == [
        ({"pending": 3}, "triggered"),
        ({"processing": 3}, "triggered"),
        ({"queued": 3}, "triggered"),
    ]

    when.sends(broadcaster, outgoing)
    when.reaps(container)
    assert then.statuses(container) == {"sent": 1, "failed": 1, "unknown": 1}
    assert container.outreach.get_campaign(campaign).status == "finished"


def test_a_deferred_message_keeps_its_campaign_open(
    container: Container, clock: SimulatedClock
) -> None:
    """Until it has gone or failed for good."""
    given.device(container)
    given.lead(container)
    campaign = given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(container, Phones(clock, Throttled(600.0)))

    when.looks(broadcaster)
    when.reaps(container)
    assert container.outreach.get_campaign(campaign).status == "triggered"

    when.plays(clock, 660, broadcaster)
    when.reaps(container)
    assert container.outreach.get_campaign(campaign).status == "finished"


def test_a_paused_campaign_is_not_finished(container: Container, clock: SimulatedClock) -> None:
    """Nor is it after resuming, until what was held has gone."""
    given.device(container)
    given.many_leads(container, 2)
    campaign = given.campaign(container)
    when.triggers(container)
    container.outreach.pause_campaign(campaign, actor="api:sales")
    clock.move_to(clock() + timedelta(days=1))
    when.reaps(container)
    assert container.outreach.get_campaign(campaign).status == "paused"

    container.outreach.resume_campaign(campaign, actor="api:sales")
    when.reaps(container)
    assert container.outreach.get_campaign(campaign).status == "triggered"

    when.looks(when.broadcaster(container, Phones(clock)))
    when.reaps(container)
    assert container.outreach.get_campaign(campaign).status == "finished"
