"""What is too big, of the wrong kind or broken is refused, in one shape."""

from __future__ import annotations

import io
from time import monotonic
from typing import Any

import pytest

from projections.composition import House
from tests.api import given, then
from tests.api.client import Answer, Client, fields
from tests.api.given import NOBODY

MIB = 1024 * 1024
CAMPAIGN = b'{"name": "March offer", "body": "Hello", "scheduled_at": "2026-03-03T09:00+08:00"}'
JSON = "application/json"


def test_a_body_of_one_mebibyte_is_the_largest(house: House, operator: Client) -> None:
    """One byte more is refused, with or without an Idempotency-Key, announced or not."""

    def post(size: int, **headers: str) -> Answer:
        data = CAMPAIGN.ljust(size)
        return operator.json("POST", "/campaigns", data=data, content_type=JSON, headers=headers)

    def stream(size: int) -> Answer:
        return operator.json(
            "POST",
            "/campaigns",
            input_stream=io.BytesIO(CAMPAIGN.ljust(size)),
            content_type=JSON,
            environ_overrides={"wsgi.input_terminated": True},
        )

    fits = [post(MIB), post(MIB, **{"Idempotency-Key": "1"}), stream(MIB)]
    too_large = [post(MIB + 1), post(MIB + 1, **{"Idempotency-Key": "2"}), stream(MIB + 1)]

    assert [answer.status for answer in fits] == [201] * 3
    assert [answer.status for answer in too_large] == [413] * 3
    assert {answer.json["status"] for answer in too_large} == {"Request Entity Too Large"}
    assert len(then.topics(house)) == 3


class Upload(io.BytesIO):
    """A file that notes the largest piece anybody asked of it."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.largest = max(self.largest, len(part))
        return part

    def readinto(self, buffer: Any, /) -> int:
        self.largest = max(self.largest, len(buffer))
        return super().readinto(buffer)


def _three_megabytes() -> bytes:
    note = "n" * 3000
    rows = (f"{given.phone(number)},{note}\n" for number in range(1, 1001))
    return "".join(["phone,note\n", *rows]).encode()


def test_an_import_may_be_larger_and_is_read_in_pieces(operator: Client) -> None:
    """A list of three megabytes lands, and is never in memory as a whole."""
    upload = Upload(_three_megabytes())

    answer = operator.json(
        "POST",
        "/leads/import",
        input_stream=upload,
        content_type="text/csv",
        content_length=len(upload.getvalue()),
    )

    assert answer == (200, {"registered": 1000, "known": 0, "rejected": []})
    assert 0 < upload.largest <= MIB


def test_an_import_with_a_key_may_be_larger_too(operator: Client) -> None:
    """A careful client gives every POST an Idempotency-Key, this one too."""
    text = _three_megabytes()

    answers = [operator.csv(text, Idempotency_Key="list-1") for _ in range(2)]

    assert answers == [(200, {"registered": 1000, "known": 0, "rejected": []})] * 2


def test_a_body_of_the_wrong_kind_is_refused(house: House, operator: Client) -> None:
    """A form, or JSON that does not say that it is JSON: nothing is silently ignored."""
    lead_id = given.lead(operator)
    device_id = given.device(operator)
    before = then.topics(house)
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
    assert then.topics(house) == before


def test_a_body_that_is_not_announced_is_no_exception(house: House, operator: Client) -> None:
    """A client that streams says no length; its kind is looked at all the same."""
    lead_id = given.lead(operator)
    before = then.topics(house)

    answers = [
        operator.json(
            "PATCH",
            f"/leads/{lead_id}",
            input_stream=io.BytesIO(b'{"name": "Aisyah"}'),
            content_type=content_type,
            environ_overrides={"wsgi.input_terminated": True},
        )
        for content_type in ("text/plain", JSON)
    ]

    assert [answer.status for answer in answers] == [415, 200]
    assert then.topics(house) == [*before, "lead.updated"]


def test_json_may_name_its_charset(operator: Client) -> None:
    """Clients say ``application/json; charset=utf-8``, or a +json of their own."""
    kinds = ("application/json; charset=utf-8", "application/vnd.crm+json")

    answers = [
        operator.json("POST", "/campaigns", data=CAMPAIGN, content_type=kind) for kind in kinds
    ]

    assert [answer.status for answer in answers] == [201, 201]


@pytest.mark.parametrize("idempotency_key", [None, "1"])
def test_broken_json_is_the_clients_fault(
    house: House, operator: Client, idempotency_key: str | None
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
    assert then.topics(house) == []


def test_settings_of_any_depth_are_taken_or_refused(operator: Client) -> None:
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

    assert set(statuses.values()) <= {201, 400, 422}
    assert statuses[10] == 201
    assert operator.get("/devices").status == 200


def test_numbers_that_json_does_not_know_are_refused(house: House, operator: Client) -> None:
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
    assert then.topics(house) == []


def test_a_field_without_end_is_refused_at_once(operator: Client) -> None:
    """Twenty thousand characters, and fifty times as many fit in a body, must not keep a worker
    busy."""
    long = "a" * 20_000
    bodies: list[dict[str, Any]] = [
        {"phone": "+60123456789", "niche": [f"{long},"]},
        {"phone": "+60123456789", "triggers": [" " * 20_000]},
        {"phone": "+60123456789", "attributes": {f"{long} ": "x"}},
        {"phone": "1" * 20_000},
        {"phone": "+60123456789", "timezone": long},
    ]
    began = monotonic()

    answers = [operator.post("/leads", body) for body in bodies]

    named = [["niche"], ["triggers"], ["attributes"], ["phone"], ["timezone"]]
    assert [fields(answer) for answer in answers] == named
    assert monotonic() - began < 1


def test_an_action_takes_no_body_that_it_does_not_know(house: House, operator: Client) -> None:
    """``{"cancel_pending": true}`` on deactivate would be a misunderstanding: unknown fields
    are refused here too."""
    sequence_id = given.sequence(operator)
    before = then.topics(house)

    answer = operator.post(f"/sequences/{sequence_id}/deactivate", {"cancel_pending": True})

    assert fields(answer) == ["cancel_pending"]
    assert then.topics(house) == before


def test_what_is_not_there_and_what_cannot_be_done_have_one_shape(operator: Client) -> None:
    """Every refusal says code, status and a message, whoever refuses."""
    answers = [
        operator.json("GET", "/nothing"),
        operator.json("GET", "/leads/not-an-id"),
        operator.json("GET", f"/leads/{NOBODY}"),
        operator.json("PATCH", "/leads"),
        operator.json("POST", "/leads", data=b"{", content_type=JSON),
        operator.json("POST", "/leads", json={}),
        operator.json("GET", "/leads", query_string={"limit": "x"}),
        operator.json("POST", "/leads/import", data=b"", content_type="text/plain"),
        operator.json("POST", "/leads", data=b" " * (MIB + 1), content_type=JSON),
        Client(operator.app).get("/leads"),
    ]

    codes = [404, 404, 404, 405, 400, 422, 422, 415, 413, 401]
    assert [answer.status for answer in answers] == codes
    for status, error in answers:
        assert error["code"] == status
        assert isinstance(error["status"], str)
        assert error["message"]
        assert set(error) <= {"code", "status", "message", "errors"}


def test_a_method_that_is_not_allowed_says_which_are(operator: Client) -> None:
    """As HTTP wants it."""
    response = operator.open("PATCH", "/leads")

    assert (response.status_code, response.get_json()["status"]) == (405, "Method Not Allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_a_fault_of_ours_says_nothing_of_its_cause(
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """500 in the same shape; the log has the kind and the place, and nothing personal."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("+60123456789")

    monkeypatch.setattr("projections.listing.page", fail)

    answer = operator.get("/leads")

    assert answer == (
        500,
        {
            "code": 500,
            "status": "Internal Server Error",
            "message": "a fault of ours; it was logged",
        },
    )
    logged = caplog.text + "".join(capsys.readouterr())
    assert "RuntimeError" in logged
    assert "test_limits.py" in logged
    assert "60123456789" not in logged
