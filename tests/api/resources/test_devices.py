"""/devices: sending numbers behind gateways."""

from __future__ import annotations

from typing import Any

from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support.api import given, then, when
from tests.support.api.client import Client, fields
from tests.support.api.given import NOBODY


def test_a_device_is_registered_with_everything(operator: Client) -> None:
    """A number behind a GOWA server, gentle and limited; what it logs in with is not shown."""
    status, device = operator.post(
        "/devices",
        {
            "name": "Sales 1 ",
            "gateway": "gowa",
            "settings": {"base_url": "https://gowa.example.org", "device_id": "s1"},
            "credentials": {"username": "sales", "password": "hunter2"},
            "min_delay_seconds": 20,
            "max_delay_seconds": 60.5,
            "daily_limit": 200,
            "warm_up": {"from": 50, "to": 500, "days": 10},
            "timezone": "Asia/Kuala_Lumpur",
        },
    )

    assert status == 201
    assert device == {
        "id": device["id"],
        "name": "Sales 1",
        "gateway": "gowa",
        "settings": {"base_url": "https://gowa.example.org", "device_id": "s1"},
        "has_credentials": True,
        "min_delay_seconds": 20.0,
        "max_delay_seconds": 60.5,
        "daily_limit": 200,
        "warm_up": {"from": 50, "to": 500, "days": 10},
        "timezone": "Asia/Kuala_Lumpur",
        "status": "offline",
        "reason": None,
        "offline_since": "2026-03-02T08:00:00+00:00",
        "address": None,
        "version": 1,
    }
    assert operator.get(f"/devices/{device['id']}") == (200, device)
    assert operator.items("/devices") == [device]


def test_a_name_and_a_gateway_are_enough(operator: Client) -> None:
    """The default pace is a careful one."""
    device = operator.create("/devices", {"name": "Sandbox", "gateway": "sandbox"})

    assert device == {
        "id": device["id"],
        "name": "Sandbox",
        "gateway": "sandbox",
        "settings": {},
        "has_credentials": False,
        "min_delay_seconds": 5.0,
        "max_delay_seconds": 15.0,
        "daily_limit": None,
        "warm_up": None,
        "timezone": "UTC",
        "status": "offline",
        "reason": None,
        "offline_since": "2026-03-02T08:00:00+00:00",
        "address": None,
        "version": 1,
    }


def test_a_minimum_above_the_default_maximum_raises_it(operator: Client) -> None:
    """Who gives a minimum alone means at least that."""
    made = [
        operator.create(
            "/devices", {"name": "S", "gateway": "sandbox", "min_delay_seconds": seconds}
        )
        for seconds in (10, 30)
    ]

    assert [device["max_delay_seconds"] for device in made] == [15.0, 30.0]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"color": "red"}, "color"),
    ({"status": "online"}, "status"),
    ({"name": ""}, "name"),
    ({"name": "N" * 201}, "name"),
    ({"name": "N\0"}, "name"),
    ({"gateway": "telegram"}, "gateway"),
    ({"gateway": None}, "gateway"),
    ({"settings": []}, "settings"),
    ({"settings": None}, "settings"),
    ({"settings": {"base_url": "\0"}}, "settings"),
    ({"settings": {"\0": 1}}, "settings"),
    ({"settings": {"base_url": "\ud83d"}}, "settings"),
    ({"settings": {"base_url": "a" * 10_001}}, "settings"),
    ({"credentials": "secret"}, "credentials"),
    ({"credentials": {"token": 1}}, "credentials"),
    ({"credentials": {"token": "a\0"}}, "credentials"),
    ({"credentials": {"a token": "a"}}, "credentials"),
    ({"min_delay_seconds": -1}, "min_delay_seconds"),
    ({"min_delay_seconds": "5"}, "min_delay_seconds"),
    ({"min_delay_seconds": None}, "min_delay_seconds"),
    ({"max_delay_seconds": 86_401}, "max_delay_seconds"),
    ({"max_delay_seconds": 4}, "max_delay_seconds"),
    ({"min_delay_seconds": 20, "max_delay_seconds": 10}, "max_delay_seconds"),
    ({"daily_limit": 0}, "daily_limit"),
    ({"daily_limit": -1}, "daily_limit"),
    ({"daily_limit": 1.5}, "daily_limit"),
    ({"daily_limit": "200"}, "daily_limit"),
    ({"daily_limit": True}, "daily_limit"),
    ({"daily_limit": 2_000_000_001}, "daily_limit"),
    ({"daily_limit": 1e300}, "daily_limit"),
    ({"warm_up": {"from": 50, "to": 500}}, "warm_up"),
    ({"warm_up": {"from": 0, "to": 500, "days": 10}}, "warm_up"),
    ({"warm_up": {"from": 50, "to": 49, "days": 10}}, "warm_up"),
    ({"warm_up": {"from": 50, "to": 500, "days": 1.5}}, "warm_up"),
    ({"warm_up": {"from": 50, "to": 500, "days": 367}}, "warm_up"),
    ({"warm_up": {"from": 50, "to": 500, "days": 10, "then": 1}}, "warm_up"),
    ({"warm_up": 50}, "warm_up"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"timezone": None}, "timezone"),
]


def test_a_bad_device_is_refused_and_the_field_is_named(
    container: Container, operator: Client
) -> None:
    """A pace or a limit that could not be kept is found at once."""
    good = {"name": "Sales 1", "gateway": "sandbox"}

    answers = [operator.post("/devices", {**good, **change}) for change, _ in BAD]

    assert [fields(answer) for answer in answers] == [[field] for _, field in BAD]
    assert fields(operator.post("/devices", {})) == ["gateway", "name"]
    assert then.topics(container) == []


def test_a_change_keeps_what_is_not_given(operator: Client) -> None:
    """A slower pace, and everything else as it was; credentials too."""
    before = operator.create(
        "/devices",
        {
            "name": "Sales 1",
            "gateway": "gowa",
            "settings": {"base_url": "https://gowa.example.org"},
            "credentials": {"username": "sales", "password": "hunter2"},
            "daily_limit": 200,
            "timezone": "Asia/Kuala_Lumpur",
        },
    )
    path = f"/devices/{before['id']}"

    slowed = operator.patch(path, {"min_delay_seconds": 60})
    moved = {"base_url": "https://gowa.example.org/sales"}
    freed = operator.patch(path, {"daily_limit": None, "settings": moved})
    nothing = operator.patch(path, {})

    paced = {"min_delay_seconds": 60.0, "max_delay_seconds": 60.0}
    assert slowed == (200, {**before, **paced, "version": 2})
    assert freed == (200, {**slowed.json, "daily_limit": None, "settings": moved, "version": 3})
    assert nothing == freed


def test_a_bad_change_is_refused_and_changes_nothing(operator: Client) -> None:
    """The gateway of a device is for good; the rest must be as good as in a new one."""
    device_id = given.device(operator, min_delay_seconds=10, max_delay_seconds=20)
    path = f"/devices/{device_id}"
    before = operator.get(path)
    bad: list[tuple[Any, str]] = [
        ({"gateway": "gowa"}, "gateway"),
        ({"name": " "}, "name"),
        ({"max_delay_seconds": 9}, "max_delay_seconds"),
        ({"daily_limit": "1"}, "daily_limit"),
        ({"timezone": "Mars"}, "timezone"),
        ({"credentials": {"token": None}}, "credentials"),
    ]

    answers = [operator.patch(path, {"settings": {"seed": 7}, **body}) for body, _ in bad]

    assert [fields(answer) for answer in answers] == [[field] for _, field in bad]
    assert operator.get(path) == before


def test_a_device_is_connected_disconnected_and_retired(operator: Client) -> None:
    """Twice is once; and after retirement nothing is possible any more."""
    device_id = given.device(operator, online=False)
    path = f"/devices/{device_id}"

    answers = [
        operator.post(f"{path}/{action}")
        for action in ("connect", "connect", "disconnect", "disconnect", "retire")
    ]
    refused = [operator.post(f"{path}/{action}") for action in ("connect", "disconnect", "retire")]
    refused.append(operator.patch(path, {"name": "Sales 2"}))

    assert [answer.status for answer in answers] == [200] * 5
    shown = [(a.json["status"], a.json["reason"], a.json["version"]) for a in answers]
    assert shown == [
        ("online", None, 2),
        ("online", None, 2),
        ("offline", "operator", 3),
        ("offline", "operator", 3),
        ("retired", "operator", 4),
    ]
    assert [(a.status, a.json["errors"]) for a in refused] == [(409, {"state": "retired"})] * 4
    assert refused[0].json["message"] == "cannot connect this device: it is retired"


def test_a_disconnected_device_keeps_its_messages(
    container: Container, clock: SimulatedClock, operator: Client
) -> None:
    """The phone is at the repair shop; what waits goes out when it is back."""
    device_id = given.device(operator)
    given.lead(operator)
    given.campaign(operator)
    when.triggers(container)

    operator.post(f"/devices/{device_id}/disconnect")
    when.broadcasts(container, clock)
    waiting = [m["status"] for m in operator.items("/messages")]
    operator.post(f"/devices/{device_id}/connect")
    when.broadcasts(container, clock)

    assert waiting == ["pending"]
    assert [m["status"] for m in operator.items("/messages")] == ["sent"]


def test_a_retired_device_cancels_its_messages(container: Container, operator: Client) -> None:
    """The number is gone, and its messages are not wanted from another one."""
    device_id = given.device(operator)
    given.device(operator, "Sales 2")
    given.lead(operator, device_id=device_id)
    given.campaign(operator)
    when.triggers(container)

    operator.post(f"/devices/{device_id}/retire", {"cancel": True})
    when.reaps(container)

    assert [(m["status"], m["reason"]) for m in operator.items("/messages")] == [
        ("cancelled", "device_retired")
    ]


def test_an_unknown_device_is_not_found(operator: Client) -> None:
    """Whatever is asked of it."""
    path = f"/devices/{NOBODY}"
    answers = [
        operator.get(path),
        operator.patch(path, {"name": "Sales 2"}),
        operator.patch(path, {"credentials": {"token": "a"}}),
        *(operator.post(f"{path}/{action}") for action in ("connect", "disconnect", "retire")),
    ]

    unknown = {"code": 404, "status": "Not Found", "message": f"no device {NOBODY}"}
    assert answers == [(404, unknown)] * 6
