"""/leads/{id}/export: all that is known of a person, for the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask

from domain.addresses import Address
from projections.container import Container
from runners.gateways.protocol import Accepted, Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api import webhooks
from tests.support.api.client import Client
from tests.support.api.given import NOBODY
from tests.support.api.webhooks import reply
from tests.support.when import Phones

LID = "251556360000035@lid"


def exported(client: Client, lead: UUID) -> Any:
    status, export = client.get(f"/leads/{lead}/export")
    assert status == 200, export
    return export


def test_everything_is_there(
    container: Container, clock: SimulatedClock, app: Flask, operator: Client
) -> None:
    """What she was sent with the texts as she got them, what she wrote, by what she is known."""
    device = webhooks.device(container, "gowa")
    lead = given.lead(container, 1, ["COLD"], name="Aisyah")
    other = given.lead(container, 2, name="Siti")
    given.sequence(container, "COLD", ["Hi {name}", "Again"])
    given.campaign(container, body="{name}, 20 % off", media_url="https://example.com/a.png")
    when.enrolls(container)
    when.triggers(container)
    phones = Phones(clock, Accepted("3EB0A1"), Accepted("3EB0A2"), Rejected("400", "no"))
    when.plays(clock, 300, when.broadcaster(container, phones, name="gowa"))
    operator.patch(f"/leads/{lead}", {"name": "Aishah"})
    clock.advance(minutes=1)
    payload = reply("gowa", given.phone(1), "STOP", "3EB0R1", from_lid=LID)
    webhooks.post(app, "gowa", device, payload)
    webhooks.post(app, "gowa", device, reply("gowa", given.phone(2), "Hello", "3EB0R2"))

    export = exported(operator, lead)

    assert export["lead"]["id"] == str(lead)
    assert (export["lead"]["name"], export["lead"]["opt_out"]["evidence"]) == ("Aishah", "STOP")
    assert {(a["kind"], a["value"]) for a in export["addresses"]} == {
        ("phone", given.phone(1)),
        ("lid", LID),
    }
    assert [(r["text"], r["lead_id"]) for r in export["replies"]] == [("STOP", str(lead))]
    messages = [
        (m["campaign"], m["sequence"], m["step"], m["status"], m["reason"], m["text"])
        for m in export["messages"]
    ]
    mine = then.messages(container, lead_id=lead)
    (campaign,) = (m for m in mine if m.campaign_id)
    assert messages == [
        ("March offer", None, 0, campaign.status, campaign.reason, "Aisyah, 20 % off"),
        (None, "On COLD", 1, *_outcome(mine, 1), "Hi Aisyah"),
        (None, "On COLD", 2, "cancelled", "opted_out", None),
    ]
    first, _, last = export["messages"]
    assert (first["id"], first["device"]) == (str(campaign.message_id), "Sales on gowa")
    assert first["media_url"] == "https://example.com/a.png"
    assert (last["sent_at"], last["media_url"]) == (None, None)
    (enrollment,) = export["enrollments"]
    assert (enrollment["sequence"], enrollment["status"], enrollment["reason"]) == (
        "On COLD",
        "stopped",
        "opted_out",
    )
    assert enrollment["ended_at"] == clock().isoformat()
    assert [e["words"] for e in export["entries"] if e["words"]] == ["STOP", "STOP"]
    assert export["suppressions"] == []
    assert not any(each in str(export) for each in (str(other), "Hello", "Siti"))


def _outcome(messages: list[Any], step: int) -> tuple[str, str | None]:
    (message,) = (m for m in messages if m.step == step)
    return message.status, message.reason


def test_what_a_stranger_wrote_is_hers_when_she_is_known(
    container: Container, app: Flask, operator: Client
) -> None:
    """She wrote before anybody had imported her, in WhatsApp's spelling of her phone; then she is,
    in another."""
    device = webhooks.device(container, "gowa")
    for number, (phone, text) in enumerate(
        [("+558299440002", "STOP"), ("+558299440003", "Someone else")]
    ):
        webhooks.post(app, "gowa", device, reply("gowa", phone, text, f"3EB0R{number}"))
    lead = operator.create("/leads", {"phone": "+55 82 9 9944-0002"})["id"]

    export = exported(operator, lead)

    assert [(r["text"], r["lead_id"]) for r in export["replies"]] == [("STOP", None)]
    (suppression,) = export["suppressions"]
    assert (suppression["value"], suppression["evidence"]) == ("+5582999440002", "STOP")
    assert export["lead"]["opt_out"]["via"] == "suppression"


def test_both_leads_of_a_person_give_the_same(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """With the messages of both."""
    webhooks.device(container, "gowa")
    kept, past = given.lead(container, 1), given.lead(container, 2)
    webhooks.hands_over(container, clock, "gowa")
    operator.post(f"/leads/{kept}/merge", {"with": str(past)})

    export = exported(operator, kept)

    assert export["lead"]["id"] == str(kept)
    assert [lead["id"] for lead in export["merged"]] == [str(past)]
    assert [a["value"] for a in export["addresses"]] == [given.phone(1), given.phone(2)]
    sent = {str(m.message_id) for m in then.messages(container)}
    assert ({m["id"] for m in export["messages"]}, len(sent)) == (sent, 2)
    assert exported(operator, past) == export


def test_of_an_erased_person_there_is_what_is_left(
    container: Container, clock: SimulatedClock, app: Flask, administrator: Client
) -> None:
    """That there were messages, and when; nothing that says who it was."""
    device = webhooks.device(container, "gowa")
    lead = given.lead(container, name="Aisyah")
    webhooks.hands_over(container, clock, "gowa", body="Hi {name}")
    webhooks.post(app, "gowa", device, reply("gowa", given.phone(1), "My secret", "3EB0R1"))
    administrator.json("DELETE", f"/leads/{lead}")

    export = exported(administrator, lead)

    assert export["lead"]["erased_at"] == clock().isoformat()
    (message,) = export["messages"]
    assert (message["text"], message["campaign"]) == (None, "March offer")
    assert (export["addresses"], export["replies"], export["suppressions"]) == ([], [], [])
    whole = str(export)
    assert not any(each in whole for each in ("Aisyah", "secret", given.phone(1)[1:]))


def test_who_only_reads_gets_none(container: Container, viewer: Client, operator: Client) -> None:
    """And there is none of nobody."""
    lead = given.lead(container)
    container.outreach.suppress(Address("lid", LID), "said so", actor="api:test")

    refused = viewer.get(f"/leads/{lead}/export")
    nobody = operator.get(f"/leads/{NOBODY}/export")

    assert refused.status == 403
    assert refused.json["message"] == "expected a key of role operator or above; this is viewer"
    assert (nobody.status, nobody.json["message"]) == (404, f"no lead {NOBODY}")
