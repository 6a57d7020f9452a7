"""/audit: what people said, why somebody is opted out, and through which number it came."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.client import Client
from tests.support.api.webhooks import reply
from tests.support.when import Phones

PHONE = given.phone(1)


def said(client: Client, path: str) -> list[tuple[Any, ...]]:
    """The entries with words, or that came through a number of ours."""
    status, trail = client.get(path)
    assert status == 200, trail
    return [
        (entry["topic"], entry["words"], entry["gateway"], entry["device_name"])
        for entry in trail["entries"]
        if entry["words"] or entry["gateway"] or entry["device_id"]
    ]


def writes(app: Flask, device: UUID, text: str, id_: str, number: int = 1, **more: Any) -> None:
    payload = reply("gowa", given.phone(number), text, id_, **more)
    assert webhooks.post(app, "gowa", device, payload).status == 200


def test_a_timeline_has_the_words_and_the_evidence(
    container: Container, app: Flask, viewer: Client, operator: Client
) -> None:
    """With gateway and device, by the name that it has now; and what is no text says nothing."""
    device = webhooks.device(container, "gowa")
    lead = given.lead(container)
    writes(app, device, "Who is this?", "3EB0R1")
    edited = reply("gowa", PHONE, "Who are you?", "3EB0R2", original_message_id="3EB0R1")
    webhooks.post(app, "gowa", device, {**edited, "event": "message.edited"})
    writes(app, device, "", "3EB0R3", image="statics/media/1.jpg")
    writes(app, device, "STOP 🙏", "3EB0R4")
    operator.post(f"/leads/{lead}/opt-in", {"evidence": "asked for it on the phone"})
    operator.patch(f"/leads/{lead}", {"phone": "+60120000002", "evidence": "she wrote it down"})
    operator.patch(f"/devices/{device}", {"name": "Support"})

    entries = said(viewer, f"/audit/leads/{lead}")

    through = ("gowa", "Support")
    assert entries == [
        ("lead.replied", "Who is this?", *through),
        ("lead.reply_edited", "Who are you?", None, "Support"),
        ("lead.replied", None, *through),
        ("lead.replied", "STOP 🙏", *through),
        ("lead.opted_out", "STOP 🙏", *through),
        ("lead.opted_in", "asked for it on the phone", None, None),
        ("lead.phone_changed", "+60120000002: she wrote it down", None, None),
    ]
    trail = viewer.get(f"/audit/leads/{lead}").json
    assert {e["device_id"] for e in trail["entries"]} == {None, str(device)}
    assert not any("STOP" in e["story"] or "Who" in e["story"] for e in trail["entries"])


def test_an_erased_person_said_nothing(
    container: Container, app: Flask, viewer: Client, administrator: Client
) -> None:
    """That something was said, when and through which number stays."""
    device = webhooks.device(container, "gowa")
    lead = given.lead(container)
    writes(app, device, "Hi", "3EB0R1")
    writes(app, device, "STOP", "3EB0R2")
    administrator.json("DELETE", f"/leads/{lead}")

    entries = said(viewer, f"/audit/leads/{lead}")

    through = (None, "gowa", "Sales on gowa")
    assert entries == [
        ("lead.replied", *through),
        ("lead.replied", *through),
        ("lead.opted_out", *through),
    ]


def test_the_past_of_a_person_is_in_the_timeline(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """Two leads were one person: events, enrollments and messages of both, in the order of the
    log. The lead that was merged has its own."""
    device = webhooks.device(container, "gowa")
    kept = given.lead(container, 1, ["COLD"])
    past = given.lead(container, 2, ["WARM"])
    sequences = [
        given.sequence(container, trigger, ["One"], stop_on_reply=False)
        for trigger in ("COLD", "WARM")
    ]
    when.enrolls(container)
    clock.advance(minutes=5)
    when.looks(when.broadcaster(container, Phones(clock), name="gowa"))
    writes(app, device, "Hello", "3EB0R1", number=2)
    assert operator.post(f"/leads/{kept}/merge", {"with": str(past)}).status == 200
    writes(app, device, "STOP", "3EB0R2", number=2)

    trail = operator.get(f"/audit/leads/{kept}").json

    assert {e["sequence_id"] for e in trail["enrollments"]} == set(map(str, sequences))
    assert {m["lead_id"] for m in trail["messages"]} == {str(kept), str(past)}
    registered = [e["originator_id"] for e in trail["entries"] if e["topic"] == "lead.registered"]
    assert registered == [str(kept), str(past)]
    numbers = [entry["notification_id"] for entry in trail["entries"]]
    assert numbers == sorted(set(numbers))
    words = [w for _, w, *_ in said(operator, f"/audit/leads/{kept}") if w]
    assert words == ["Hello", "STOP", "STOP", "STOP"]  # both leads are opted out
    own = operator.get(f"/audit/leads/{past}").json
    assert {m["lead_id"] for m in own["messages"]} == {str(past)}
    assert own["entries"][-1]["topic"] == "enrollment.stopped"


def test_a_messages_trail_has_the_answer(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """Also where the person goes on as another lead."""
    device = webhooks.device(container, "gowa")
    given.lead(container, 1)
    kept = given.lead(container, 2)
    webhooks.hands_over(container, clock, "gowa")
    past = container.outreach.lead_id(PHONE)
    message = then.message(container, lead_id=past).message_id
    writes(app, device, "How much is it?", "3EB0R1")
    operator.post(f"/leads/{kept}/merge", {"with": str(past)})
    writes(app, device, "STOP", "3EB0R2")

    entries = said(operator, f"/audit/messages/{message}")

    assert [(topic, words) for topic, words, *_ in entries] == [
        ("lead.replied", "How much is it?"),
        ("lead.replied", "STOP"),
        ("lead.opted_out", "STOP"),
        ("lead.opted_out", "STOP"),
    ]
    topics = [e["topic"] for e in operator.get(f"/audit/messages/{message}").json["entries"]]
    assert topics.count("lead.registered") == 1
    assert "lead.merged" in topics
