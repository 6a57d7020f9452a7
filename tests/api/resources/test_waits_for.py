"""What a pending message waits for, wherever the API shows it."""

from __future__ import annotations

from typing import Any

import pytest

from domain.waiting import REASONS, Reason
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given as on_the_house
from tests.support import then, when
from tests.support.api.client import Client
from tests.support.waits import WAYS


def why_not(client: Client, message: dict[str, Any]) -> Any:
    owner = "campaign_id" if message["campaign_id"] else "sequence_id"
    about = {"lead_id": message["lead_id"], owner: message[owner]}
    status, answer = client.get("/audit/why-not", **about)
    assert status == 200, answer
    return answer


def of_person(client: Client, message: dict[str, Any], **query: Any) -> Any:
    """The message as the audit of its person shows it."""
    status, answer = client.get(f"/audit/leads/{message['lead_id']}", **query)
    assert status == 200, answer
    (found,) = (each for each in answer["messages"] if each["id"] == message["id"])
    return found


@pytest.mark.parametrize("reason", WAYS)
def test_a_pending_message_says_what_it_waits_for(
    container: Container, clock: SimulatedClock, viewer: Client, reason: Reason
) -> None:
    """In the list, alone, in its audit, in the person's and in why-not, which also has a
    sentence."""
    expected = WAYS[reason](container, clock)
    until = None if expected.until is None else expected.until.isoformat()
    waits_for = {"reason": reason, "until": until}

    listed = {m["id"]: m for m in viewer.items("/messages", status="pending")}

    message = listed[str(expected.message_id)]
    assert message["waits_for"] == waits_for
    assert viewer.get(f"/messages/{message['id']}") == (200, message)
    assert viewer.get(f"/audit/messages/{message['id']}").json["waits_for"] == waits_for
    assert of_person(viewer, message)["waits_for"] == waits_for
    answer = why_not(viewer, message)
    assert (answer["reason"], answer["waits_for"]) == ("pending", waits_for)
    which = f"step {message['step']}" if message["step"] else "the message"
    assert answer["story"] == f"{which} is pending: it waits for {expected.story}"


def test_what_is_not_pending_waits_for_nothing(
    container: Container, clock: SimulatedClock, viewer: Client
) -> None:
    on_the_house.due_messages(container)
    when.looks(when.broadcaster(container, when.Phones(clock)))
    (message,) = viewer.items("/messages")
    assert (message["status"], message["waits_for"]) == ("sent", None)
    assert viewer.get(f"/audit/messages/{message['id']}").json["waits_for"] is None
    assert of_person(viewer, message)["waits_for"] is None
    answer = why_not(viewer, message)
    assert (answer["reason"], answer["waits_for"]) == ("sent", None)


def test_what_a_message_waited_for_once_is_not_known(
    container: Container, clock: SimulatedClock, viewer: Client
) -> None:
    """It was pending then as it is now."""
    WAYS["device_offline"](container, clock)
    then_ = clock().isoformat()
    clock.advance(hours=1)
    (message,) = viewer.items("/messages")

    found = of_person(viewer, message, as_of=then_)

    assert (found["status"], found["waits_for"]) == ("pending", None)


def test_readyz_counts_what_waits_without_a_name(
    container: Container, clock: SimulatedClock, anybody: Client
) -> None:
    """It is asked without a key."""
    WAYS["device_offline"](container, clock)

    answer = anybody.app.test_client().get("/readyz").get_json()

    assert answer["waiting"] == {"device_offline": 1}


def test_why_not_without_a_message_waits_for_nothing(container: Container, viewer: Client) -> None:
    """There is none yet."""
    on_the_house.lead(container)
    campaign = on_the_house.campaign(container)
    (lead,) = then.table(container, "leads")
    about = {"lead_id": str(lead.lead_id), "campaign_id": str(campaign)}
    answer = viewer.get("/audit/why-not", **about).json
    assert (answer["reason"], answer["waits_for"]) == ("not_triggered", None)


def test_the_description_names_the_reasons(anybody: Client) -> None:
    described = anybody.app.test_client().get("/openapi.json").get_json()
    schema = described["components"]["schemas"]["WaitsFor"]
    assert schema["properties"]["reason"]["enum"] == list(REASONS)
    assert schema["required"] == ["reason", "until"]
    for name in ("Message", "MessageState", "MessageTrail", "WhyNot"):
        properties = described["components"]["schemas"][name]["properties"]
        assert "WaitsFor" in str(properties["waits_for"])
