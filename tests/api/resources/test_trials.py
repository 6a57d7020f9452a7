"""POST /devices/{id}/test and /campaigns/{id}/test: one message now, outside the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from api.http.trials import Sender
from domain.trials import Trial, TrialResult
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import when as runners
from tests.support.api import given, then
from tests.support.api.application import application
from tests.support.api.client import Client, fields
from tests.support.when import Phones

MINE = "+60129998877"


class Gateways:
    """Notes what it sends, and answers as told; then that everything is accepted."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.sent: list[Trial] = []
        self.answers: list[TrialResult] = []
        self.slept: list[float] = []

    def send(self, trial: Trial) -> TrialResult:
        self.sent.append(trial)
        accepted = TrialResult("accepted", provider_id=f"wamid.{len(self.sent)}")
        return self.answers.pop(0) if self.answers else accepted

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)


@pytest.fixture
def gateways(clock: SimulatedClock) -> Gateways:
    return Gateways(clock)


@pytest.fixture
def app(container: Container, gateways: Gateways) -> Flask:
    return application(container, tests=Sender(gateways.send, gateways.sleep))


def test_a_campaign_is_sent_to_the_authors_own_phone(
    container: Container, gateways: Gateways, operator: Client
) -> None:
    """As the lead would get it. Campaign and device note it, without the phone."""
    device_id = given.device(operator)
    lead_id = given.lead(operator, name="Aisyah")
    campaign_id = given.campaign(operator)

    answer = operator.post(f"/campaigns/{campaign_id}/test", {"to": MINE, "lead_id": lead_id})

    assert answer == (
        200,
        {
            "test_id": answer.json["test_id"],
            "device_id": device_id,
            "lead_id": lead_id,
            "text": "Hello Aisyah",
            "media_url": None,
            "template": None,
            "outcome": "accepted",
            "code": None,
            "reason": None,
            "provider_id": "wamid.1",
            "retry_after": None,
        },
    )
    (sent,) = gateways.sent
    assert (sent.phone, sent.content.body, str(sent.device_id)) == (MINE, "Hello Aisyah", device_id)
    tests = [event for event in then.log(container) if "test" in event.topic]
    assert [event.topic for event in tests] == [
        "device.test_begun",
        "device.tested",
        "campaign.tested",
    ]
    assert tests[0].data["recipient"] == "…77"
    assert MINE.removeprefix("+") not in then.everything(container)
    assert operator.items("/messages") == []
    assert not any(rebuild(container.database).values())


def test_a_device_is_tested_with_any_text(gateways: Gateways, operator: Client) -> None:
    """What the provider answers is told as it is."""
    device_id = given.device(operator, online=False)
    gateways.answers = [TrialResult("rejected", code="131026", reason="not on WhatsApp")]

    refused = operator.post(f"/devices/{device_id}/test", {"to": MINE}).json
    written = operator.post(
        f"/devices/{device_id}/test",
        {"to": MINE, "body": "Hi {name|you}", "lead_id": given.lead(operator, name="Siti")},
    ).json

    assert (refused["outcome"], refused["code"]) == ("rejected", "131026")
    assert (refused["text"], refused["lead_id"]) == ("This is a test of Sendtrail.", None)
    assert (written["outcome"], written["text"]) == ("accepted", "Hi Siti")
    local = {"to": "012-999 8877", "country": "MY"}
    assert operator.post(f"/devices/{device_id}/test", local).status == 200
    assert gateways.sent[-1].phone == MINE
    assert operator.post(f"/devices/{device_id}/test", {**local, "country": "my"}).status == 422


def test_nobody_who_said_no_gets_a_test(
    container: Container, gateways: Gateways, administrator: Client
) -> None:
    """Nor who was erased, nor a number that said no and belongs to nobody."""
    path = f"/devices/{given.device(administrator)}/test"
    out, erased = given.lead(administrator, 1), given.lead(administrator, 2)
    administrator.post(f"/leads/{out}/opt-out")
    administrator.json("DELETE", f"/leads/{erased}")
    administrator.create("/suppressions", {"value": given.phone(3), "evidence": "rang us"})

    states = [
        administrator.post(path, {"to": given.phone(number)}).json["errors"]["state"]
        for number in (1, 2, 3)
    ]

    assert states == ["opted_out", "erased", "suppressed"]
    assert gateways.sent == []
    assert "device.test_begun" not in then.topics(container)


def test_the_pace_of_the_device_is_kept_both_ways(
    container: Container, clock: SimulatedClock, gateways: Gateways, operator: Client
) -> None:
    """A short pause is waited for; after a test a message waits as after any other."""
    device_id = given.device(operator, min_delay_seconds=4, max_delay_seconds=4)
    given.lead(operator)
    began = clock()
    path, mine = f"/devices/{device_id}/test", {"to": MINE}

    answers = [operator.post(path, mine).json["outcome"] for _ in range(2)]

    assert answers == ["accepted", "accepted"]
    assert gateways.slept == [4.0]
    phones = Phones(clock)
    given.campaign(operator)
    runners.triggers(container)
    runners.plays(clock, 30, runners.broadcaster(container, phones))
    assert phones.moments == [began + timedelta(seconds=8)]


@pytest.mark.parametrize("why", ["pace", "daily_limit"])
def test_what_takes_longer_is_refused_and_says_until_when(
    clock: SimulatedClock, gateways: Gateways, operator: Client, why: str
) -> None:
    """Nobody waits for minutes, and the daily limit is never exceeded."""
    paces: dict[str, Any] = {
        "pace": {"min_delay_seconds": 60, "max_delay_seconds": 60},
        "daily_limit": {"daily_limit": 1},
    }
    path = f"/devices/{given.device(operator, **paces[why])}/test"
    free = clock() + timedelta(seconds=60) if why == "pace" else clock().replace(hour=0)
    free += timedelta(days=why == "daily_limit")
    assert operator.post(path, {"to": MINE}).status == 200

    status, body = operator.post(path, {"to": MINE})

    assert (status, body["errors"]["state"]) == (409, "throttled")
    assert body["errors"]["until"] == free.isoformat()
    assert len(gateways.sent) == 1


def test_what_was_not_accepted_uses_up_nothing(gateways: Gateways, operator: Client) -> None:
    """Of the daily limit; the report on the device counts the others as messages."""
    device_id = given.device(operator, daily_limit=1)
    gateways.answers = [TrialResult("unreachable", reason="connection refused")]

    outcomes = [
        operator.post(f"/devices/{device_id}/test", {"to": MINE}).json["outcome"] for _ in range(2)
    ]

    assert outcomes == ["unreachable", "accepted"]
    (report,) = operator.get("/reports/devices").json["items"]
    (day,) = report["days"]
    assert (day["claimed"], day["sent"]) == (1, 1)


def test_a_test_that_cannot_be_is_refused(
    container: Container, gateways: Gateways, operator: Client
) -> None:
    """No phone, no lead, no text for that lead, a device that is retired, an unknown field."""
    device_id, lead_id = given.device(operator), given.lead(operator)
    campaign_id = given.campaign(operator, body="{city}")
    path = f"/campaigns/{campaign_id}/test"

    assert fields(operator.post(path, {"to": MINE})) == ["lead_id"]
    assert fields(operator.post(path, {"to": "123", "lead_id": lead_id})) == ["to"]
    assert fields(operator.post(path, {"to": MINE, "lead_id": device_id})) == ["lead_id"]
    assert fields(operator.post(path, {"to": MINE, "lead_id": lead_id})) == ["lead_id"]
    assert fields(operator.post(path, {"to": MINE, "lead_id": lead_id, "body": "x"})) == ["body"]
    operator.post(f"/devices/{device_id}/retire")
    assert operator.post(f"/devices/{device_id}/test", {"to": MINE}).status == 409
    assert gateways.sent == []


def test_a_process_without_gateways_says_so(container: Container) -> None:
    client = Client(application(container), given.api_key(container, "crm", "operator"))

    answer = client.post(f"/devices/{given.device(client)}/test", {"to": MINE})

    assert (answer.status, answer.json["message"]) == (503, "this process sends no tests")
