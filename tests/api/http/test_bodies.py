"""A body must be JSON, say so, and hold nothing that is not known."""

from __future__ import annotations

import io

import pytest

from projections.container import Container
from tests.support.api import given, then
from tests.support.api.client import CHUNKED, JSON, Client, fields
from tests.support.api.given import CAMPAIGN


def test_a_body_of_the_wrong_kind_is_refused(container: Container, operator: Client) -> None:
    """A form, or JSON that does not say that it is JSON: nothing is silently ignored."""
    lead_id = given.lead(operator)
    device_id = given.device(operator)
    before = then.topics(container)
    asked = (
        ("POST", "/leads"),
        ("PATCH", f"/leads/{lead_id}"),
        ("POST", f"/leads/{lead_id}/triggers"),
        ("POST", f"/leads/{lead_id}/opt-out"),
        ("POST", "/sequences"),
        ("POST", "/campaigns"),
        ("POST", "/devices"),
        ("PATCH", f"/devices/{device_id}"),
    )

    answers = [
        operator.json(method, path, data=b'{"name": "x"}', content_type=content_type)
        for method, path in asked
        for content_type in ("text/plain", "application/x-www-form-urlencoded", None)
    ]

    assert [answer.status for answer in answers] == [415] * 24
    assert {answer.json["status"] for answer in answers} == {"Unsupported Media Type"}
    assert then.topics(container) == before


def test_a_body_that_is_not_announced_is_no_exception(
    container: Container, operator: Client
) -> None:
    """A client that streams says no length; its kind is looked at all the same."""
    lead_id = given.lead(operator)
    before = then.topics(container)

    answers = [
        operator.json(
            "PATCH",
            f"/leads/{lead_id}",
            input_stream=io.BytesIO(b'{"name": "Aisyah"}'),
            content_type=content_type,
            environ_overrides=CHUNKED,
        )
        for content_type in ("text/plain", JSON)
    ]

    assert [answer.status for answer in answers] == [415, 200]
    assert then.topics(container) == [*before, "lead.updated"]


def test_json_may_name_its_charset(operator: Client) -> None:
    """Clients say ``application/json; charset=utf-8``, or a +json of their own."""
    kinds = ("application/json; charset=utf-8", "application/vnd.crm+json")

    answers = [
        operator.json("POST", "/campaigns", data=CAMPAIGN, content_type=kind) for kind in kinds
    ]

    assert [answer.status for answer in answers] == [201, 201]


@pytest.mark.parametrize("idempotency_key", [None, "1"])
def test_broken_json_is_the_clients_fault(
    container: Container, operator: Client, idempotency_key: str | None
) -> None:
    """Cut off, not UTF-8, nested without end, a number without end, or no object at all."""
    broken = {
        "cut off": b'{"name": "x"',
        "not UTF-8": b'{"name": "\xff"}',
        "a list": b"[]",
        "a string": b'"name"',
        "null": b"null",
        "nested": b"[" * 100_000 + b"]" * 100_000,
        "nested settings": b'{"settings": ' + b'{"a": ' * 50_000 + b"1" + b"}" * 50_001,
        "a long number": b'{"daily_limit": ' + b"9" * 5000 + b"}",
        "two objects": b"{} {}",
    }
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}

    answers = {
        what: operator.json(
            "POST",
            "/devices",
            data=data,
            content_type=JSON,
            headers={name: f"{value} {what}" for name, value in headers.items()},
        )
        for what, data in broken.items()
    }

    assert {what: answer.status for what, answer in answers.items() if answer.status >= 500} == {}
    assert {answer.status for answer in answers.values()} <= {400, 422}
    assert then.topics(container) == []


def test_settings_of_any_depth_are_refused(operator: Client) -> None:
    """Nested ever deeper: there is no depth at which it is our fault."""
    depths = (1, 10, 100, 300, 500, 700, *range(800, 1000, 7))

    statuses = {
        depth: operator.json(
            "POST",
            "/devices",
            data=b'{"name": "S", "gateway": "sandbox", "settings": '
            + b'{"a":' * depth
            + b"1"
            + b"}" * depth
            + b"}",
            content_type=JSON,
        ).status
        for depth in depths
    }

    assert set(statuses.values()) <= {400, 422}
    assert statuses[10] == 422
    assert operator.get("/devices").status == 200


def test_numbers_that_json_does_not_know_are_refused(
    container: Container, operator: Client
) -> None:
    """NaN and Infinity, which some libraries write, would come back as something else."""
    answers = [
        operator.json("POST", "/devices", data=data, content_type=JSON)
        for data in (
            b'{"name": "S", "gateway": "sandbox", "min_delay_seconds": NaN}',
            b'{"name": "S", "gateway": "sandbox", "max_delay_seconds": Infinity}',
            b'{"name": "S", "gateway": "sandbox", "settings": {"fail_rate": NaN}}',
            b'{"name": "S", "gateway": "sandbox", "settings": {"fail_rate": -Infinity}}',
        )
    ]

    assert {answer.status for answer in answers} <= {400, 422}
    assert then.topics(container) == []


def test_an_action_takes_no_body_that_it_does_not_know(
    container: Container, operator: Client
) -> None:
    """``{"cancel_pending": true}`` on deactivate would be a misunderstanding: unknown fields
    are refused here too."""
    sequence_id = given.sequence(operator)
    before = then.topics(container)

    answer = operator.post(f"/sequences/{sequence_id}/deactivate", {"cancel_pending": True})

    assert fields(answer) == ["cancel_pending"]
    assert then.topics(container) == before
