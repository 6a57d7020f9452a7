"""What is too big is refused, imports are not, and every refusal has one shape."""

from __future__ import annotations

import io
from time import monotonic
from typing import Any

import pytest

from projections.container import Container
from tests.support.api import given, then
from tests.support.api.client import CHUNKED, JSON, Answer, Client, fields
from tests.support.api.given import CAMPAIGN, NOBODY

MIB = 1024 * 1024


def test_a_body_of_one_mebibyte_is_the_largest(container: Container, operator: Client) -> None:
    """One byte more is refused, with or without an Idempotency-Key, announced or not."""

    def post(size: int, **headers: str) -> Answer:
        data = CAMPAIGN.ljust(size)
        return operator.json("POST", "/campaigns", data=data, content_type=JSON, headers=headers)

    def stream(size: int, **headers: str) -> Answer:
        return operator.json(
            "POST",
            "/campaigns",
            input_stream=io.BytesIO(CAMPAIGN.ljust(size)),
            content_type=JSON,
            headers=headers,
            environ_overrides=CHUNKED,
        )

    fits = [post(MIB), post(MIB, **{"Idempotency-Key": "1"}), stream(MIB - 1)]
    too_large = [
        post(MIB + 1),
        post(MIB + 1, **{"Idempotency-Key": "2"}),
        stream(MIB + 1),
        stream(MIB + 1, **{"Idempotency-Key": "3"}),
    ]

    assert [answer.status for answer in fits] == [201] * 3
    assert [answer.status for answer in too_large] == [413] * 4
    assert {answer.json["status"] for answer in too_large} == {"Request Entity Too Large"}
    assert len(then.topics(container)) == 3


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

    assert (answer.status, answer.json["registered"], answer.json["rejected"]) == (200, 1000, [])
    assert 0 < upload.largest <= MIB


def test_an_import_with_a_key_may_be_larger_too(operator: Client) -> None:
    """A careful client gives every POST an Idempotency-Key, this one too."""
    text = _three_megabytes()

    answers = [operator.csv(text, Idempotency_Key="list-1") for _ in range(2)]

    assert answers[0] == answers[1]
    assert (answers[0].status, answers[0].json["registered"]) == (200, 1000)


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
        assert set(error) <= {"code", "status", "message", "errors", "fields"}


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/messages/x", "message_id: expected a UUID"),
        ("GET", "/campaigns/x/", "campaign_id: expected a UUID"),
        ("PATCH", f"/sequences/{NOBODY}/steps/-1", "number: expected a whole number, from 0"),
        ("PATCH", "/sequences/x/steps/abc", "sequence_id: expected a UUID"),
        ("GET", "/nothing", "there is nothing at this path: expected one that /openapi.json names"),
        ("DELETE", f"/campaigns/{NOBODY}", "expected the method GET or PATCH"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_was_expected(
    operator: Client, method: str, path: str, message: str
) -> None:
    answer = operator.json(method, path)

    assert answer.status == (405 if method == "DELETE" else 404)
    assert answer.json["message"] == message
    assert ("path" in answer.json.get("errors", {})) == (": expected a" in message)


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

    monkeypatch.setattr("projections.queries.pages.page", fail)

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
