"""A history in which nearly everything happens that can happen to messages and their owners."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain import lead as leads
from projections.container import House
from runners.gateways.protocol import Rejected, Throttled, Unknown, Unreachable
from runners.support.clocks import SimulatedClock
from tests.runners import given, then, when
from tests.runners.when import Phones

SALES = "api:sales"


def mixed_history(house: House, clock: SimulatedClock) -> tuple[UUID, UUID]:
    """Some hours of it; returns a sequence of three steps, entered by ten leads, and a campaign
    for the same ten of twelve leads that matched."""
    outreach = house.outreach
    given.settings(house, max_attempts=2, broadcast_every=30)
    device = given.device(house, "Sales 1", pace=(5, 15), timezone="Asia/Kuala_Lumpur")
    retired = given.device(house, "Old")
    given.many_leads(house, 10, ["COLD"], name="Aisyah", niche=["B1"], device_id=device)
    given.many_leads(house, 2, first=21, device_id=retired, niche=["B1"])
    sequence = given.sequence(house, "COLD", ["One", "Two", "Three"], next_trigger="WARM")
    stopped = given.sequence(house, "cold", ["Uno"], first_delay_minutes=60 * 24)
    when.enrolls(house)
    cancelled = given.campaign(house, name="Cancelled", at=clock() + timedelta(hours=1))
    when.triggers(house)
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
    broadcaster = when.broadcaster(house, phones)
    clock.advance(minutes=4)
    when.plays(clock, 90, broadcaster)
    outreach.pause_sequence(sequence, actor=SALES)
    when.plays(clock, 60, broadcaster)
    outreach.resume_sequence(sequence, actor=SALES)
    when.plays(clock, 600, broadcaster)
    _settle(house)

    campaign = given.campaign(house, niche=("b1",), min_delay_seconds=20, max_delay_seconds=30)
    when.triggers(house, chunk=4)
    when.plays(clock, 60, broadcaster)
    outreach.pause_campaign(campaign, actor=SALES)
    outreach.revise_step(sequence, 2, body="Two, anew", actor=SALES)
    when.plays(clock, 60, broadcaster)
    outreach.resume_campaign(campaign, actor=SALES)
    when.plays(clock, 60, broadcaster)
    _people(house, phones)
    outreach.deactivate_sequence(stopped, cancel_pending=True, actor=SALES)
    outreach.disconnect_device(device, "logged out", actor="runner:monitor:test")
    when.plays(clock, 60, broadcaster)
    when.reaps(house)
    outreach.connect_device(device, actor="runner:monitor:test")
    when.plays(clock, 12, broadcaster)
    broadcaster.claim()
    return sequence, campaign


def _settle(house: House) -> None:
    """An operator goes through what failed and what is unknown."""
    unknown = then.messages(house, status="unknown")
    for message, resolution in zip(unknown, ("sent", "failed", "retried"), strict=False):
        house.outreach.resolve_message(message.message_id, resolution, "asked", actor=SALES)
    for message in then.messages(house, reason="131026"):
        house.outreach.retry_message(message.message_id, actor=SALES)


def _people(house: House, phones: Phones) -> None:
    """They read, answer, go away, come back, and change their names."""
    outreach = house.outreach
    ids = [outreach.lead_id(given.phone(number)) for number in range(1, 11)]
    for message in then.messages(house, status="sent")[:4]:
        when.receipt(house, message.message_id, "delivered")
        when.receipt(house, message.message_id, "read")
    outreach.record_reply(ids[0], "Tell me more", "in.1", actor="webhook:gowa")
    outreach.record_reply(ids[0], "Hello?", "in.2", actor="webhook:gowa")
    outreach.record_reply(ids[1], "Berhenti", "in.3", actor="webhook:gowa")
    outreach.opt_out(ids[2], "by phone", actor=SALES)
    outreach.opt_in(ids[2], "by phone", actor=SALES)
    outreach.update_lead(ids[3], leads.profile(name="Siti", niche=["B1"]), actor=SALES)
    outreach.add_trigger(ids[4], "VIP", actor=SALES)
    pending = then.messages(house, status="pending", lead_id=ids[5])
    outreach.cancel_message(pending[-1].message_id, actor=SALES)
