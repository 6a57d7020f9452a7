"""POST /leads/{id}/messages: one text to one person, outside campaigns and sequences."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.inbound import Answer
from domain.windows import quiet_hours
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import when as runners
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY
from tests.support.when import Phones

TEXT = "Hello {name|there}, your parcel waits at counter 9"


def write(client: Client, lead_id: str, **more: Any) -> Any:
    return client.create(f"/leads/{lead_id}/messages", {"body": TEXT, **more})


def test_it_goes_through_the_same_queue_and_is_proven(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Planned for now, handed over rendered, and the audit says who wrote it and what it said."""
    device_id = given.device(operator)
    lead_id = given.lead(operator, name="Aisyah")
    phones = Phones(clock)
    broadcaster = runners.broadcaster(container, phones)

    message = write(operator, lead_id, media_url="https://example.com/parcel.png")
    runners.looks(broadcaster)

    assert (message["status"], message["device_id"], message["step"]) == ("pending", device_id, 0)
    assert [message[f"{owner}_id"] for owner in ("campaign", "sequence", "enrollment")] == [
        None
    ] * 3
    assert message["waits_for"] == {"reason": "pace", "until": None}
    assert phones.texts == ["Hello Aisyah, your parcel waits at counter 9"]
    assert phones.sent[0].content.media_url == "https://example.com/parcel.png"
    sent = operator.get(f"/messages/{message['id']}").json
    assert (sent["status"], sent["content_id"]) == ("sent", f"{lead_id}:2:0")
    trail = operator.get(f"/audit/messages/{message['id']}").json
    assert (trail["cause"]["written_by"], trail["cause"]["campaign_id"]) == ("api:crm", None)
    (dispatch,) = trail["hand_overs"]
    assert (dispatch["proven"], dispatch["text"]) == (True, phones.texts[0])
    assert [entry["words"] for entry in trail["entries"] if entry["words"]] == [TEXT]
    assert operator.get("/reports/overview").json["messages"]["sent"] == 1
    assert not any(rebuild(container.database).values())


def test_the_same_request_again_gives_the_first_message(
    container: Container, operator: Client
) -> None:
    given.device(operator)
    path, body = f"/leads/{given.lead(operator)}/messages", {"body": TEXT}

    answers = [operator.post(path, body, idempotency_key="parcel 9") for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0].status == 201
    assert len(operator.items("/messages")) == 1
    assert operator.post(path, body).json["id"] != answers[0].json["id"]


def test_nobody_writes_to_who_said_no_or_is_gone(
    container: Container, administrator: Client
) -> None:
    """The answer says which it is, and nothing is planned."""
    given.device(administrator)
    leads = [given.lead(administrator, number) for number in range(1, 6)]
    administrator.post(f"/leads/{leads[0]}/opt-out")
    message = write(administrator, leads[1])
    runners.told(container, Answer(UUID(message["id"]), code="131026"), gateway="cloud")
    administrator.json("DELETE", f"/leads/{leads[2]}")
    administrator.post(f"/leads/{leads[3]}/merge", {"with": leads[4]})

    refusals = {
        number: administrator.post(f"/leads/{leads[number]}/messages", {"body": TEXT})
        for number in (0, 1, 2, 4)
    }

    assert {number: answer.status for number, answer in refusals.items()} == dict.fromkeys(
        refusals, 409
    )
    assert {number: answer.json["errors"]["state"] for number, answer in refusals.items()} == {
        0: "opted_out",
        1: "unreachable",
        2: "erased",
        4: f"merged into {leads[3]}",
    }
    assert then.topics(container).count("lead.message_composed") == 1


def test_what_cannot_be_sent_is_refused(container: Container, operator: Client) -> None:
    """A text that is empty or no text, a device that is none or retired, no device, no such lead,
    a field that there is not."""
    lead_id = given.lead(operator)
    path = f"/leads/{lead_id}/messages"
    nobody = operator.post(path, {"body": TEXT})
    assert (nobody.status, nobody.json["errors"]["state"]) == (409, "no_device")
    retired, device_id = given.device(operator), given.device(operator, "Sales 2")
    operator.post(f"/devices/{retired}/retire", {"cancel": True})

    assert fields(operator.post(path, {"body": " "})) == ["body"]
    assert fields(operator.post(path, {"body": "Hello {{name}}"})) == ["body"]
    assert fields(operator.post(path, {"body": TEXT, "device_id": str(NOBODY)})) == ["device_id"]
    assert fields(operator.post(path, {"body": TEXT, "device_id": retired})) == ["device_id"]
    assert fields(operator.post(path, {"body": TEXT, "text": TEXT})) == ["text"]
    assert operator.post(f"/leads/{NOBODY}/messages", {"body": TEXT}).status == 404
    assert write(operator, lead_id, device_id=device_id)["device_id"] == device_id


def test_it_comes_from_the_number_that_the_person_knows(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """Without a device it is the lead's own, else that which wrote first."""
    first, second, third = (given.device(operator, f"Sales {n}") for n in (1, 2, 3))
    owned, written_to = given.lead(operator, 1, device_id=second), given.lead(operator, 2)
    assert write(operator, written_to, device_id=third)["device_id"] == third

    assert write(operator, owned)["device_id"] == second
    assert write(operator, written_to)["device_id"] == third
    assert first not in {message["device_id"] for message in operator.items("/messages")}


@pytest.mark.parametrize("rule", ["window", "frequency_cap"])
def test_quiet_hours_and_the_daily_cap_hold_for_it(
    container: Container, clock: SimulatedClock, operator: Client, rule: str
) -> None:
    """A person is written to neither at night nor more often than a day allows, whoever writes."""
    rules: dict[str, Any] = {
        "window": {"quiet_hours": quiet_hours("00:00-12:00", "")},
        "frequency_cap": {"lead_daily_cap": 1},
    }
    on_the_house.settings(container, **rules[rule])
    given.device(operator)
    lead_id = given.lead(operator)
    phones = Phones(clock)
    broadcaster = runners.broadcaster(container, phones)

    messages = [write(operator, lead_id) for _ in range(2)]
    runners.looks(broadcaster)
    runners.looks(broadcaster)

    last = operator.get(f"/messages/{messages[-1]['id']}").json
    assert last["waits_for"]["reason"] == rule
    assert len(phones.sent) == (0 if rule == "window" else 1)


def test_an_erased_person_takes_the_text_along(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    """What was sent is proven no more, what was not is cancelled, and the words are nowhere."""
    given.device(administrator)
    lead_id = given.lead(administrator, name="Aisyah")
    sent = write(administrator, lead_id)
    when.broadcasts(container, clock)
    pending = write(administrator, lead_id)
    assert "counter 9" in then.everything(container)

    administrator.json("DELETE", f"/leads/{lead_id}")

    assert "counter 9" not in then.everything(container)
    cancelled = administrator.get(f"/messages/{pending['id']}").json
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "erased")
    (dispatch,) = administrator.get(f"/audit/messages/{sent['id']}").json["hand_overs"]
    assert (dispatch["text"], dispatch["proven"], dispatch["erased"]) == (None, None, True)


def test_a_merge_leaves_it_alone(container: Container, operator: Client) -> None:
    """Nobody gets a campaign twice for being two leads; a message by hand is no campaign, nor is
    the step of a sequence that only one of them is in."""
    given.device(operator)
    one, other = given.lead(operator, 1), given.lead(operator, 2, triggers=["COLD"])
    given.sequence(operator, "One")
    when.enrolls(container)
    kept = {write(operator, one)["id"], write(operator, other)["id"]}

    operator.post(f"/leads/{one}/merge", {"with": other})

    pending = {message["id"] for message in operator.items("/messages", status="pending")}
    assert kept < pending
    assert len(pending) == 3


def test_a_retired_device_passes_it_on(container: Container, operator: Client) -> None:
    device_id, other = given.device(operator), given.device(operator, "Sales 2")
    message = write(operator, given.lead(operator), device_id=device_id)

    operator.post(f"/devices/{device_id}/retire", {"move_to": "any"})
    when.reaps(container)

    assert operator.get(f"/messages/{message['id']}").json["device_id"] == other
