"""Who has another number now: what went to the old one is proven with the old one."""

from __future__ import annotations

from projections.container import Container
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.client import Client
from tests.support.when import Phones


def test_the_audit_says_to_which_number_a_message_went(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The list shows the number of today; the story has both."""
    given.device(container)
    lead = given.lead(container)
    given.campaign(container, body="Is {phone} yours?")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, Accepted("w.1"))))
    clock.advance(minutes=1)
    moved = operator.patch(f"/leads/{lead}", {"phone": given.phone(2)})
    assert moved.status == 200

    message = then.message(container).message_id
    (hand_over,) = operator.get(f"/audit/messages/{message}").json["hand_overs"]
    assert (hand_over["phone"], hand_over["proven"]) == (given.phone(1), True)
    assert hand_over["text"] == f"Is {given.phone(1)} yours?"
    entries = operator.get(f"/audit/leads/{lead}").json["entries"]
    (change,) = (each["words"] for each in entries if each["topic"] == "lead.phone_changed")
    assert change.startswith(f"{given.phone(2)}: ")
