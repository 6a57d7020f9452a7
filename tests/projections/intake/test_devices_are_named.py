"""Events name the device that said so, and nobody settles the messages of another one."""

from __future__ import annotations

from typing import Any

import pytest

from domain.inbound import ByHand, Receipt, Renamed, Reply
from runners.support.clocks import SimulatedClock
from tests.projections.intake.test_people_of_other_devices import HER_LID, Office, office, sends
from tests.support import then
from tests.support.heard import LID, USER, digits, says

__all__ = ["office"]


@pytest.mark.parametrize("kind", ["sent", "delivered", "read", "failed"])
def test_receipts_name_the_device_and_settle_no_others_messages(
    office: Office, clock: SimulatedClock, kind: Any
) -> None:
    container = office.container
    (message,) = sends(container, clock, "3EB0A")
    events = then.events(container)
    for receipt in (
        Receipt(kind, message.message_id, code="131026", recipient=(USER,)),
        Receipt(kind, provider_id="3EB0A", code="131026", recipient=(USER,)),
    ):
        office.hears(receipt)
    assert then.events(container) == events

    office.hears(Receipt(kind, provider_id="3EB0A"), device=office.own)
    new = then.events(container)[len(events) :]
    assert [event.device_id for event in new if event.TOPIC.startswith("message.")] == (
        [office.own] * {"sent": 0, "delivered": 1, "read": 2, "failed": 1}[kind]
    )


def test_every_event_that_a_device_causes_names_it(office: Office) -> None:
    container = office.container
    office.hears(
        says(1, "Hi", "in.1", HER_LID),
        says(1, "Hello", "edit.1", edits="in.1"),
        ByHand((digits(1),), "3EB0HAND"),
        says(1, "STOP", "in.2"),
        says(1, "START", "in.3"),
        Renamed((digits(1),), (digits(7),)),
        Reply((LID,), "STOP", "in.4"),
        Reply((LID,), "START", "in.5"),
        device=office.own,
    )

    told = [event for event in then.events(container) if event.actor == "webhook:gowa"]
    caused = {event.TOPIC: getattr(event, "device_id", None) for event in told}
    followed = ("enrollment.stopped", "message.cancelled")
    assert {topic: id_ for topic, id_ in caused.items() if topic not in followed} == dict.fromkeys(
        (
            "lead.address_learned",
            "lead.replied",
            "lead.reply_edited",
            "lead.contacted_by_hand",
            "lead.opted_out",
            "lead.opted_in",
            "lead.phone_changed",
            "suppression.address_suppressed",
            "suppression.address_released",
        ),
        office.own,
    )
