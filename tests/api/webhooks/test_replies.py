"""/webhooks: people write back, once each, and who says stop is heard."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from api import create_app
from projections.config import settings
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.given import SECRET_KEY
from tests.support.api.webhooks import ACCEPTED, FORM, GATEWAYS, reply

PHONE = given.phone(1)
STRANGER = given.phone(99)


def on_a_journey(container: Container, gateway: str, **fields: Any) -> tuple[UUID, UUID]:
    """A device behind that gateway, and a lead on its way through a sequence of three steps."""
    device = webhooks.device(container, gateway)
    lead = given.lead(container, 1, ["COLD"])
    given.sequence(container, **fields)
    when.enrolls(container)
    return device, lead


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("stops", [True, False])
def test_a_reply_stops_the_sequences_that_say_so(
    container: Container, app: Flask, gateway: str, stops: bool
) -> None:
    """And it is recorded with its text, whoever it is from."""
    device, lead = on_a_journey(container, gateway, stop_on_reply=stops)

    said = reply(gateway, PHONE, "Who is this? 👋🏽\n", "3EB0R1")
    assert webhooks.post(app, gateway, device, said) == ACCEPTED

    (event,) = then.events(container, "lead.replied", lead)
    assert (event.text, event.actor) == ("Who is this? 👋🏽\n", f"webhook:{gateway}")
    assert event.provider_id == webhooks.kept(gateway, "3EB0R1")
    expected = {"cancelled": 3} if stops else {"pending": 3}
    assert then.statuses(container) == expected
    (enrollment,) = then.table(container, "enrollments")
    assert (enrollment.status, enrollment.reason) == (
        ("stopped", "replied") if stops else ("active", None)
    )


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_same_reply_is_recorded_once_and_the_same_text_again(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """A webhook comes several times, also days later; a person may write "Hi" twice."""
    device, lead = on_a_journey(container, gateway)

    for id_ in ("3EB0R1", "3EB0R1", "3EB0R2", "3EB0R1", "3EB0R2"):
        said = reply(gateway, PHONE, "Hi", id_)
        assert webhooks.post(app, gateway, device, said) == ACCEPTED
        clock.advance(days=1)

    texts = [event.text for event in then.events(container, "lead.replied", lead)]
    assert texts == ["Hi", "Hi"]


@pytest.mark.parametrize("gateway", ["wablas", "whacenter"])
@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_a_reply_without_an_id_is_known_by_its_text_for_minutes(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str, content_type: str
) -> None:
    """As JSON or as a form. The same text within them is the same reply, another one is not."""
    device, lead = on_a_journey(container, gateway)

    def writes(text: str) -> None:
        said = {k: v for k, v in reply(gateway, PHONE, text).items() if k != "id"}
        answer = webhooks.post(app, gateway, device, said, content_type=content_type)
        assert answer == ACCEPTED

    for text in ("Hi", "Hi", "Hello", "Hi"):
        writes(text)
    clock.advance(minutes=10)
    for text in ("Hi", "Hi"):
        writes(text)

    texts = [event.text for event in then.events(container, "lead.replied", lead)]
    assert texts == ["Hi", "Hello", "Hi"]


@pytest.mark.parametrize("gateway", ["wablas", "whacenter"])
def test_a_text_that_cannot_be_stored_is_no_fault_without_an_id_either(
    container: Container, app: Flask, gateway: str
) -> None:
    device, lead = on_a_journey(container, gateway)
    assert webhooks.post(app, gateway, device, reply(gateway, PHONE, "a\ud800\0")) == ACCEPTED
    (event,) = then.events(container, "lead.replied", lead)
    assert event.text == "a\ufffd\ufffd"


STOPS = (
    *("STOP", " stop. ", "Unsubscribe!", "BERHENTI", "batal", "baja", "ARRÊT", "停止", "إلغاء"),
    *("Opt-out", "stop 🙏", "İPTAL", "「停止」", "रोको!", "STOP\nSTOP"),
)
NO_STOPS = ("don't stop", "stop it please", "stopp ing", "non-stop", "st op", "BATALKAN saja", "")


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_who_says_stop_gets_nothing_more(container: Container, app: Flask, gateway: str) -> None:
    """As the whole message, in any case and in many languages. Everything pending is cancelled,
    of a campaign and of a sequence that goes on after replies, and the text is the evidence."""
    device = webhooks.device(container, gateway)
    given.sequence(container, bodies=["One"], stop_on_reply=False)
    words = (*STOPS, *NO_STOPS)
    leads = [given.lead(container, number, ["COLD"]) for number, _ in enumerate(words)]
    given.campaign(container)
    when.enrolls(container)
    when.triggers(container)

    for number, word in enumerate(words):
        said = reply(gateway, given.phone(number), word, f"3EB0R{number}")
        for _ in range(2):
            assert webhooks.post(app, gateway, device, said) == ACCEPTED

    out = {e.originator_id: e.evidence for e in then.events(container, "lead.opted_out")}
    assert out == dict(zip(leads[: len(STOPS)], STOPS, strict=True))
    assert len(then.events(container, "lead.opted_out")) == len(STOPS)
    cancelled = then.messages(container, status="cancelled")
    assert {m.lead_id for m in cancelled} == set(leads[: len(STOPS)])
    assert {m.reason for m in cancelled} == {"opted_out"}
    assert then.statuses(container) == {"cancelled": 2 * len(STOPS), "pending": 2 * len(NO_STOPS)}


def test_an_office_has_words_of_its_own(database_url: str, clock: SimulatedClock) -> None:
    """SENDTRAIL_STOP_WORDS adds to those that are known; a consent has the reply as evidence."""
    environ = {
        "SENDTRAIL_DATABASE_URL": database_url,
        "SENDTRAIL_SECRET_KEY": SECRET_KEY,
        "SENDTRAIL_STOP_WORDS": "Tak-nak!, no  más",
        "SENDTRAIL_CONSENT_WORDS": "Ya setuju=marketing",
    }
    with Container(settings.read(environ), clock) as container:
        app = create_app(container)
        device = webhooks.device(container, "gowa")
        said = {
            1: "TAK NAK!",
            2: "No más",
            3: "tak",
            4: "stop",
            5: "YA, setuju!",
            6: "saya tak nak",
        }
        for number, text in said.items():
            given.lead(container, number)
            webhooks.post(app, "gowa", device, reply("gowa", given.phone(number), text, "3EB0R"))
        evidence = [event.evidence for event in then.events(container, "lead.opted_out")]
        agreed = then.events(container, "lead.consent_given")
        (answer,) = [e for e in then.events(container, "lead.replied") if e.text == said[5]]
    assert evidence == ["TAK NAK!", "No más", "stop"]
    assert [(e.purpose, e.words, e.reply_id) for e in agreed] == [
        ("marketing", said[5], answer.reply_id)
    ]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_stop_with_what_cannot_be_stored_is_a_stop(
    container: Container, app: Flask, gateway: str
) -> None:
    """The sign is put aside as a decoration is; the evidence has U+FFFD for it."""
    device, lead = on_a_journey(container, gateway)

    webhooks.post(app, gateway, device, reply(gateway, PHONE, "STOP\x00", "3EB0R1"))

    assert container.outreach.get_lead(lead).opted_out_at is not None
    assert [e.evidence for e in then.events(container, "lead.opted_out")] == ["STOP\ufffd"]


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_an_old_stop_does_not_undo_a_new_consent(
    container: Container, clock: SimulatedClock, app: Flask, gateway: str
) -> None:
    """The provider, or who recorded its request, sends it again; a new one is another matter."""
    device, lead = on_a_journey(container, gateway)
    old = reply(gateway, PHONE, "STOP", "3EB0R1")
    webhooks.post(app, gateway, device, old)
    clock.advance(days=30)
    container.outreach.opt_in(lead, "asked for it on the phone", actor="api:sales")

    for _ in range(3):
        webhooks.post(app, gateway, device, old)
    assert container.outreach.get_lead(lead).opted_out_at is None

    webhooks.post(app, gateway, device, reply(gateway, PHONE, "STOP", "3EB0R2"))
    assert container.outreach.get_lead(lead).opted_out_at == clock()


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_erased_leave_no_trace(container: Container, app: Flask, gateway: str) -> None:
    """What an erased person writes is not kept, and neither is her phone."""
    device, lead = on_a_journey(container, gateway)
    container.outreach.erase_lead(lead, actor="api:sales")
    tables = ("stored_events", "replies", "unattributed_replies", "suppressions", "inbound")
    before = {name: then.count(container.database, name) for name in tables}

    for text in ("Hi", "STOP"):
        said = reply(gateway, PHONE, text, f"3EB0{text}")
        assert webhooks.post(app, gateway, device, said).status == 200

    assert {name: then.count(container.database, name) for name in tables} == before
    outcomes = {row.outcome: row.count for row in then.table(container, "inbound_counts")}
    assert outcomes == {"ignored_erased": 2}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_strangers_are_no_leads_but_heard(container: Container, app: Flask, gateway: str) -> None:
    """What they write is kept to be looked at, and a no is remembered for whenever they are one."""
    device = webhooks.device(container, gateway)

    for _ in range(2):
        for text in ("Hi", "STOP"):
            said = reply(gateway, STRANGER, text, f"3EB0{text}")
            assert webhooks.post(app, gateway, device, said).status == 200

    assert then.table(container, "leads") == then.table(container, "replies") == []
    kept = then.table(container, "unattributed_replies", "received_at, text")
    assert sorted(row.text for row in kept) == ["Hi", "STOP"]
    (suppressed,) = then.table(container, "suppressions")
    assert (suppressed.kind, suppressed.value) == ("phone", STRANGER)
    lead = given.lead(container, 99)
    assert container.outreach.get_lead(lead).opt_out_via == "suppression"


GROUP = "120363000000000000@g.us"
NO_REPLIES: dict[str, dict[str, dict[str, Any]]] = {
    "gowa": {
        "of a group": {"chat_id": GROUP},
        "of a group by its id": {"chat_id": GROUP, "from": GROUP},
        "seen by all": {"chat_id": "status@broadcast"},
        "of a channel": {"chat_id": "1203@newsletter"},
        "without an id": {"id": ""},
    },
    "cloud": {
        "a reaction": {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}},
        "said by the platform": {"type": "system", "system": {"body": "has a new number"}},
        "without an id": {"id": None},
        "without a sender": {"from": "user"},
    },
    "wablas": {
        "of a group": {"isGroup": True},
        "of a group, as a form has it": {"isGroup": "true"},
        "our own": {"isFromMe": True},
        "our own, as a form has it": {"isFromMe": "1"},
    },
    "whacenter": {"without a sender": {"from": "user"}, "of a group": {"from": GROUP}},
}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_what_is_no_reply_stops_nobody(container: Container, app: Flask, gateway: str) -> None:
    """Although the text in it is a word that would."""
    device, lead = on_a_journey(container, gateway)

    for name, more in NO_REPLIES[gateway].items():
        said = reply(gateway, PHONE, "STOP", "3EB0R1", **more)
        assert webhooks.post(app, gateway, device, said) == ACCEPTED, name
    if gateway == "gowa":
        for event in ("message.reaction", "message.revoked", "group.participants", "Message"):
            said = {**reply("gowa", PHONE, "STOP", "3EB0R1"), "event": event}
            assert webhooks.post(app, "gowa", device, said) == ACCEPTED, event

    assert then.topics(container, lead)[-1] == "lead.trigger_consumed"
    assert then.statuses(container) == {"pending": 3}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_picture_without_words_is_a_reply(container: Container, app: Flask, gateway: str) -> None:
    """It stops the sequence like any other."""
    device, lead = on_a_journey(container, gateway)
    more: dict[str, Any] = {"file": "https://example.com/1.jpg"}
    if gateway == "cloud":
        more = {"type": "image", "image": {"id": "5", "mime_type": "image/jpeg"}}
    if gateway == "gowa":  # what has neither words nor a medium that is known is none
        more = {"image": "statics/media/1.jpg"}

    said = reply(gateway, PHONE, "", "3EB0R1", **more)
    assert webhooks.post(app, gateway, device, said) == ACCEPTED

    (event,) = then.events(container, "lead.replied", lead)
    assert event.text == ""
    assert then.statuses(container) == {"cancelled": 3}
