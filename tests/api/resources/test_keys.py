"""/keys and /whoami: keys over HTTP, and the log that says who made and revoked them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from projections.container import Container
from projections.records import api_keys
from runners.support.clocks import SimulatedClock
from tests.support import then
from tests.support.api.client import Client, fields


def noted(container: Container) -> list[tuple[str, str, str]]:
    """Topic, actor and name of the events about keys."""
    return [(event.TOPIC, event.actor, event.name) for event in then.events(container, "access.")]


def test_a_key_is_shown_once_and_works_until_it_is_revoked(
    container: Container, app: Flask, administrator: Client
) -> None:
    """Made, used, revoked by whom: the log says it, and never the key."""
    made = administrator.create("/keys", {"name": "crm", "role": "operator"})
    crm = Client(app, made.pop("key"))

    assert crm.get("/whoami").json == {"id": made["id"], "name": "crm", "role": "operator"}
    assert made == {
        "id": made["id"],
        "name": "crm",
        "role": "operator",
        "created_at": "2026-03-02T08:00:00+00:00",
        "last_used_at": None,
        "revoked_at": None,
    }
    assert administrator.open("DELETE", "/keys/crm").status_code == 204
    assert crm.get("/whoami").status == 401
    assert noted(container) == [
        ("access.key_created", "api:boss", "crm"),
        ("access.key_revoked", "api:boss", "crm"),
    ]
    assert crm.key is not None
    assert crm.key.encode() not in b"".join(
        bytes(row.state) for row in then.table(container, "stored_events")
    )


def test_a_key_may_be_revoked_by_its_id_and_twice(
    container: Container, administrator: Client
) -> None:
    """The second time changes nothing, and nothing more is noted."""
    made = administrator.create("/keys", {"name": "crm", "role": "viewer"})

    answers = [administrator.open("DELETE", f"/keys/{made['id']}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [topic for topic, _, _ in noted(container)] == [
        "access.key_created",
        "access.key_revoked",
    ]


def test_a_key_from_before_the_log_knew_keys_is_revoked_too(
    container: Container, clock: SimulatedClock, administrator: Client
) -> None:
    with container.database.transaction() as connection:
        api_keys.create(connection, "old", "viewer", clock())

    assert administrator.open("DELETE", "/keys/old").status_code == 204
    assert noted(container) == [("access.key_revoked", "api:boss", "old")]


def test_the_list_has_all_keys_and_none_of_them(administrator: Client) -> None:
    secret = administrator.create("/keys", {"name": "crm", "role": "viewer"})["key"]

    status, found = administrator.get("/keys")

    assert status == 200
    assert [(each["name"], each["role"]) for each in found["items"]] == [
        ("boss", "admin"),
        ("crm", "viewer"),
    ]
    assert secret not in str(found)
    assert {"key", "key_sha256"}.isdisjoint(found["items"][1])


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["name", "role"]),
        ({"name": "crm", "role": "root"}, ["role"]),
        ({"name": " ", "role": "viewer"}, ["name"]),
        ({"name": "a;b", "role": "viewer"}, ["name"]),
        ({"name": "crm", "role": "viewer", "key": "st_mine"}, ["key"]),
    ],
)
def test_a_bad_key_is_refused(
    container: Container, administrator: Client, body: dict[str, Any], wrong: list[str]
) -> None:
    assert sorted(fields(administrator.post("/keys", body))) == wrong
    assert noted(container) == []


def test_a_name_is_one_keys_for_ever(container: Container, administrator: Client) -> None:
    """Nobody signs with the name of somebody who left."""
    administrator.create("/keys", {"name": "crm", "role": "viewer"})
    administrator.open("DELETE", "/keys/crm")

    again = administrator.post("/keys", {"name": "crm", "role": "viewer"})

    assert (again.status, again.json["message"]) == (
        409,
        "this name belonged to a key that was revoked: crm",
    )
    assert len(noted(container)) == 2
    assert administrator.open("DELETE", "/keys/nobody").status_code == 404


def test_the_log_says_who_subscribed_a_system_and_not_its_whole_address(
    container: Container, administrator: Client
) -> None:
    """A path is often a secret."""
    url = "https://hooks.example.com/services/T0/B0/s3cret?token=s3cret"
    made = administrator.create("/subscriptions", {"url": url, "events": ["lead.replied"]})
    administrator.open("DELETE", f"/subscriptions/{made['id']}")

    created, deleted = then.events(container, "access.")

    assert (created.TOPIC, created.actor) == (
        "access.subscription_created",
        "api:boss",
    )
    assert (str(created.subscription_id), created.host) == (made["id"], "hooks.example.com")
    assert created.events == ("lead.replied",)
    assert (deleted.TOPIC, str(deleted.subscription_id)) == (
        "access.subscription_deleted",
        made["id"],
    )
    stored = b"".join(bytes(row.state) for row in then.table(container, "stored_events"))
    assert b"s3cret" not in stored


def test_what_was_noted_is_in_the_log_for_people(administrator: Client) -> None:
    administrator.create("/keys", {"name": "crm", "role": "viewer"})

    (event,) = administrator.items("/audit/events", topic="access.key_created")

    assert (event["actor"], event["data"]["name"]) == ("api:boss", "crm")
