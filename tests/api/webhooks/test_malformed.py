"""/webhooks: whatever comes, it is no fault of ours, and what is good in it counts."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import given as given_any
from hypothesis import settings as examples
from hypothesis import strategies as st

from projections.container import Container
from runners.gateways.protocol import Accepted
from runners.support.clocks import SimulatedClock
from tests.api.webhooks import malformed
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.webhooks import ACCEPTED, FORM, GATEWAYS, WITH_RECEIPTS

PHONE = given.phone(1)
DIGITS = PHONE.removeprefix("+")

# Neither a JSON object nor a form.
NO_OBJECT: dict[str, bytes] = {
    "nothing": b"",
    "a word": b"hello",
    "half of an object": b'{"event": "message", "payload": {"id": "3EB',
    "an array": b"[{}]",
    "a string": b'"event"',
    "a number": b"7",
    "null": b"null",
    "no UTF-8": b'{"event": "\xff\xfe"}',
    "NUL": b'{"event": "a\0b"}',
    "a number without end": b'{"id": ' + b"9" * 100_000 + b"}",
    "deep arrays": b"[" * 200_000,
    "deep objects": b'{"payload":' * 60_000,
    "deep and whole": b'{"entry":' * 50_000 + b"1" + b"}" * 50_000,
    "a little too deep": b'{"entry":' * 65 + b"1" + b"}" * 65,
    "two objects": b"{}{}",
}


class Quiet(NamedTuple):
    """What a request that is not understood leaves as it was."""

    events: int
    early: int


def _stored(container: Container) -> Quiet:
    return Quiet(len(then.events(container)), then.count(container.database, "early_receipts"))


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_what_is_no_object_is_refused(container: Container, app: Flask, gateway: str) -> None:
    """With the proof of where it comes from, and with nothing recorded."""
    device = webhooks.device(container, gateway)
    before = _stored(container)

    answers = {
        name: webhooks.post(app, gateway, device, body).status for name, body in NO_OBJECT.items()
    }

    assert answers == dict.fromkeys(NO_OBJECT, 400)
    assert _stored(container) == before


@pytest.mark.parametrize("gateway", WITH_RECEIPTS)
def test_an_odd_receipt_is_no_fault(container: Container, app: Flask, gateway: str) -> None:
    """Something odd in every place of a receipt, one after the other. What is kept for later
    names a message that may still come; nothing else is."""
    device = webhooks.device(container, gateway)
    said = webhooks.receipt(gateway, "delivered", "3EB0A1")
    if gateway == "cloud":
        errors = [{"code": 131026, "title": "Message undeliverable"}]
        said = webhooks.receipt("cloud", "failed", "3EB0A1", errors=errors)
    before = _stored(container)

    for wrong in malformed.variants(said):
        assert webhooks.post(app, gateway, device, wrong) == ACCEPTED, str(wrong)[:300]

    assert _stored(container).events == before.events
    for row in then.table(container, "early_receipts"):
        assert 0 < len(row.provider_id) <= 500
        assert row.kind in ("sent", "delivered", "read", "failed")


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_an_odd_reply_is_no_fault(container: Container, app: Flask, gateway: str) -> None:
    """Something odd in every place of a reply. Whatever of it is the lead's is taken; then its
    text is a text. The answer says no more than that it came: it is recorded after it."""
    device = webhooks.device(container, gateway)
    lead = given.lead(container)
    said = webhooks.reply(gateway, PHONE, "Who is this?", "3EB0R1")

    for wrong in malformed.variants(said):
        answer = webhooks.post(app, gateway, device, wrong)
        assert answer == ACCEPTED, str(wrong)[:300]

    replies = then.events(container, "lead.replied", lead)
    assert len(replies) > 0
    assert then.table(container, "inbound") == then.table(container, "quarantine") == []
    assert all(isinstance(reply.text, str) and len(reply.text) <= 10_000 for reply in replies)
    assert all(0 < len(reply.provider_id) <= 500 for reply in replies)
    assert then.events(container, "lead.opted_out") == []


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_anything_that_is_json_is_no_fault(container: Container, app: Flask, gateway: str) -> None:
    """Made of the words that providers use, in places where they do not."""
    device = webhooks.device(container, gateway)
    given.lead(container)

    @examples(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given_any(st.dictionaries(st.sampled_from(malformed.NAMES), malformed.JSON))
    def no_fault(said: Any) -> None:
        assert webhooks.post(app, gateway, device, said).status == 200

    no_fault()
    assert then.events(container, "lead.opted_out") == []


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x", "text/plain"])
@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_body_that_is_not_what_it_says_is_no_fault(
    container: Container, app: Flask, gateway: str, content_type: str
) -> None:
    device = webhooks.device(container, gateway)
    before = _stored(container)

    for body in (b"\r\n", b"\xff\0%zz=%\xff&&=", b"--x\r\n\r\n\0\r\n--x", b"--x--", b"&" * 5000):
        answer = webhooks.post(app, gateway, device, body, content_type=content_type)
        assert answer.status in (200, 400), body

    assert _stored(container) == before


def test_json_that_says_it_is_a_form_is_read_as_json(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """What many clients send when they are told nothing."""
    device = webhooks.device(container, "gowa")
    given.lead(container)
    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"))
    said = json.dumps(webhooks.receipt("gowa", "delivered", "3EB0A1")).encode()

    assert webhooks.post(app, "gowa", device, said, content_type=FORM) == ACCEPTED


def test_the_good_ids_of_a_bad_receipt_count(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """GOWA names several messages at once."""
    device = webhooks.device(container, "gowa")
    given.many_leads(container, 2)
    webhooks.hands_over(container, clock, "gowa", Accepted("3EB0A1"), Accepted("3EB0A2"))
    said = webhooks.receipt("gowa", "delivered", "")
    said["payload"]["ids"] = ["3EB0A1", *malformed.VALUES, "3EB0A2"]

    assert webhooks.post(app, "gowa", device, said) == ACCEPTED
    assert [message.delivered_at for message in then.messages(container)] == [clock(), clock()]


def test_the_good_parts_of_a_bad_request_count(
    container: Container, clock: SimulatedClock, app: Flask
) -> None:
    """The Cloud API tells many things at once; rubbish between them is no matter."""
    device = webhooks.device(container, "cloud")
    lead = given.lead(container)
    webhooks.hands_over(container, clock, "cloud", Accepted(webhooks.kept("cloud", "wamid.1")))
    status = {"id": "wamid.1", "status": "read"}
    text = {"from": DIGITS, "id": "wamid.2", "type": "text", "text": {"body": "Hi"}}
    bad = malformed.VALUES
    good = webhooks.change(statuses=[*bad, status, *bad], messages=[*bad, text, *bad])
    good["entry"][0]["changes"] = [*bad, *good["entry"][0]["changes"], *bad]
    good["entry"] = [*bad, *good["entry"], *bad]

    assert webhooks.post(app, "cloud", device, good) == ACCEPTED
    assert then.message(container).read_at == clock()
    assert [event.text for event in then.events(container, "lead.replied", lead)] == ["Hi"]


@pytest.mark.parametrize("kind", ["failed", "delivered"])
def test_an_odd_reason_does_not_lose_a_receipt_that_came_early(
    container: Container, clock: SimulatedClock, app: Flask, kind: str
) -> None:
    """What cannot be stored in a provider's code is replaced, now and when it is waiting."""
    device = webhooks.device(container, "cloud")
    given.lead(container)
    errors = [{"code": "a\0b\ud800" + "c" * 1000}]
    said = json.dumps(webhooks.receipt("cloud", kind, "wamid.1", errors=errors)).encode()

    assert webhooks.post(app, "cloud", device, said) == ACCEPTED
    webhooks.hands_over(container, clock, "cloud", Accepted(webhooks.kept("cloud", "wamid.1")))
    when.reaps(container)

    message = then.message(container)
    if kind == "failed":
        assert (message.status, message.reason) == ("failed", "a\ufffdb\ufffd" + "c" * 196)
    else:
        assert (message.status, message.delivered_at) == ("sent", clock())
