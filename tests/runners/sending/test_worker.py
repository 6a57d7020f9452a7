"""A message on its way: claimed, handed over if it is still wanted, sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from domain import lead as leads
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.gateways.protocol import Accepted, Outcome, Outgoing
from runners.gateways.sandbox import Sandbox
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def test_a_message_is_claimed_handed_over_and_sent(
    container: Container, clock: SimulatedClock
) -> None:
    """Through the sandbox, with an event for each step and the row to match."""
    device = given.device(container)
    lead = given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi {name}!\nhttps://example.com/?a={b}&c=1")
    when.triggers(container)

    when.looks(when.broadcaster(container, Sandbox(clock)))

    message = then.message(container)
    assert then.topics(container, message.message_id) == [
        "message.scheduled",
        "message.claimed",
        "message.queued",
        "message.sent",
    ]
    assert (message.status, message.version, message.attempt) == ("sent", 4, 1)
    assert message.provider_id == f"sandbox-{message.message_id}"
    assert (message.device_id, message.lead_id) == (device, lead)
    assert message.queued_at == message.sent_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_nothing_goes_before_it_is_due(container: Container, clock: SimulatedClock) -> None:
    """Nor a second late: it is claimed a little before and leaves on the dot."""
    given.device(container)
    given.journey(container)
    phones = Phones(clock)

    broadcaster = when.broadcaster(container, phones)

    when.plays(clock, 299, broadcaster)
    assert phones.sent == []

    when.plays(clock, 60, broadcaster)
    assert phones.moments == [datetime(2026, 3, 2, 8, 5, tzinfo=UTC)]


def test_the_text_names_the_person_and_the_phone_is_as_stored(
    container: Container, clock: SimulatedClock
) -> None:
    """Attributes and fallbacks are filled in; nothing else of the text changes."""
    given.device(container)
    given.lead(container, 1, name="Aisyah", attributes={"city": "Ipoh"})
    given.lead(container, 2)
    given.campaign(container, body="Hi {name|there}, how is {city|it}?\n\\{\\}")
    when.triggers(container)
    phones = Phones(clock)

    when.looks(when.broadcaster(container, phones))

    assert {outgoing.phone: outgoing.content.body for outgoing in phones.sent} == {
        "+60120000001": "Hi Aisyah, how is Ipoh?\n{}",
        "+60120000002": "Hi there, how is it?\n{}",
    }


class Witness(Phones):
    """A gateway that looks into the database, over a connection of its own, when it is called."""

    def __init__(self, container: Container) -> None:
        super().__init__(container.outreach.clock)
        self.container = container
        self.seen: list[tuple[str, str]] = []

    async def send(self, outgoing: Outgoing) -> Outcome:
        row = then.row(self.container, "broadcast_messages", message_id=outgoing.message_id)
        self.seen.append((row.status, then.topics(self.container, outgoing.message_id)[-1]))
        return await super().send(outgoing)


def test_the_hand_over_is_in_the_database_before_the_gateway_is_called(
    container: Container,
) -> None:
    """Whoever is killed during a call leaves a message that says so, and nobody sends it again."""
    given.device(container)
    given.many_leads(container, 3)
    given.campaign(container)
    when.triggers(container)
    gateway = Witness(container)

    when.looks(when.broadcaster(container, gateway))

    assert gateway.seen == [("queued", "message.queued")] * 3


def test_a_hand_over_that_cannot_be_recorded_calls_no_gateway(
    container: Container, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away at that moment: the message keeps its place and goes afterwards."""
    given.device(container)
    given.lead(container)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.claims(broadcaster)

    def away(*_: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patched:
        patched.setattr(container.outreach, "record", away)
        with pytest.raises(OperationalError):
            when.hands_over(broadcaster)
    assert phones.sent == []

    when.hands_over(broadcaster)
    assert len(phones.sent) == 1


def test_what_is_due_goes_with_the_claim_and_what_has_no_room_after_it(
    container: Container, clock: SimulatedClock
) -> None:
    """A device may have 32 calls on their way; the others keep their order behind them."""
    given.device(container)
    given.many_leads(container, 40)
    given.campaign(container)
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)

    claimed = broadcaster.claim(broadcaster.claim_request())

    assert (len(claimed.dispatched.outgoing), len(claimed.slots)) == (32, 8)
    assert then.statuses(container) == {"queued": 32, "processing": 8}
    when.sends_claimed(broadcaster, claimed)
    when.hands_over(broadcaster)
    assert then.statuses(container) == {"sent": 40}
    assert not any(rebuild(container.database).values())


def test_what_is_unwanted_is_not_handed_over_with_the_claim(
    container: Container, clock: SimulatedClock
) -> None:
    """It expired while it was pending; what is wanted goes."""
    given.device(container)
    given.many_leads(container, 2)
    given.campaign(container, expires_after_hours=1)
    when.triggers(container)
    clock.move_to(clock() + timedelta(hours=2))
    given.campaign(container)
    when.triggers(container)
    broadcaster = when.broadcaster(container, Phones(clock))

    claimed = broadcaster.claim(broadcaster.claim_request())

    assert (len(claimed.dispatched.outgoing), claimed.slots) == (2, [])
    assert then.statuses(container) == {"cancelled": 2, "queued": 2}
    assert not any(rebuild(container.database).values())


def test_a_new_text_reaches_all_that_is_not_handed_over(
    container: Container, clock: SimulatedClock
) -> None:
    """Step 2 is rewritten after step 1 went and a moment before its own slot."""
    given.device(container)
    sequence = given.journey(container, "One", "Two", name="Aisyah")
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    when.plays(clock, 600, broadcaster)
    clock.move_to(datetime(2026, 3, 3, 8, 4, 56, tzinfo=UTC))
    assert when.claims(broadcaster) == 1

    for number in (1, 2):
        container.outreach.revise_step(sequence, number, body="New for {name}", actor="api:sales")
    lead = then.table(container, "leads")[0].lead_id
    container.outreach.update_lead(lead, leads.profile(name="Siti"), actor="api:sales")
    when.plays(clock, 60, broadcaster)

    assert phones.texts == ["One", "New for Siti"]
    first, second = then.events(container, "message.queued")
    assert (first.content_id, first.lead_version) == (f"{sequence}:1:1", 2)
    assert (second.content_id, second.lead_version) == (f"{sequence}:4:2", 3)


def test_messages_of_a_gateway_that_this_worker_does_not_have_are_left_to_others(
    container: Container, clock: SimulatedClock
) -> None:
    """A worker of another version, with other gateways, takes nothing that it cannot send."""
    given.device(container)
    given.lead(container)
    given.campaign(container)
    when.triggers(container)
    stranger = when.broadcaster(container, Phones(clock))
    stranger.gateways = {"gowa": Phones(clock, Accepted("x"))}

    assert when.claims(stranger) == 0
    assert then.statuses(container) == {"pending": 1}
