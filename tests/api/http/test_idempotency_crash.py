"""What a client sees that asks again after the server died between deed and answer."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from projections.container import Container
from projections.records import idempotency
from runners.support.clocks import SimulatedClock
from tests.api.http.test_idempotency import CAMPAIGN, CREATED, DEVICE
from tests.support.api import given, then
from tests.support.api.client import Answer, Client


class CrashError(Exception):
    """The process goes away: what it was about to write is not written."""


def _crash_before_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, the answer of a request is not kept."""
    keep = idempotency.keep

    def crash(*arguments: object) -> None:
        monkeypatch.setattr(idempotency, "keep", keep)
        raise CrashError("+60123456789")

    monkeypatch.setattr(idempotency, "keep", crash)


def _crash_then_retry(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str, body: object
) -> tuple[Answer, Answer]:
    _crash_before_keeping(monkeypatch)
    return (
        client.post(path, body, idempotency_key=f"{path} 1"),
        client.post(path, body, idempotency_key=f"{path} 1"),
    )


def test_what_was_not_answered_was_not_done(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deed and its answer are kept together or not at all."""
    for path, body, _ in CREATED:
        _crash_before_keeping(monkeypatch)

        assert operator.post(path, body, idempotency_key=path).status == 500

    assert then.topics(container) == []
    assert then.table(container, "idempotency") == []


def test_nothing_is_created_twice(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer got lost with the process: after the retry there is one of each."""
    for path, body, _ in CREATED:
        _crash_then_retry(operator, monkeypatch, path, body)

    assert then.topics(container) == [topic for _, _, topic in CREATED]


def test_a_retry_gets_what_was_created(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client hears of the very campaign, sequence, device or lead that it made."""
    for path, body, _ in CREATED:
        crashed, retried = _crash_then_retry(operator, monkeypatch, path, body)
        made = operator.items(path)

        assert crashed.status == 500
        # Of a sequence the answer tells more than the list.
        told = {name: value for name, value in retried.json.items() if name != "warnings"}
        assert (path, retried.status, told) == (path, 201, made[0])
        assert len(made) == 1


def test_a_retry_after_a_retry_gets_the_same(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once an answer was kept, it is that answer from then on."""
    _, retried = _crash_then_retry(operator, monkeypatch, "/campaigns", CAMPAIGN)

    assert operator.post("/campaigns", CAMPAIGN, idempotency_key="/campaigns 1") == retried


def test_after_a_crash_nothing_was_done_and_another_request_may_have_the_key(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Command and answer are committed together: there is no campaign of which nobody heard."""
    _crash_before_keeping(monkeypatch)
    operator.post("/campaigns", CAMPAIGN, idempotency_key="1")

    answer = operator.post("/campaigns", {**CAMPAIGN, "name": "April"}, idempotency_key="1")

    assert answer.status == 201
    assert [campaign["name"] for campaign in operator.items("/campaigns")] == ["April"]


def test_a_retry_keeps_the_credentials_too(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device without its password would be of no use."""
    body = {
        **DEVICE,
        "gateway": "whacenter",
        "settings": {"base_url": "https://app.whacenter.com"},
        "credentials": {"device_id": "hunter2"},
    }

    _, retried = _crash_then_retry(operator, monkeypatch, "/devices", body)

    assert (retried.status, retried.json.get("has_credentials")) == (201, True)


def test_a_known_phone_is_known_after_a_crash_too(
    clock: SimulatedClock, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lead that was there before is not taken for the request's own."""
    lead_id = given.lead(operator, 1)
    clock.advance(seconds=1)

    _, retried = _crash_then_retry(operator, monkeypatch, "/leads", {"phone": given.phone(1)})

    assert (retried.status, retried.json["errors"]) == (409, {"id": lead_id})


def test_an_action_that_was_done_is_not_refused(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The campaign was paused before the crash: the retry finds it paused, as it asked."""
    path = f"/campaigns/{given.campaign(operator)}/pause"

    _, retried = _crash_then_retry(operator, monkeypatch, path, None)

    assert then.topics(container) == ["campaign.scheduled", "campaign.paused"]
    assert (retried.status, retried.json.get("status")) == (200, "paused")


def test_a_crash_writes_nothing_personal_to_the_log(
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An exception's own text may name a person: only where and what kind it was is logged."""
    crashed, _ = _crash_then_retry(operator, monkeypatch, "/campaigns", CAMPAIGN)

    logged = caplog.text + "".join(capsys.readouterr())
    assert crashed == (
        500,
        {
            "code": 500,
            "status": "Internal Server Error",
            "message": "a fault of ours; it was logged",
        },
    )
    assert "CrashError" in logged
    assert "60123456789" not in logged


def test_a_database_that_goes_away_before_the_commit_is_no_fault_of_ours(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, as at any other moment, so that clients know to try again."""

    def away(*_: object) -> None:
        monkeypatch.undo()
        raise OperationalError("INSERT", {}, psycopg2.OperationalError("connection lost"))

    monkeypatch.setattr(idempotency, "keep", away)

    answers = [operator.post("/campaigns", CAMPAIGN, idempotency_key="1") for _ in range(2)]

    assert [answer.status for answer in answers] == [503, 201]
    assert answers[0].json["message"] == "the database does not answer; try again"
