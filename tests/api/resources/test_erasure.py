"""DELETE /leads/{id}: nothing says any more who it was, and the rest stays."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from pathlib import Path
from typing import Any

from domain.addresses import Address
from domain.inbound import Renamed, Reply
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import then as on_the_house
from tests.support import when as runners
from tests.support.api import given, then, when
from tests.support.api.client import Client
from tests.support.processes import sendtrail
from tests.support.when import Phones

SECRETS = ("60120000001", "Aisyah", "Jalan Ampang", "please call my sister")


def given_somebody_with_a_past(container: Container, clock: SimulatedClock, client: Client) -> str:
    """Sent a campaign, replied, changed, and on the way through a sequence."""
    given.device(client)
    lead = given.lead(
        client, name="Aisyah", attributes={"street": "Jalan Ampang"}, triggers=["COLD"]
    )
    given.lead(client, 2, name="Somebody else")
    given.sequence(client, stop_on_reply=False)
    given.campaign(client, body="Hi {name} of {street}")
    runners.enrolls(container)
    when.triggers(container)
    runners.looks(runners.broadcaster(container, Phones(clock)))
    runners.replies(container, container.outreach.lead_id("+60120000001"), SECRETS[3], "wamid.9")
    client.patch(f"/leads/{lead}", {"name": "Aisyah B."})
    client.post("/leads", {"phone": "+60120000001"}, idempotency_key="again")
    client.post(f"/leads/{lead}/triggers", {"trigger": "VIP"}, idempotency_key="vip")
    return lead


def found(text: str) -> list[str]:
    """Which secrets are in a text, in any form."""
    forms = {
        secret: (secret, b64encode(secret.encode()).decode().rstrip("="), secret.encode().hex())
        for secret in SECRETS
    }
    return [secret for secret, ways in forms.items() if any(way in text for way in ways)]


def test_after_it_nothing_anywhere_says_who_it_was(
    container: Container,
    clock: SimulatedClock,
    administrator: Client,
    database_url: str,
    tmp_path: Path,
) -> None:
    """Not in any table, event, kept answer, audit, export, or in a copy made for SQL clients."""
    lead = given_somebody_with_a_past(container, clock, administrator)
    settings = {"database_url": database_url, "home": tmp_path}
    sendtrail("replay", "--until", "2030-01-01T00:00Z", "--into", "copy", **settings)
    # Her words too: /replies reads them from a table.
    assert found(then.everything(container)) == [*SECRETS]

    assert administrator.json("DELETE", f"/leads/{lead}").status == 200

    assert found(then.everything(container)) == []
    (message,) = administrator.items("/messages", lead_id=lead, status="sent")
    answers = [
        administrator.get(f"/audit/messages/{message['id']}"),
        administrator.get(f"/audit/leads/{lead}"),
        administrator.get("/audit/events", limit=500),
        administrator.get(f"/leads/{lead}"),
        administrator.get(f"/leads/{lead}/export"),
    ]
    assert [answer.status for answer in answers] == [200] * 5
    assert found(str(answers)) == []
    assert found(sendtrail("audit", "export", **settings).stdout) == []


def test_what_a_person_is_called_and_has_written_is_forgotten_everywhere(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    """Names of providers, words before she was known, edits, evidence, former phones; hers only."""
    lid, user = Address("lid", "251556360000035@lid"), Address("user_id", "MY.1349120865530200006")
    by_phone = Address("wa_id", "60120000001")
    other = Address("wa_id", "60120000099")
    said = (
        Reply((by_phone,), "who is the stranger", "in.1"),
        Reply((other,), "quite another person", "in.2"),
    )
    for item in said:
        runners.told(container, item)
    lead = given_somebody_with_a_past(container, clock, administrator)
    runners.told(
        container,
        Reply((by_phone, lid), "words that she changed", "in.3"),
        Reply((by_phone, user), "words that are new", "edit.1", edits="in.3"),
        Reply((by_phone,), "STOP \u2600", "in.4"),
        Renamed((by_phone,), (Address("wa_id", "60120000044"),)),
    )
    administrator.post(f"/leads/{lead}/opt-in", {"evidence": "rang from Penang"})
    administrator.patch(f"/leads/{lead}", {"phone": "+60120000055", "evidence": "a letter"})
    secrets = (
        *SECRETS,
        lid.value,
        user.value,
        "stranger",
        "she changed",
        "that are new",
        "\u2600",
        "60120000044",
        "60120000055",
        "Penang",
        "a letter",
    )

    administrator.json("DELETE", f"/leads/{lead}")

    everything = then.everything(container)
    assert {secret for secret in secrets if secret in everything} == set()
    assert "quite another person" in everything
    assert not any(rebuild(container.database).values())


def test_the_lead_stays_as_a_blank_and_what_was_pending_is_cancelled(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    lead = given_somebody_with_a_past(container, clock, administrator)
    clock.advance(minutes=1)

    status, blank = administrator.json("DELETE", f"/leads/{lead}")

    assert (status, blank["erased_at"]) == (200, "2026-03-02T08:01:00+00:00")
    assert (blank["phone"], blank["name"], blank["attributes"]) == (None, "", {})
    assert (blank["triggers"], blank["opted_out"]) == ([], True)
    messages = administrator.items("/messages", lead_id=lead)
    states = sorted((m["status"], m["reason"]) for m in messages)
    assert states == [("cancelled", "erased"), ("cancelled", "erased"), ("sent", None)]
    assert on_the_house.table(container, "enrollments")[0].reason == "erased"
    assert not any(rebuild(container.database).values())
    # Twice is once.
    events = len(then.log(container))
    assert administrator.json("DELETE", f"/leads/{lead}").json == blank
    assert len(then.log(container)) == events


def test_who_was_erased_does_not_come_back(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    """Neither by a command, nor by an old list, nor by a reply, of which nothing is kept."""
    lead = given_somebody_with_a_past(container, clock, administrator)
    administrator.json("DELETE", f"/leads/{lead}")
    events = len(then.log(container))

    refused: list[Any] = [
        administrator.post("/leads", {"phone": "+60120000001"}),
        administrator.patch(f"/leads/{lead}", {"name": "Aisyah"}),
        administrator.post(f"/leads/{lead}/triggers", {"trigger": "COLD"}),
        administrator.post(f"/leads/{lead}/opt-in"),
        administrator.post(f"/leads/{lead}/opt-out"),
    ]
    imported = administrator.csv("phone,name\n+60120000001,Aisyah\n")
    sender = (Address("wa_id", "60120000001"),)
    runners.told(
        container, Reply(sender, SECRETS[3], "wamid.10"), Reply(sender, "STOP", "wamid.11")
    )
    given.campaign(administrator, name="Later")
    when.triggers(container)

    assert [answer.status for answer in refused] == [409] * 5
    reason = "phone: expected a person who was not erased"
    assert imported.json["rejected"] == [{"line": 2, "field": "phone", "reason": reason}]
    assert (imported.json["known"], imported.json["registered"]) == (0, 0)
    assert found(then.everything(container)) == []
    new = [event.topic for event in then.log(container)[events:]]
    assert {topic for topic in new if topic.startswith("lead.")} == set()
    assert [m["lead_id"] for m in administrator.items("/messages", status="pending")] != [lead]


def test_only_an_administrator_may_erase(operator: Client, viewer: Client) -> None:
    lead = given.lead(operator)
    assert operator.json("DELETE", f"/leads/{lead}").status == 403
    assert viewer.json("DELETE", f"/leads/{lead}").status == 403
    assert operator.get(f"/leads/{lead}").json["phone"] == "+60120000001"


def test_a_text_of_an_erased_person_cannot_be_proven_any_more(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    """Its hash stays, and nobody can make it again."""
    lead = given_somebody_with_a_past(container, clock, administrator)
    (message,) = administrator.items("/messages", lead_id=lead, status="sent")
    path = f"/audit/messages/{message['id']}"
    (before,) = administrator.get(path).json["hand_overs"]
    administrator.json("DELETE", f"/leads/{lead}")
    (after,) = administrator.get(path).json["hand_overs"]
    assert (before["text"], before["proven"]) == ("Hi Aisyah of Jalan Ampang", True)
    assert (after["text"], after["proven"]) == (None, None)
    assert (before["erased"], after["erased"]) == (False, True)
    assert after["body_sha256"] == before["body_sha256"]


def test_trying_names_against_the_hash_finds_nobody_who_was_erased(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    """Whoever has the whole database after the erasure and the right name still does not know."""
    lead = given_somebody_with_a_past(container, clock, administrator)
    message, *_ = administrator.items("/messages", lead_id=lead, status="sent")
    text = b"Hi Aisyah of Jalan Ampang"
    known = hmac.new(on_the_house.digest_key(container, lead), text, "sha256").hexdigest()
    administrator.json("DELETE", f"/leads/{lead}")

    rows = on_the_house.table(container, "lead_keys")
    left = [bytes(row.digest_key) for row in rows] + [bytes(row.key) for row in rows]
    found = message["body_sha256"]

    assert found == known
    assert hashlib.sha256(text).hexdigest() != found
    assert [key for key in left if hmac.new(key, text, "sha256").hexdigest() == found] == []
    assert len(rows) == 1
