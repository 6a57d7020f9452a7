"""A history in which nearly everything happens that can happen to messages and their owners."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain import lead as leads
from domain.addresses import Address
from domain.content import Content
from domain.inbound import Answer, ByHand, Preference, Renamed, Reply
from projections.container import Container
from projections.records import inbox
from runners.gateways.protocol import Rejected, Throttled, Unknown, Unreachable
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

SALES = "api:sales"
LID = Address("lid", "251556360000035@lid")


def mixed_history(container: Container, clock: SimulatedClock) -> tuple[UUID, UUID]:
    """Some hours of it; returns a sequence of three steps, entered by ten leads, and a campaign
    for twelve: the same ten, and two whose own device is retired."""
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
    _written(container)
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
    when.replies(container, ids[0], "Tell me more", "in.1")
    when.replies(container, ids[0], "Hello?", "in.2")
    when.replies(container, ids[1], "Berhenti", "in.3")
    outreach.opt_out(ids[2], "by phone", actor=SALES)
    outreach.opt_in(ids[2], "by phone", actor=SALES)
    outreach.update_lead(ids[3], leads.profile(name="Siti", niche=["B1"]), actor=SALES)
    outreach.add_trigger(ids[4], "VIP", actor=SALES)
    pending = then.messages(container, status="pending", lead_id=ids[5])
    outreach.cancel_message(pending[-1].message_id, actor=SALES)
    _what_is_heard(container, ids)


def _what_is_heard(container: Container, ids: list[UUID]) -> None:
    """People are called by other names, edit what they wrote, change their numbers, are written to
    by hand and cannot be reached; strangers say no; two leads are one person; one is forgotten."""
    outreach, now = container.outreach, container.outreach.clock()
    sent = then.messages(container, status="sent")
    device = sent[0].device_id
    user_id = Address("user_id", "MY.1349120865530200006")
    when.told(
        container,
        Reply((_digits(5), LID), "Hi", "in.10"),
        Reply((LID,), "Hello", "edit.1", edits="in.10"),
        Reply((_digits(6),), "STOP", "edit.2", edits="in.0"),
        Reply((_digits(98),), "STOP", "in.11"),
        Reply((_digits(99), user_id), "STOP", "in.12"),
        Reply((user_id,), "START", "in.13"),
        Preference((_digits(7),), True, "stop", now),
        Preference((_digits(7),), False, "resume", now),
        Renamed((_digits(7),), (_digits(77),)),
        Renamed((_digits(8),), (_digits(4),)),
        Answer(sent[0].message_id, (LID,)),
    )
    with container.database.transaction() as connection:
        by_hand = ByHand((_digits(9),), "3EB0HAND", now - timedelta(hours=1))
        inbox.put_items(connection, UUID(int=5), "gowa", [by_hand], now)
        connection.exec_driver_sql("UPDATE inbound SET device_id = %(d)s", {"d": str(device)})
    when.receives(container)
    when.told(container, Answer(sent[-1].message_id, code="131026"), gateway="cloud")
    when.told(container, Answer(sent[-1].message_id, arrived=True))
    outreach.suppress(_digits(97), "by letter", actor=SALES)
    outreach.release_suppression(outreach.suppression_id(_digits(97)), "in error", actor=SALES)
    outreach.suppress(_digits(97), "by letter again", actor=SALES)
    given.many_leads(container, 1, first=98, niche=["B2"])
    given.many_leads(container, 1, first=7, niche=["B2"])
    outreach.change_phone(ids[8], given.phone(88), "by phone", actor=SALES)
    one, other = (given.lead(container, number, ["VIP"], niche=["B2"]) for number in (31, 32))
    when.told(container, Reply((_digits(32),), "Hi", "in.14"))
    outreach.merge_leads(one, other, actor=SALES)
    when.told(container, Reply((_digits(32),), "STOP", "in.15"))
    erased = given.lead(container, 33, name="Nobody", niche=["B2"])
    when.told(container, Reply((_digits(33), Address("lid", "33@lid")), "Hi", "in.16"))
    outreach.erase_lead(erased, actor="api:boss")


def _written(container: Container) -> None:
    """Single people are written to: one message is cancelled, and one person forgotten."""
    outreach = container.outreach
    hello = Content(body="Hello {name}, it is me", media_url="https://example.com/me.png")
    outreach.write_to_lead(outreach.lead_id(given.phone(5)), hello, actor=SALES)
    second = outreach.write_to_lead(outreach.lead_id(given.phone(5)), hello, actor=SALES)
    outreach.cancel_message(second, actor=SALES)
    gone = given.lead(container, 34, name="Nobody", niche=["B2"])
    outreach.write_to_lead(gone, hello, actor=SALES)
    outreach.erase_lead(gone, actor="api:boss")


def _digits(number: int) -> Address:
    return Address("wa_id", given.phone(number).removeprefix("+"))
