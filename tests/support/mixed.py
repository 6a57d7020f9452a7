"""A history in which nearly everything happens that can happen to messages and their owners."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain import lead as leads
from projections.container import Container
from runners.gateways.protocol import Rejected, Throttled, Unknown, Unreachable
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

SALES = "api:sales"


def mixed_history(container: Container, clock: SimulatedClock) -> tuple[UUID, UUID]:
    """Some hours of it; returns a sequence of three steps, entered by ten leads, and a campaign
    for the same ten of twelve leads that matched."""
    outreach = container.outreach
    given.settings(container, max_attempts=2, broadcast_every=30)
    device = given.device(container, "Sales 1", pace=(5, 15), timezone="Asia/Kuala_Lumpur")
    retired = given.device(container, "Old")
    given.many_leads(container, 10, ["COLD"], name="Aisyah", niche=["B1"], device_id=device)
    given.many_leads(container, 2, first=21, device_id=retired, niche=["B1"])
    sequence = given.sequence(container, "COLD", ["One", "Two", "Three"], next_trigger="WARM")
    stopped = given.sequence(container, "cold", ["Uno"], first_delay_minutes=60 * 24)
    when.enrolls(container)
    cancelled = given.campaign(container, name="Cancelled", at=clock() + timedelta(hours=1))
    when.triggers(container)
    outreach.retire_device(retired, actor="api:admin")
    outreach.cancel_campaign(cancelled, actor=SALES)

    phones = Phones(
        clock,
        Rejected("131026", "not on WhatsApp"),
        Throttled(30.0),
        Unknown("silence"),
        Unknown("silence"),
        Unknown("silence"),
        Unknown("silence"),
        Unreachable("refused"),
        Unreachable("refused"),
        Unreachable("refused"),
        Unreachable("refused"),
    )
    broadcaster = when.broadcaster(container, phones)
    clock.advance(minutes=4, seconds=45)
    stopping = when.broadcaster(container, phones, "worker 2")
    assert when.claims(stopping)
    assert stopping.release()
    when.plays(clock, 45, broadcaster)
    outreach.pause_sequence(sequence, actor=SALES)
    when.plays(clock, 60, broadcaster)
    outreach.resume_sequence(sequence, actor=SALES)
    when.plays(clock, 600, broadcaster)
    _settle(container)

    campaign = given.campaign(container, niche=("b1",), min_delay_seconds=20, max_delay_seconds=30)
    when.triggers(container, chunk=4)
    when.plays(clock, 60, broadcaster)
    outreach.pause_campaign(campaign, actor=SALES)
    outreach.revise_step(sequence, 2, body="Two, anew", actor=SALES)
    when.plays(clock, 60, broadcaster)
    outreach.resume_campaign(campaign, actor=SALES)
    when.plays(clock, 60, broadcaster)
    _people(container, phones)
    outreach.deactivate_sequence(stopped, cancel_pending=True, actor=SALES)
    outreach.disconnect_device(device, "logged out", actor="runner:monitor:test")
    when.plays(clock, 60, broadcaster)
    when.reaps(container)
    outreach.connect_device(device, actor="runner:monitor:test")
    # Too short for a third call that fails, which would make the device offline again.
    when.plays(clock, 9, broadcaster)
    when.claims(broadcaster)
    return sequence, campaign


def _settle(container: Container) -> None:
    """An operator goes through what failed and what is unknown."""
    unknown = then.messages(container, status="unknown")
    for message, resolution in zip(unknown, ("sent", "failed", "retried"), strict=False):
        container.outreach.resolve_message(message.message_id, resolution, "asked", actor=SALES)
    for message in then.messages(container, reason="131026"):
        container.outreach.retry_message(message.message_id, actor=SALES)


def _people(container: Container, phones: Phones) -> None:
    """They read, answer, go away, come back, and change their names."""
    outreach = container.outreach
    ids = [outreach.lead_id(given.phone(number)) for number in range(1, 11)]
    for message in then.messages(container, status="sent")[:4]:
        when.receipt(container, message.message_id, "delivered")
        when.receipt(container, message.message_id, "read")
    outreach.record_reply(ids[0], "Tell me more", "in.1", actor="webhook:gowa")
    outreach.record_reply(ids[0], "Hello?", "in.2", actor="webhook:gowa")
    outreach.record_reply(ids[1], "Berhenti", "in.3", actor="webhook:gowa")
    outreach.opt_out(ids[2], "by phone", actor=SALES)
    outreach.opt_in(ids[2], "by phone", actor=SALES)
    outreach.update_lead(ids[3], leads.profile(name="Siti", niche=["B1"]), actor=SALES)
    outreach.add_trigger(ids[4], "VIP", actor=SALES)
    pending = then.messages(container, status="pending", lead_id=ids[5])
    outreach.cancel_message(pending[-1].message_id, actor=SALES)
