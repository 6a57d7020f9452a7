"""Idempotency-Key: the same POST is done once, however often it comes."""

from __future__ import annotations

from typing import Any

from flask import Flask

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then, when
from tests.support.api.client import Client
from tests.support.api.given import NOBODY, api_key

CAMPAIGN = {"name": "March offer", "body": "Hello", "scheduled_at": "2026-03-03T09:00+08:00"}
SEQUENCE = {"name": "Welcome", "trigger": "COLD", "steps": [{"body": "Hi"}]}
DEVICE = {"name": "Sales 1", "gateway": "sandbox"}
LEAD = {"phone": "+60123456789"}

ANOTHER = "Idempotency-Key: expected another key, this one had another request"

CREATED: list[tuple[str, dict[str, Any], str]] = [
    ("/leads", LEAD, "lead.registered"),
    ("/sequences", SEQUENCE, "sequence.defined"),
    ("/campaigns", CAMPAIGN, "campaign.scheduled"),
    ("/devices", DEVICE, "device.registered"),
]


def test_the_same_request_gets_the_first_answer_again(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The answer got lost on the way, and the client asks again, five minutes later."""
    first = [operator.post(path, body, idempotency_key=path) for path, body, _ in CREATED]
    clock.advance(minutes=5)

    again = [operator.post(path, body, idempotency_key=path) for path, body, _ in CREATED]

    assert [answer.status for answer in first] == [201] * 4
    assert again == first
    assert then.topics(container) == [topic for _, _, topic in CREATED]


def test_an_answer_that_comes_again_says_so(operator: Client) -> None:
    """Byte for byte the same, with a header that tells it from a new one."""
    first, again = (
        operator.open("POST", "/campaigns", json=CAMPAIGN, headers={"Idempotency-Key": "1"})
        for _ in range(2)
    )

    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    assert again.content_type == first.content_type == "application/json"


def test_actions_are_done_once_too(container: Container, operator: Client) -> None:
    """A double click on pause is not an error the second time."""
    campaign_id = given.campaign(operator)
    path = f"/campaigns/{campaign_id}/pause"

    answers = [operator.post(path, idempotency_key="pause-1") for _ in range(3)]

    assert [(a.status, a.json["status"]) for a in answers] == [(200, "paused")] * 3
    assert then.topics(container) == ["campaign.scheduled", "campaign.paused"]


def test_an_import_is_done_once_too(container: Container, operator: Client) -> None:
    """The same file with the same key gets the same counts, not "all known"."""
    text = "phone,name\n+60123456781,Aisyah\ncall me,Siti\n"

    answers = [operator.csv(text, Idempotency_Key="list-1") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json["registered"] == 1
    assert answers[1] == answers[0]
    assert then.topics(container) == ["lead.registered"]


def test_another_request_with_the_same_key_is_refused(
    container: Container, operator: Client
) -> None:
    """A client that uses a key twice has a fault, and should hear of it."""
    operator.post("/campaigns", CAMPAIGN, idempotency_key="1")

    refused = [
        operator.post("/campaigns", {**CAMPAIGN, "name": "April"}, idempotency_key="1"),
        operator.post("/devices", DEVICE, idempotency_key="1"),
        operator.json(
            "POST",
            "/campaigns",
            json=CAMPAIGN,
            query_string={"draft": "yes"},
            headers={"Idempotency-Key": "1"},
        ),
    ]

    assert (
        refused
        == [
            (
                422,
                {
                    "code": 422,
                    "status": "Unprocessable Entity",
                    "message": ANOTHER,
                    "fields": [{"field": "Idempotency-Key", "message": ANOTHER.partition(": ")[2]}],
                },
            )
        ]
        * 3
    )
    assert then.topics(container) == ["campaign.scheduled"]


def test_every_client_has_keys_of_its_own(container: Container, app: Flask) -> None:
    """Two systems count their requests from 1."""
    clients = [Client(app, api_key(container, name, "operator")) for name in ("crm", "shop")]

    answers = [client.post("/campaigns", CAMPAIGN, idempotency_key="1") for client in clients]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json["id"] != answers[1].json["id"]
    assert [event.actor for event in then.log(container)] == ["api:crm", "api:shop"]


def test_refusals_are_answered_again_too(container: Container, operator: Client) -> None:
    """Whatever happened meanwhile, the same request has the same answer."""
    sequence_id = given.sequence(operator, active=False)
    asked: list[tuple[str, Any]] = [
        (f"/sequences/{sequence_id}/pause", None),
        (f"/campaigns/{NOBODY}/pause", None),
        ("/leads", {"phone": "call me"}),
    ]
    first = [operator.post(path, body, idempotency_key=path) for path, body in asked]
    operator.post(f"/sequences/{sequence_id}/activate")

    again = [operator.post(path, body, idempotency_key=path) for path, body in asked]

    assert [answer.status for answer in first] == [409, 404, 422]
    assert again == first
    assert then.topics(container) == ["sequence.defined", "sequence.activated"]


def test_after_a_day_it_is_done_anew(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """A key is remembered for 24 hours; after that it is free again."""
    first = [operator.post(path, body, idempotency_key=path) for path, body, _ in CREATED[1:]]
    clock.advance(hours=23, minutes=59)
    late = [operator.post(path, body, idempotency_key=path) for path, body, _ in CREATED[1:]]
    clock.advance(minutes=1)

    anew = [operator.post(path, body, idempotency_key=path) for path, body, _ in CREATED[1:]]

    assert late == first
    assert [answer.status for answer in anew] == [201, 201, 201]
    assert all(new.json["id"] != old.json["id"] for new, old in zip(anew, first, strict=True))
    assert len(then.topics(container)) == 6


def test_a_key_that_cannot_be_one_is_refused(container: Container, operator: Client) -> None:
    """Empty, too long, or with what no client should send."""
    answers = [
        operator.post("/campaigns", CAMPAIGN, idempotency_key=key)
        for key in ("", "k" * 256, "a\tb", "\x7f")
    ]

    assert [answer.status for answer in answers] == [422] * 4
    assert (
        answers[0].json["message"]
        == "Idempotency-Key: expected 1 to 255 printable ASCII characters"
    )
    assert then.topics(container) == []
    assert operator.post("/campaigns", CAMPAIGN, idempotency_key="k" * 255).status == 201


def test_a_key_counts_for_posts_alone(operator: Client) -> None:
    """A client that sends one with everything reads the present, and changes by PATCH, as ever."""
    campaign_id = given.campaign(operator)
    path, headers = f"/campaigns/{campaign_id}", {"Idempotency-Key": "1"}

    names = []
    for name in ("April offer", "May offer"):
        operator.json("PATCH", path, json={"name": name}, headers=headers)
        names.append(operator.json("GET", path, headers=headers).json["name"])

    assert names == ["April offer", "May offer"]


def test_requests_at_the_same_instant_are_done_once(
    container: Container, app: Flask, operator: Client
) -> None:
    """An impatient client: fifty-two requests, each sent twice at the very same moment, four of
    them at a time."""

    def twice(number: int) -> list[Any]:
        path, body, _ = CREATED[number % 4]
        body = {**body, "phone": given.phone(number)} if path == "/leads" else body

        def post() -> Any:
            client = Client(app, operator.key)
            return client.post(path, body, idempotency_key=f"request {number}")

        return [post, post]

    for first in range(0, 52, 4):
        answers = when.at_once(*(post for n in range(first, first + 4) for post in twice(n)))

        assert [answer.status for answer in answers] == [201] * 8
        assert answers[::2] == answers[1::2]

    assert sorted(then.topics(container)) == sorted(topic for _, _, topic in CREATED * 13)


def test_requests_on_one_lead_at_the_same_instant_are_all_done(
    container: Container, app: Flask, operator: Client
) -> None:
    """Eight forms of one person arrive at once, each with a key of its own: no one gets lost and
    none stands in the way of another for good."""
    lead_id = given.lead(operator)
    path = f"/leads/{lead_id}/triggers"

    def add(number: int) -> Any:
        client, body = Client(app, operator.key), {"trigger": f"FORM {number}"}
        return lambda: client.post(path, body, idempotency_key=f"form {number}")

    answers = when.at_once(*(add(number) for number in range(8)))

    assert [answer.status for answer in answers] == [200] * 8
    lead = operator.get(f"/leads/{lead_id}").json
    assert sorted(lead["triggers"]) == [f"FORM {number}" for number in range(8)]
    assert then.topics(container) == ["lead.registered", *["lead.triggered"] * 8]


def test_the_same_request_without_a_key_is_done_each_time(
    container: Container, operator: Client
) -> None:
    """Two campaigns of one name are two campaigns."""
    first, second = (operator.post("/campaigns", CAMPAIGN) for _ in range(2))

    assert first.json["id"] != second.json["id"]
    assert then.topics(container) == ["campaign.scheduled"] * 2
