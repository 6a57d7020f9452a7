"""The message of an error is enough to mend the request: the field, and what was expected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api.client import JSON, Client
from tests.support.api.given import NOBODY

STEP = {"body": "Hello"}
SEQUENCE = {"name": "Welcome", "trigger": "COLD"}
CAMPAIGN = {"name": "Offer", "body": "Hello", "scheduled_at": "2026-03-03T09:00Z"}
DEVICE = {"name": "Sales", "gateway": "sandbox"}

WRONG: list[tuple[str, Any, str]] = [
    ("/leads", {}, "phone: expected a value, which is required"),
    ("/leads", {"phone": None}, "phone: expected a value that is not null"),
    ("/leads", {"phone": 60123456789}, "phone: expected a valid string"),
    ("/leads", {"phone": ""}, "phone: expected a length between 1 and 100"),
    ("/leads", {"phone": "+60123456789", "colour": "red"}, "colour: expected no such name"),
    ("/leads", [], "body: expected another type of JSON"),
    (
        "/leads",
        {"phone": "+60123456789", "attributes": {"city": 7}},
        "attributes.city: expected a valid string",
    ),
    (
        "/leads",
        {"phone": "+60123456789", "\u00b2\n": 1},
        "\u00b2\ufffd: expected no such name",
    ),
    (
        "/leads",
        {"phone": "+60123456789", "triggers": ["COLD", "WARM,HOT"]},
        "triggers[2]: expected no ',', ';', '|' or control character",
    ),
    ("/suppressions", {}, "value: expected a value, which is required"),
    (
        "/suppressions",
        {"kind": "lid", "value": "1@lid", "evidence": "said no", "key": 1},
        "key: expected no such name",
    ),
    (
        "/leads",
        {"phone": "+60123456789", "attributes": {"value": 7}},
        "attributes.value: expected a valid string",
    ),
    (
        "/leads",
        {"phone": "+60123456789", "attributes": {"1": "a"}},
        "attributes.1: expected a name of 1 to 100 letters",
    ),
    (
        "/campaigns",
        {**CAMPAIGN, "template": {"name": "a", "language": "en", "value": 1}},
        "template.value: expected no such name",
    ),
    ("/leads", {"phone": "+60123456789", "_schema": 1}, "_schema: expected no such name"),
    ("/leads", {"phone": "hello"}, "phone: expected a phone number such as +60123456789"),
    (
        "/leads",
        {"phone": "+60123456789", "device_id": "7"},
        "device_id: expected a valid UUID",
    ),
    (
        "/sequences",
        {**SEQUENCE, "steps": [STEP, {}]},
        "steps[2].body: expected a value, which is required",
    ),
    (
        "/sequences",
        {**SEQUENCE, "steps": [STEP, {**STEP, "send_at": "9 am"}]},
        "steps[2].send_at: expected a local time of day as HH:MM",
    ),
    (
        "/sequences",
        {**SEQUENCE, "steps": [STEP, {**STEP, "delay_hours": -1}]},
        "steps[2].delay_hours: expected a value greater than or equal to 0 and"
        " less than or equal to 8784",
    ),
    ("/sequences", {**SEQUENCE, "steps": [STEP, {"body": " "}]}, "steps[2].body: expected"),
    (
        "/campaigns",
        {**CAMPAIGN, "media_url": "ftp://x"},
        "media_url: expected an http or https URL",
    ),
    (
        "/campaigns",
        {**CAMPAIGN, "target_status": "friend"},
        "target_status: expected one of: prospect, customer, all",
    ),
    ("/devices", {**DEVICE, "daily_limit": 0.5}, "daily_limit: expected a valid integer"),
]


@pytest.mark.parametrize(("path", "body", "message"), WRONG)
def test_the_message_names_the_first_wrong_field(
    operator: Client, path: str, body: Any, message: str
) -> None:
    """As for a person who reads nothing else; and the first of the flat list says the same."""
    status, answer = operator.post(path, body)

    assert status == 422
    assert answer["message"].startswith(message)
    assert answer.keys() == {"code", "status", "message", "errors", "fields"}
    first = answer["fields"][0]
    assert f"{first['field']}: {first['message']}" == answer["message"]


def test_one_flat_list_has_all_that_is_wrong_and_counts_from_one(operator: Client) -> None:
    """What has the wrong shape, and what the domain refuses: named alike, also deep in a body, in a
    filter of many, in the parameters of an import, and of a header."""
    steps = [STEP, {}, {**STEP, "delay_hours": "a day"}]
    shapes = operator.post("/sequences", {**SEQUENCE, "steps": steps})
    refused = operator.post("/sequences", {**SEQUENCE, "steps": [STEP, {"body": "Hi {{name}}"}]})
    bulk = operator.post("/leads/bulk", {"filter": {"niche": "a,b"}, "do": "opt_out"})
    named = operator.post("/messages/bulk", {"filter": {"lead_id": str(NOBODY)}, "do": "retry"})
    imported = operator.json(
        "POST",
        "/leads/import",
        query_string={"map": "colour:Phone"},
        data="phone\n",
        content_type="text/csv",
    )
    header = operator.post("/leads", {"phone": "+60123456789"}, idempotency_key="\u00e9")

    required = "expected a value, which is required"
    assert shapes.json["errors"]["json"]["steps"].keys() == {"1", "2"}
    assert shapes.json["fields"] == [
        {"field": "steps[2].body", "message": required},
        {"field": "steps[3].delay_hours", "message": "expected a valid number"},
    ]
    assert [each["field"] for each in refused.json["fields"]] == ["steps[2].body"]
    assert [each["field"] for each in bulk.json["fields"]] == ["filter.niche"]
    assert named.json["fields"] == [
        {"field": "filter.lead_id", "message": "expected the id of a lead"}
    ]
    assert [each["field"] for each in imported.json["fields"]] == ["map"]
    assert header.json["fields"] == [
        {"field": "Idempotency-Key", "message": "expected 1 to 255 printable ASCII characters"}
    ]


def test_what_marshmallow_found_is_there_in_full(operator: Client) -> None:
    """Programs read ``errors``, by where it was given and by field."""
    _, body = operator.post("/leads", {"name": 7, "colour": "red"})
    _, query = operator.get("/leads", limit=0, colour="red")
    _, instant = operator.get("/audit/events", since="yesterday")

    assert body["errors"] == {
        "json": {
            "phone": ["Missing data for required field."],
            "name": ["Not a valid string."],
            "colour": ["Unknown field."],
        }
    }
    assert query["errors"]["query"].keys() == {"limit", "colour"}
    assert query["message"] == (
        "limit: expected a value greater than or equal to 1 and less than or equal to 500"
    )
    assert [*instant["errors"]["query"]] == ["since"]


def test_a_topic_that_there_is_not_is_answered_with_those_there_are(operator: Client) -> None:
    said, *topics = operator.get("/audit/events", topic="message.send").json["message"].split(", ")

    assert said == "topic: expected one of: lead.registered"
    assert {"message.sent", "access.secret_rotated"} <= set(topics)
    assert operator.get("/audit/events", topic="message.sent").json["items"] == []


def test_a_body_that_is_no_json_is_said_to_be_none(operator: Client) -> None:
    answer = operator.json("POST", "/leads", data=b"{", content_type=JSON)

    assert (answer.status, answer.json["message"]) == (
        400,
        "expected JSON, of ordinary depth and numbers",
    )
