"""/messages: what goes to whom, and what became of it."""

from __future__ import annotations

import hmac
from typing import Any

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import then as on_the_house
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def _message(container: Container, clock: SimulatedClock, client: Client, **settings: Any) -> Any:
    """A campaign's only message after the broadcaster's look, by a sandbox of these settings."""
    given.device(client, settings=settings)
    given.lead(client, name="Aisyah")
    given.campaign(client)
    when.triggers(container)
    when.broadcasts(container, clock)
    (message,) = client.items("/messages")
    return message


def test_a_sent_message_tells_its_whole_life(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """When it was planned, handed over, accepted, delivered and read, and what it said."""
    device_id = given.device(operator, settings={"receipts": True, "seed": 1})
    lead_ids = [given.lead(operator, number, name="Aisyah") for number in range(1, 9)]
    campaign_id = given.campaign(operator, expires_after_hours=2)
    when.triggers(container)
    when.broadcasts(container, clock)

    message = next(m for m in operator.items("/messages") if m["read_at"] is not None)

    assert message["lead_id"] in lead_ids
    assert message == {
        "id": message["id"],
        "message_id": message["id"],
        "version": 6,
        "status": "sent",
        "lead_id": message["lead_id"],
        "recipient_phone": operator.get(f"/leads/{message['lead_id']}").json["phone"],
        "recipient_name": "Aisyah",
        "device_id": device_id,
        "campaign_id": campaign_id,
        "sequence_id": None,
        "enrollment_id": None,
        "step": 0,
        "scheduled_at": "2026-03-02T08:00:00+00:00",
        "expires_at": "2026-03-02T10:00:00+00:00",
        "retry_at": None,
        "due_at": None,
        "waits_for": None,
        "send_at": "2026-03-02T08:00:00+00:00",
        "worker": "worker 1",
        "lease_until": "2026-03-02T08:01:00+00:00",
        "attempt": 1,
        "queued_at": "2026-03-02T08:00:00+00:00",
        "answered_at": "2026-03-02T08:00:00+00:00",
        "sent_at": "2026-03-02T08:00:00+00:00",
        "delivered_at": "2026-03-02T08:00:02+00:00",
        "read_at": "2026-03-02T08:01:30+00:00",
        "failed_at": None,
        "provider_id": f"sandbox-{message['id']}",
        "reason": None,
        "decided_by": 0,
        "content_id": f"{campaign_id}:1:0",
        "body_sha256": hmac.new(
            on_the_house.digest_key(container, message["lead_id"]), b"Hello Aisyah", "sha256"
        ).hexdigest(),
    }
    assert operator.get(f"/messages/{message['id']}") == (200, message)


def test_a_step_waits_with_its_plan(container: Container, operator: Client) -> None:
    """Every step of a sequence is there from the start, each with the instant it is due."""
    device_id = given.device(operator)
    lead_id = given.lead(operator, triggers=["COLD"])
    sequence_id = given.sequence(operator, "One", "Two")
    when.enrolls(container)

    messages = sorted(operator.items("/messages"), key=lambda message: message["step"])

    assert [(m["step"], m["scheduled_at"], m["due_at"]) for m in messages] == [
        (1, "2026-03-02T08:05:00+00:00", "2026-03-02T08:05:00+00:00"),
        (2, "2026-03-03T08:05:00+00:00", "2026-03-03T08:05:00+00:00"),
    ]
    for message in messages:
        assert message["enrollment_id"] is not None
        assert (message["lead_id"], message["device_id"]) == (lead_id, device_id)
        assert (message["sequence_id"], message["campaign_id"]) == (sequence_id, None)
        assert (message["status"], message["attempt"], message["version"]) == ("pending", 0, 1)


def test_messages_are_filtered(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """By status, device, campaign, sequence and lead, and by several at once."""
    first = given.device(operator, "Sales 1")
    second = given.device(operator, "Sales 2", settings={"fail_rate": 1})
    lead_1 = given.lead(operator, 1, device_id=first, triggers=["COLD"])
    lead_2 = given.lead(operator, 2, device_id=second)
    sequence_id = given.sequence(operator, "One")
    campaign_id = given.campaign(operator)
    when.triggers(container)
    when.broadcasts(container, clock)
    when.enrolls(container)

    def found(**query: Any) -> list[tuple[str, str, str]]:
        items = operator.items("/messages", **query)
        return sorted((m["lead_id"], m["status"], m["campaign_id"] or "") for m in items)

    sent, failed, step = (
        (lead_1, "sent", campaign_id),
        (lead_2, "failed", campaign_id),
        (lead_1, "pending", ""),
    )
    assert found() == sorted([sent, failed, step])
    assert found(status="failed") == [failed]
    assert found(device_id=first) == sorted([sent, step])
    assert found(campaign_id=campaign_id) == sorted([sent, failed])
    assert found(sequence_id=sequence_id) == [step]
    assert found(lead_id=lead_2) == [failed]
    assert found(lead_id=lead_1, status="sent", device_id=first) == [sent]
    assert found(lead_id=lead_2, status="sent") == []
    bad = [
        operator.get("/messages", status="gone"),
        operator.get("/messages", status="Sent"),
        operator.get("/messages", device_id="Sales 1"),
        operator.get("/messages", lead_id="1"),
        operator.get("/messages", lead_id=str(NOBODY)),
    ]
    wrong = [["status"], ["status"], ["device_id"], ["lead_id"], ["lead_id"]]
    assert [fields(a) for a in bad] == wrong


def test_a_failed_message_is_really_sent_again(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The person had just changed the number; the operator presses retry."""
    failed = _message(container, clock, operator, fail_rate=1)
    path = f"/messages/{failed['id']}"
    clock.advance(hours=1)

    operator.patch(f"/devices/{failed['device_id']}", {"settings": {}})
    status, again = operator.post(f"{path}/retry")
    when.broadcasts(container, clock)

    assert (failed["status"], failed["reason"]) == ("failed", "not_on_whatsapp")
    assert failed["failed_at"] == "2026-03-02T08:00:00+00:00"
    assert (status, again["status"], again["reason"]) == (200, "pending", None)
    assert again["due_at"] == "2026-03-02T09:00:00+00:00"
    sent = operator.get(path).json
    assert (sent["status"], sent["sent_at"]) == ("sent", "2026-03-02T09:00:00+00:00")


def test_an_unknown_outcome_is_settled_by_a_person(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The gateway never answered: somebody looked at the phone and says what happened."""
    given.device(operator, settings={"timeout_rate": 1})
    for number in (1, 2, 3):
        given.lead(operator, number)
    given.campaign(operator)
    when.triggers(container)
    when.broadcasts(container, clock)
    unknown = [message["id"] for message in operator.items("/messages", status="unknown")]

    answers = [
        operator.post(f"/messages/{unknown[0]}/resolve", {"resolution": "sent"}),
        operator.post(
            f"/messages/{unknown[1]}/resolve", {"resolution": "failed", "reason": "not there"}
        ),
        operator.post(f"/messages/{unknown[2]}/resolve", {"resolution": "retried"}),
    ]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert [(a.json["status"], a.json["reason"]) for a in answers] == [
        ("sent", "an operator said so"),
        ("failed", "not there"),
        ("pending", None),
    ]
    assert [a.json["sent_at"] for a in answers] == ["2026-03-02T08:00:00+00:00", None, None]
    assert [operator.get(f"/messages/{id_}") for id_ in unknown] == answers


def test_a_bad_resolution_is_refused(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """What is said must be one of the three, and the message stays unknown."""
    unknown = _message(container, clock, operator, timeout_rate=1)
    path = f"/messages/{unknown['id']}"
    bad: list[tuple[Any, str]] = [
        ({}, "resolution"),
        ({"resolution": "delivered"}, "resolution"),
        ({"resolution": None}, "resolution"),
        ({"resolution": "sent", "reason": ""}, "reason"),
        ({"resolution": "sent", "reason": "a\0b"}, "reason"),
        ({"resolution": "sent", "reason": "a" * 501}, "reason"),
        ({"resolution": "sent", "provider_id": "wamid.1"}, "provider_id"),
    ]

    answers = [operator.post(f"{path}/resolve", body) for body, _ in bad]

    assert [fields(answer) for answer in answers] == [[field] for _, field in bad]
    assert operator.get(path).json == unknown
    assert unknown["status"] == "unknown"


def test_a_pending_message_is_cancelled(container: Container, operator: Client) -> None:
    """One person asked by other means not to get this one; a second click says what it is."""
    given.device(operator, online=False)
    given.lead(operator)
    given.campaign(operator)
    when.triggers(container)
    (pending,) = operator.items("/messages")
    path = f"/messages/{pending['id']}"

    answers = [operator.post(f"{path}/cancel"), operator.post(f"{path}/cancel")]

    cancelled = {"status": "cancelled", "reason": "operator", "version": 2}
    assert answers[0] == (200, {**pending, **cancelled, "due_at": None, "waits_for": None})
    assert answers[1] == (
        409,
        {
            "code": 409,
            "status": "Conflict",
            "message": "cannot cancel this message: it is cancelled",
            "errors": {"state": "cancelled"},
        },
    )


def test_what_a_state_does_not_allow_names_the_state(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Nothing sent is sent again, nothing unknown is retried blindly, and nothing is written."""
    given.device(operator, "Works")
    sent, pending, failed, unknown = (
        _in_state(container, clock, operator, number, status)
        for number, status in enumerate(("sent", "pending", "failed", "unknown"), start=1)
    )
    before = then.topics(container)

    refused = {
        (message["status"], action): operator.post(f"/messages/{message['id']}/{action}", body)
        for message, actions in (
            (sent, ("retry", "cancel", "resolve")),
            (pending, ("retry", "resolve")),
            (failed, ("cancel", "resolve")),
            (unknown, ("retry", "cancel")),
        )
        for action, body in (("retry", None), ("cancel", None), ("resolve", {"resolution": "sent"}))
        if action in actions
    }

    assert len(refused) == 9
    for (status, action), answer in refused.items():
        assert answer.status == 409, (status, action, answer)
        assert answer.json["errors"] == {"state": status}
        assert answer.json["message"] == f"cannot {action} this message: it is {status}"
    assert then.topics(container) == before


def _in_state(
    container: Container, clock: SimulatedClock, client: Client, number: int, status: str
) -> Any:
    """A message to a new lead, on a device of its own that makes it end like that."""
    rates = {"failed": {"fail_rate": 1}, "unknown": {"timeout_rate": 1}}
    device_id = given.device(
        client, status, online=status != "pending", settings=rates.get(status, {})
    )
    lead_id = given.lead(client, number, device_id=device_id, niche=[status])
    given.campaign(client, niche=[status])
    when.triggers(container)
    when.broadcasts(container, clock)
    (message,) = client.items("/messages", lead_id=lead_id)
    assert message["status"] == status
    return message


def test_an_unknown_message_is_not_found(operator: Client) -> None:
    """Whatever is asked of it."""
    path = f"/messages/{NOBODY}"
    answers = [
        operator.get(path),
        operator.post(f"{path}/retry"),
        operator.post(f"{path}/cancel"),
        operator.post(f"{path}/resolve", {"resolution": "sent"}),
    ]

    unknown = {"code": 404, "status": "Not Found", "message": f"no message {NOBODY}"}
    assert answers == [(404, unknown)] * 4
