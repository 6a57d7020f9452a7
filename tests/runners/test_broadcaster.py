"""A message on its way: claimed, handed over if it is still wanted, sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from domain import lead as leads
from projections.container import House
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import Accepted, Outcome, Outgoing
from runners.gateways.sandbox import Sandbox
from runners.support.clocks import SimulatedClock
from tests.runners import given, then, when
from tests.runners.when import Phones


def test_a_message_is_claimed_handed_over_and_sent(house: House, clock: SimulatedClock) -> None:
    """Through the sandbox, with an event for each step and the row to match."""
    device = given.device(house)
    lead = given.lead(house, name="Aisyah")
    given.campaign(house, body="Hi {name}!\nhttps://example.com/?a={b}&c=1")
    when.triggers(house)

    when.looks(when.broadcaster(house, Sandbox(clock)))

    message = then.message(house)
    assert then.topics(house, message.message_id) == [
        "message.scheduled",
        "message.claimed",
        "message.queued",
        "message.sent",
    ]
    assert (message.status, message.version, message.attempt) == ("sent", 4, 1)
    assert message.provider_id == f"sandbox-{message.message_id}"
    assert (message.device_id, message.lead_id) == (device, lead)
    assert message.queued_at == message.sent_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_nothing_goes_before_it_is_due(house: House, clock: SimulatedClock) -> None:
    """Nor a second late: it is claimed a little before and leaves on the dot."""
    given.device(house)
    given.journey(house)
    phones = Phones(clock)

    broadcaster = when.broadcaster(house, phones)

    when.plays(clock, 299, broadcaster)
    assert phones.sent == []

    when.plays(clock, 60, broadcaster)
    assert phones.moments == [datetime(2026, 3, 2, 8, 5, tzinfo=UTC)]


def test_the_text_names_the_person_and_the_phone_is_as_stored(
    house: House, clock: SimulatedClock
) -> None:
    """Attributes and fallbacks are filled in; nothing else of the text changes."""
    given.device(house)
    given.lead(house, 1, name="Aisyah", attributes={"city": "Ipoh"})
    given.lead(house, 2)
    given.campaign(house, body="Hi {name|there}, how is {city|it}?\n{}")
    when.triggers(house)
    phones = Phones(clock)

    when.looks(when.broadcaster(house, phones))

    assert {outgoing.phone: outgoing.text for outgoing in phones.sent} == {
        "+60120000001": "Hi Aisyah, how is Ipoh?\n{}",
        "+60120000002": "Hi there, how is it?\n{}",
    }


class Witness(Phones):
    """A gateway that looks into the database, over a connection of its own, when it is called."""

    def __init__(self, house: House) -> None:
        super().__init__(house.outreach.clock)
        self.house = house
        self.seen: list[tuple[str, str]] = []

    async def send(self, outgoing: Outgoing) -> Outcome:
        row = then.row(self.house, "broadcast_messages", message_id=outgoing.message_id)
        self.seen.append((row.status, then.topics(self.house, outgoing.message_id)[-1]))
        return await super().send(outgoing)


def test_the_hand_over_is_in_the_database_before_the_gateway_is_called(house: House) -> None:
    """Whoever is killed during a call leaves a message that says so, and nobody sends it again."""
    given.device(house)
    given.many_leads(house, 3)
    given.campaign(house)
    when.triggers(house)
    gateway = Witness(house)

    when.looks(when.broadcaster(house, gateway))

    assert gateway.seen == [("queued", "message.queued")] * 3


def test_a_hand_over_that_cannot_be_recorded_calls_no_gateway(
    house: House, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away at that moment: the message keeps its place and goes afterwards."""
    given.device(house)
    given.lead(house)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)
    broadcaster.claim()

    def away(*_: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patched:
        patched.setattr(house.outreach, "record", away)
        with pytest.raises(OperationalError):
            when.hands_over(broadcaster)
    assert phones.sent == []

    when.hands_over(broadcaster)
    assert len(phones.sent) == 1


def test_what_is_due_goes_with_the_claim_and_what_has_no_room_after_it(
    house: House, clock: SimulatedClock
) -> None:
    """A device may have 32 calls on their way; the others keep their order behind them."""
    given.device(house)
    given.many_leads(house, 40)
    given.campaign(house)
    when.triggers(house)
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)

    taken = broadcaster.look(broadcaster.behind(), broadcaster.room())
    broadcaster.hold(taken.slots)

    assert (len(taken.handed.outgoing), len(taken.slots)) == (32, 8)
    assert then.statuses(house) == {"queued": 32, "processing": 8}
    when.sends(broadcaster, broadcaster.handed(taken.handed))
    when.hands_over(broadcaster)
    assert then.statuses(house) == {"sent": 40}
    assert not any(rebuild(house.database).values())


def test_what_is_unwanted_is_not_handed_over_with_the_claim(
    house: House, clock: SimulatedClock
) -> None:
    """It expired while it was pending; what is wanted goes."""
    given.device(house)
    given.many_leads(house, 2)
    given.campaign(house, expires_after_hours=1)
    when.triggers(house)
    clock.move_to(clock() + timedelta(hours=2))
    given.campaign(house)
    when.triggers(house)
    broadcaster = when.broadcaster(house, Phones(clock))

    taken = broadcaster.look(broadcaster.behind(), broadcaster.room())

    assert (len(taken.handed.outgoing), taken.slots) == (2, [])
    assert then.statuses(house) == {"cancelled": 2, "queued": 2}
    assert not any(rebuild(house.database).values())


def test_a_new_text_reaches_all_that_is_not_handed_over(
    house: House, clock: SimulatedClock
) -> None:
    """Step 2 is rewritten after step 1 went and a moment before its own slot."""
    given.device(house)
    sequence = given.journey(house, "One", "Two", name="Aisyah")
    phones = Phones(clock)
    broadcaster = when.broadcaster(house, phones)
    when.plays(clock, 600, broadcaster)
    clock.move_to(datetime(2026, 3, 3, 8, 4, 56, tzinfo=UTC))
    assert broadcaster.claim() == 1

    for number in (1, 2):
        house.outreach.revise_step(sequence, number, body="New for {name}", actor="api:sales")
    lead = then.table(house, "leads")[0].lead_id
    house.outreach.update_lead(lead, leads.profile(name="Siti"), actor="api:sales")
    when.plays(clock, 60, broadcaster)

    assert phones.texts == ["One", "New for Siti"]
    first, second = then.events(house, "message.queued")
    assert (first.content_id, first.lead_version) == (f"{sequence}:1:1", 2)
    assert (second.content_id, second.lead_version) == (f"{sequence}:4:2", 3)


def test_messages_of_a_gateway_that_this_worker_does_not_have_are_left_to_others(
    house: House, clock: SimulatedClock
) -> None:
    """A worker of another version, with other gateways, takes nothing that it cannot send."""
    given.device(house)
    given.lead(house)
    given.campaign(house)
    when.triggers(house)
    stranger = when.broadcaster(house, Phones(clock))
    stranger.gateways = {"gowa": Phones(clock, Accepted("x"))}

    assert stranger.claim() == 0
    assert then.statuses(house) == {"pending": 1}
