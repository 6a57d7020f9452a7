"""What people and providers say, and what becomes of it.

One installation serves all cases: their leads are registered, and those that are enrolled were
sent their first step, ten minutes before the first case is played. A case is played at one instant,
which is no whole second; providers tell times in whole ones, so what they tell at that instant is
dated up to a second before it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.real_life.expectations import everything, unmet
from tests.support import cases, numbers
from tests.support.gateways.fake_cloud import PHONE_NUMBER_ID
from tests.support.world import World

CASES = cases.lines("webhooks.jsonl")


class Stage(NamedTuple):
    """``leads`` are the ids of those that could be registered, by phone; ``sent_ids`` are what the
    provider calls step 1, by the digits of the phone."""

    world: World
    leads: dict[str, str]
    sent_ids: dict[str, list[str]]


@pytest.fixture(scope="module")
def stage(shared: World) -> Stage:
    shared.sequence("one", "two")
    leads: dict[str, str] = {}
    for case in CASES:
        given = case["given"]
        if given["phone"] is None or given.get("registered") == "after":
            continue
        if "send_answer" in given:
            digits = given["phone"].removeprefix("+")
            shared.fakes[case["gateway"]].contacts[f"+{digits}"] = given["send_answer"]
        answer = _register(shared, case)
        if answer.status == 201:
            leads[given["phone"]] = answer.json["id"]
    shared.sends()
    shared.clock.advance(minutes=10, seconds=0.7)
    sent: dict[str, list[str]] = {}
    for fake in shared.fakes.values():
        sent |= numbers.sent_ids(fake)
    return Stage(shared, leads, sent)


def _id(case: dict[str, Any]) -> str:
    return f"{case['gateway']}: {case['name']} ({case['why']})"


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_webhooks(case: dict[str, Any], stage: Stage) -> None:
    world, given = stage.world, case["given"]
    said_of = dict(_placeholders(case, stage))

    # Given
    for earlier in given.get("before", []):
        if "webhook" in earlier:
            _deliver(world, case["gateway"], earlier["webhook"], said_of)
            world.works_off()
        else:
            lead = stage.leads[given["phone"]]
            assert world.api.post(f"/leads/{lead}/{earlier['operator']}").status == 200

    # When
    for payload in case.get("payloads") or [case["payload"]]:
        _deliver(world, case["gateway"], payload, said_of)
    world.works_off()
    if given.get("registered") == "after":
        answer = _register(world, case)
        assert answer.status == 201, (case["why"], answer)
        stage.leads[given["phone"]] = answer.json["id"]
        world.works_off()

    # Then
    assert unmet(world.api, case["expect"], stage.leads.get(given["phone"], "")) == {}, case["why"]


def _register(world: World, case: dict[str, Any]) -> Any:
    given = case["given"]
    lead = {"phone": given["phone"], "device_id": world.devices[case["gateway"]]}
    return world.api.post("/leads", {**lead, "triggers": ["COLD"] if given.get("enrolled") else []})


def _placeholders(case: dict[str, Any], stage: Stage) -> Iterator[tuple[str, str]]:
    """What stands for what in the payloads of the case."""
    phone, now = case["given"]["phone"], stage.world.clock()
    yield "phone_number_id", PHONE_NUMBER_ID
    yield "display_digits", numbers.CLOUD_DIGITS
    yield "device_jid", numbers.GOWA_JID
    yield "now", _told(case, now)
    yield "now-3d", _told(case, now - timedelta(days=3))
    yield "now-7d", _told(case, now - timedelta(days=7))
    if phone is None:
        return
    yield "phone_digits", phone.removeprefix("+")
    if case["given"].get("enrolled"):
        assert phone in stage.leads, f"{phone} could not be registered"
        messages = everything(stage.world.api, "/messages", lead_id=stage.leads[phone])
        (first,) = (message for message in messages if message["step"] == 1)
        assert first["status"] == "sent", first
        (provider_id,) = stage.sent_ids[phone.removeprefix("+")]
        yield "message_id", first["id"]
        yield "provider_id", provider_id
        sent_at = math.ceil(datetime.fromisoformat(first["sent_at"]).timestamp())
        yield "sent+1s", _told(case, datetime.fromtimestamp(sent_at + 1, now.tzinfo))


def _told(case: dict[str, Any], instant: datetime) -> str:
    """The instant as the provider tells it."""
    if case["gateway"] == "cloud":
        return str(int(instant.timestamp()))
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _deliver(world: World, gateway: str, payload: Any, said_of: dict[str, str]) -> None:
    text = json.dumps(payload)
    for name, value in said_of.items():
        text = text.replace("{{" + name + "}}", value)
    assert "{{" not in text, text
    assert world.hears(gateway, json.loads(text)) == 200
