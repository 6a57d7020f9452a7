"""/webhooks/cloud: Meta tells many things of several numbers at once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from projections.container import Container
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.support import given, then
from tests.support.api import webhooks
from tests.support.api.webhooks import ACCEPTED, kept


def _change(number: str, **value: Any) -> Any:
    """Of the number that Meta calls so."""
    metadata = {"display_phone_number": "15550000000", "phone_number_id": number}
    return {"field": "messages", "value": {"metadata": metadata, **value}}


def _text(number: int, words: str, id_: str) -> Any:
    digits = given.phone(number).removeprefix("+")
    return {"from": digits, "id": id_, "type": "text", "text": {"body": words}}


@pytest.mark.parametrize("named", [True, False])
def test_everything_in_one_request_is_taken(
    container: Container, clock: SimulatedClock, app: Flask, named: bool
) -> None:
    """Two entries, four changes, six statuses and three texts, of two numbers behind one app, with
    and without our ids; the address is one number's, and a third one is of another app."""
    one = webhooks.device(container, "cloud", name="One")
    two = webhooks.device(container, "cloud", name="Two", settings={"phone_number_id": "2"})
    other = webhooks.device(container, "cloud", name="Other", secret="another-s3cret")
    ids = [f"wamid.{number}" for number in (1, 2, 3, 4)]
    messages = []
    for number, device in enumerate((one, one, two, other), start=1):
        # One campaign each, so that it is known which id is whose.
        given.lead(container, number, device_id=device, niche=(f"N{number}",))
        accepted = Accepted(kept("cloud", ids[number - 1]))
        messages += webhooks.hands_over(container, clock, "cloud", accepted, niche=(f"N{number}",))

    def status(number: int, kind: str, **more: Any) -> Any:
        ours = {"biz_opaque_callback_data": str(messages[number - 1].message_id)} if named else {}
        return {"id": ids[number - 1], "status": kind, **ours, **more}

    failed = {"errors": [{"code": 131047, "title": "Re-engagement message"}, {"code": 1}]}
    said = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "1",
                "changes": [
                    _change("1", statuses=[status(1, "read"), status(1, "delivered")]),
                    _change("1", statuses=[status(2, "failed", **failed)]),
                    {"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}},
                ],
            },
            {
                "id": "2",
                "changes": [
                    _change(
                        "2",
                        statuses=[status(3, "sent"), status(3, "delivered"), status(4, "read")],
                        messages=[_text(3, "Hi", "wamid.R1"), _text(3, "Again", "wamid.R2")],
                    ),
                    _change(
                        "2", messages=[_text(2, "stop", "wamid.R3"), _text(9, "Hi", "wamid.X")]
                    ),
                ],
            },
        ],
    }

    assert webhooks.post(app, "cloud", one, said) == ACCEPTED

    after = [then.message(container, message_id=message.message_id) for message in messages]
    now = clock()
    assert [(m.status, m.reason, m.delivered_at, m.read_at) for m in after] == [
        ("sent", None, now, now),
        ("failed", "131047", None, None),
        ("sent", None, now, None),
        ("sent", None, None, None),
    ]
    assert [event.text for event in then.events(container, "lead.replied")] == [
        "Hi",
        "Again",
        "stop",
    ]
    assert [event.evidence for event in then.events(container, "lead.opted_out")] == ["stop"]
    events = then.events(container)
    assert webhooks.post(app, "cloud", two, said) == ACCEPTED
    assert then.events(container) == events


WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "a button of a template": (
        {"type": "button", "button": {"text": "Yes", "payload": "p"}},
        "Yes",
    ),
    "a button": (
        {
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Stop"}},
        },
        "Stop",
    ),
    "a line of a list": (
        {
            "type": "interactive",
            "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "Two"}},
        },
        "Two",
    ),
    "a picture with words": ({"type": "image", "image": {"id": "5", "caption": "Look"}}, "Look"),
    "a place": ({"type": "location", "location": {"latitude": 3.1, "longitude": 101.7}}, ""),
}


@pytest.mark.parametrize("kind", list(WORDS))
def test_whatever_a_person_sends_has_the_words_that_are_in_it(
    container: Container, app: Flask, kind: str
) -> None:
    """A pressed button says what is on it, also if that is a word for stop."""
    device = webhooks.device(container, "cloud")
    lead = given.lead(container)
    more, words = WORDS[kind]

    said = webhooks.reply("cloud", given.phone(1), "", "wamid.R1", **more)
    assert webhooks.post(app, "cloud", device, said) == ACCEPTED

    (event,) = then.events(container, "lead.replied", lead)
    assert event.text == words
    assert (container.outreach.get_lead(lead).opted_out_at is not None) is (words == "Stop")


def test_a_type_that_nobody_knows_yet_is_no_reply(container: Container, app: Flask) -> None:
    """Replies are those of a list; a new type may be anything, such as a reaction."""
    device = webhooks.device(container, "cloud")
    lead = given.lead(container)

    said = webhooks.reply(
        "cloud", given.phone(1), "STOP", "wamid.R1", type="hologram", hologram={"depth": 3}
    )
    assert webhooks.post(app, "cloud", device, said) == ACCEPTED

    assert then.topics(container, lead) == ["lead.registered"]
