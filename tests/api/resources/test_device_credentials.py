"""Credentials stay where they were meant to go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from projections.container import Container
from projections.records import credentials
from tests.support import then
from tests.support.api.client import Answer, Client, fields
from tests.support.api.device_secrets import GOWA, PAIR, SECRET, STORED, URL, kept

ANEW = (
    "credentials: expected all that the device has anew (username, password, webhook_secret) in the"
    " same request, because base_url leads elsewhere: none is sent where it was not meant to go"
)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://evil.example.com",
        "https://gowa.example.com.evil.example",
        "https://gowa.example.com:8443",
        "http://127.0.0.1:3000",
        "https://127.0.0.1",
    ],
)
@pytest.mark.parametrize(
    "given", [None, {}, PAIR, {"webhook_secret": "a new one of 16 or more"}], ids=str
)
def test_another_host_needs_all_credentials_anew(
    container: Container, operator: Client, base_url: str, given: dict[str, str] | None
) -> None:
    """An operator changed base_url, and the password went to his own server."""
    before = operator.create("/devices", GOWA)
    path = f"/devices/{before['id']}"
    body: dict[str, Any] = {"settings": {"base_url": base_url}, "name": "Mine"}

    refused = operator.patch(path, body if given is None else {**body, "credentials": given})

    assert fields(refused) == ["credentials"]
    assert refused.json["message"] == ANEW
    assert SECRET not in str(refused)
    assert operator.get(path).json == before
    assert kept(container, before["id"]) == STORED


def test_with_all_credentials_anew_it_moves(container: Container, operator: Client) -> None:
    before = operator.create("/devices", GOWA)
    settings = {"base_url": "https://new.example.com:8443/gowa"}
    anew = {"username": "new", "password": "new-s3cret", "webhook_secret": "new too, of 16 or more"}

    moved = operator.patch(f"/devices/{before['id']}", {"settings": settings, "credentials": anew})

    assert moved == (200, {**before, "settings": settings, "version": 2})
    assert kept(container, before["id"]) == anew


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Sales 2"},
        {"settings": {"base_url": f"{URL}/sales", "device_id": "s1"}},
        {"settings": {"base_url": "HTTPS://GOWA.example.com:443"}},
        {"settings": {"base_url": URL}, "min_delay_seconds": 30},
    ],
)
def test_what_stays_with_its_host_keeps_its_credentials(
    container: Container, operator: Client, change: dict[str, Any]
) -> None:
    before = operator.create("/devices", GOWA)

    changed = operator.patch(f"/devices/{before['id']}", change)

    assert changed.status == 200
    assert kept(container, before["id"]) == STORED


def test_the_host_that_is_meant_by_default_counts(container: Container, operator: Client) -> None:
    """Of the Cloud API, to which a number without base_url belongs."""
    cloud = {
        "name": "Cloud",
        "gateway": "cloud",
        "settings": {"phone_number_id": "1"},
        "credentials": {"access_token": SECRET},
    }
    path = f"/devices/{operator.create('/devices', cloud)['id']}"

    def moves(base_url: str | None) -> int:
        settings = {"phone_number_id": "1", **({"base_url": base_url} if base_url else {})}
        return operator.patch(path, {"settings": settings}).status

    assert moves("https://evil.example.com") == 422
    assert moves("https://graph.facebook.com") == 200
    assert moves(None) == 200
    assert moves("https://graph.facebook.com:8443") == 422


def test_without_credentials_a_device_may_move(operator: Client) -> None:
    """There are none that could go astray."""
    made_device = operator.create("/devices", {**GOWA, "credentials": {}})
    body = {"settings": {"base_url": "https://new.example.com"}}
    assert operator.patch(f"/devices/{made_device['id']}", body).status == 200


# Both or neither


def test_settings_and_credentials_change_together_or_not_at_all(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is there for anybody before both are."""
    before = operator.create("/devices", GOWA)
    path = f"/devices/{before['id']}"
    body = {"settings": {"base_url": "https://new.example.com"}, "credentials": STORED}
    anew = {**STORED, "password": "anew"}

    def fails(*_: Any, **__: Any) -> None:
        raise ConnectionError("as a server that is killed")

    with monkeypatch.context() as patch:
        patch.setattr(credentials, "put", fails)
        broken: list[Answer] = [operator.patch(path, body)]
    with monkeypatch.context() as patch:
        patch.setattr(container.outreach, "record", fails)
        broken.append(operator.patch(path, {**body, "credentials": anew}))

    assert [answer.status for answer in broken] == [500, 500]
    assert operator.get(path).json == before
    assert kept(container, before["id"]) == STORED


def test_a_device_is_registered_with_its_credentials_or_not_at_all(
    container: Container, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ConnectionError("as a server that is killed")

    for target, name in ((credentials, "put"), (container.outreach, "record")):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, fails)
            assert operator.post("/devices", GOWA).status == 500

    assert operator.items("/devices") == []
    assert then.table(container, "device_secrets") == []


def test_a_retired_device_gets_no_credentials(container: Container, operator: Client) -> None:
    device_id = operator.create("/devices", GOWA)["id"]
    operator.post(f"/devices/{device_id}/retire", {"cancel": True})
    before = then.table(container, "device_secrets")

    assert operator.patch(f"/devices/{device_id}", {"credentials": PAIR}).status == 409

    assert then.table(container, "device_secrets") == before
    assert [row.device_id for row in before] == [UUID(device_id)]
