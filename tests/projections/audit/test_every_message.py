"""After a mixed week every message can be explained, and every text is the one that was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from projections.audit import message_trail
from projections.config.settings import Settings
from projections.container import Container
from runners.process.simulation import Simulation
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api.given import SECRET_KEY

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LEADS = 100
UNRELIABLE = {
    "seed": 7,
    "fail_rate": 0.1,
    "throttle_rate": 0.1,
    "timeout_rate": 0.1,
    "receipts": True,
    "replies": 0.1,
}


def a_mixed_week(container: Container, clock: SimulatedClock) -> None:
    """A sequence of four steps and a campaign; edits, opt-outs, retries and resolutions between."""
    for name in ("Sales 1", "Sales 2"):
        given.device(container, name, pace=(1, 3), settings=UNRELIABLE)
    leads = given.many_leads(container, LEADS, ["COLD"], name="Aisyah", attributes={"city": "Ipoh"})
    sequence = given.sequence(
        container, "COLD", ["1 {name}", "2 {city|x}", "3 {phone}", "4 {nothing|there}"]
    )
    campaign = given.campaign(container, at=START + timedelta(hours=1), body="Hi {name} in {city}")
    simulation = Simulation(container, clock)
    simulation.play(START + timedelta(hours=1, minutes=2))
    container.outreach.revise_step(sequence, 2, body="2b {name} of {city}", actor="api:sales")
    container.outreach.revise_campaign(
        campaign, lambda d: given.changed(d, body="Hello {name|you}"), actor="api:sales"
    )
    for number, lead in enumerate(leads):
        if number % 10 == 0:
            container.outreach.update_lead(
                lead, lambda p: given.changed(p, name="Aisyah B."), actor="api:sales"
            )
        if number % 17 == 0:
            container.outreach.opt_out(lead, "said so", actor="api:sales")
    simulation.play(START + timedelta(days=2))
    for message in then.messages(container, status="failed"):
        container.outreach.retry_message(message.message_id, actor="api:sales")
    for message in then.messages(container, status="unknown")[::2]:
        container.outreach.resolve_message(
            message.message_id, "retried", "asked", actor="api:sales"
        )
    simulation.play(START + timedelta(days=6))


def test_every_chain_is_complete_and_every_text_is_proven(database_url: str) -> None:
    clock = SimulatedClock(START)
    with Container(Settings(database_url=database_url, secret_key=SECRET_KEY), clock) as container:
        a_mixed_week(container, clock)
        messages = then.messages(container)
        statuses = then.statuses(container)
        handed_over: list[int] = []
        for message in messages:
            trail = message_trail.message_trail(
                container.outreach, container.database, message.message_id
            )
            own = [e for e in trail.entries if e.originator_id == message.message_id]
            assert [e.originator_version for e in own] == list(range(1, message.version + 1))
            assert own[0].topic == "message.scheduled"
            assert (trail.status, trail.cause.lead_version >= 1) == (message.status, True)
            assert len(trail.hand_overs) == sum(e.topic == "message.queued" for e in own)
            assert all(hand_over.proven for hand_over in trail.hand_overs)
            handed_over.append(len(trail.hand_overs))
            origin = "campaign.triggered" if message.campaign_id else "enrollment.lead_enrolled"
            topics = {e.topic for e in trail.entries}
            assert {origin, "lead.registered"} <= topics

        (campaign,) = then.table(container, "campaigns")

    assert campaign.scheduled + sum(campaign.excluded.values()) == LEADS
    assert len(messages) == 4 * LEADS + campaign.scheduled
    assert min(handed_over) == 0 < 1 < max(handed_over)
    assert statuses.keys() >= {"sent", "cancelled", "unknown"}
