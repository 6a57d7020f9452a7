"""What a device may have in its settings and credentials, and what its gateway needs."""

from __future__ import annotations

from typing import Any

import pytest

from domain.hosts import parse_allowed
from projections.config.settings import Settings
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.projections.rebuild.live_tables import differences
from tests.support import given as made
from tests.support.api.application import application
from tests.support.api.client import Client, fields
from tests.support.api.device_secrets import GOWA, PAIR, SECRET, STORED, URL, kept, old_device
from tests.support.api.given import SECRET_KEY

ADMIN_ONLY = (
    "settings.allow_http: expected a key of role admin to set it, or to change base_url while it is"
    " set; this is operator"
)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"settings": {}}, "settings", "settings.base_url: expected the URL of the GOWA server"),
        ({"settings": {"base_url": "gowa"}}, "settings", "settings.base_url: expected an http or"),
        (
            {"settings": {"base_url": URL, "colour": 1}},
            "settings",
            "settings.colour: expected only",
        ),
        (
            {"settings": {"base_url": URL, "password": SECRET}},
            "settings",
            "settings.password: expected it in credentials, which are kept encrypted",
        ),
        (
            {"settings": {"base_url": f"https://sales:{SECRET}@gowa.example.com"}},
            "settings",
            "settings.base_url: expected an http or https URL",
        ),
        (
            {"settings": {"base_url": "https://10.1.2.3"}},
            "settings",
            "settings.base_url: expected a public host; if this private one is meant, an"
            " administrator adds it to the setting SENDTRAIL_ALLOW_PRIVATE_HOSTS of all processes,"
            " as in SENDTRAIL_ALLOW_PRIVATE_HOSTS=10.1.2.3",
        ),
        (
            {"settings": {"base_url": "http://169.254.169.254"}},
            "settings",
            "settings.base_url: expected https",
        ),
        (
            {"credentials": {"token": SECRET}},
            "credentials",
            "credentials: expected only username, password, webhook_secret, which gowa knows",
        ),
        (
            {"credentials": {"password": SECRET}},
            "credentials",
            "credentials: expected username and password, or neither",
        ),
        (
            {"credentials": {**PAIR, "password": f"{SECRET}\n"}},
            "credentials",
            "credentials.password: expected 1 to 10000 characters, without control characters",
        ),
        (
            {"credentials": {**PAIR, "username": ""}},
            "credentials",
            "credentials.username: expected 1 to 10000 characters",
        ),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_registered_and_when_it_is_changed(
    container: Container, operator: Client, change: dict[str, Any], field: str, message: str
) -> None:
    before = operator.create("/devices", GOWA)

    answers = [
        operator.post("/devices", {**GOWA, **change}),
        operator.patch(f"/devices/{before['id']}", {"name": "Other", **change}),
    ]

    for answer in answers:
        assert fields(answer) == [field]
        assert answer.json["message"].startswith(message)
        assert SECRET not in str(answer)
    assert operator.items("/devices") == [before]
    assert kept(container, before["id"]) == STORED


@pytest.mark.parametrize("gateway", ["cloud", "wablas", "whacenter"])
def test_credentials_that_a_gateway_needs_cannot_be_taken_away(
    container: Container, operator: Client, gateway: str
) -> None:
    settings, needed = made.NEEDED[gateway]
    body = {"name": "S", "gateway": gateway, "settings": settings}
    assert fields(operator.post("/devices", body)) == ["credentials"]
    assert fields(operator.post("/devices", {**body, "credentials": {}})) == ["credentials"]
    device_id = operator.create("/devices", {**body, "credentials": needed})["id"]

    assert fields(operator.patch(f"/devices/{device_id}", {"credentials": {}})) == ["credentials"]

    assert kept(container, device_id) == needed


def test_a_private_host_is_a_devices_if_the_setting_names_it(
    database_url: str, clock: SimulatedClock, administrator: Client
) -> None:
    """A GOWA beside Sendtrail in the same compose file."""
    settings = {"base_url": "http://gowa:3000", "allow_http": True}
    body = {**GOWA, "settings": settings}
    assert administrator.post("/devices", body).json["message"] == (
        "settings.base_url: expected a public host; if this private one is meant, an administrator"
        " adds it to the setting SENDTRAIL_ALLOW_PRIVATE_HOSTS of all processes, as in"
        " SENDTRAIL_ALLOW_PRIVATE_HOSTS=gowa"
    )

    with Container(
        Settings(
            database_url=database_url,
            secret_key=SECRET_KEY,
            allow_private_hosts=parse_allowed("gowa"),
        ),
        clock,
    ) as started_anew:
        client = Client(application(started_anew), administrator.key)
        assert client.create("/devices", body)["settings"] == settings


# Clear text


CLEAR = {"base_url": "http://gowa.example.com", "allow_http": True}


def test_only_an_admin_lets_a_device_send_in_clear_text(
    operator: Client, administrator: Client
) -> None:
    before = operator.create("/devices", GOWA)
    path = f"/devices/{before['id']}"
    bodies = [
        {"settings": {**CLEAR, "base_url": URL}},
        {"settings": CLEAR, "credentials": STORED},
    ]

    refused = [operator.patch(path, body) for body in bodies]
    refused += [operator.post("/devices", {**GOWA, **body}) for body in bodies]

    assert [(each.status, each.json["message"]) for each in refused] == [(403, ADMIN_ONLY)] * 4
    assert operator.items("/devices") == [before]
    assert administrator.patch(path, bodies[1]).status == 200
    assert administrator.post("/devices", {**GOWA, **bodies[1]}).status == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "Sales 2"}, 200),
        ({"settings": {**CLEAR, "device_id": "s2"}}, 200),
        ({"credentials": PAIR}, 200),
        # What takes the permission away needs none.
        ({"settings": {"base_url": URL}, "credentials": STORED}, 200),
        ({"settings": {"base_url": URL, "allow_http": False}, "credentials": STORED}, 200),
        # It was given for that host.
        ({"settings": {**CLEAR, "base_url": "http://a.example"}, "credentials": STORED}, 403),
        ({"settings": {**CLEAR, "base_url": f"{CLEAR['base_url']}/b"}}, 403),
        ({"settings": {**CLEAR, "base_url": URL}, "credentials": STORED}, 403),
    ],
)
def test_an_operator_changes_all_else_of_a_device_in_clear_text(
    operator: Client, administrator: Client, change: dict[str, Any], status: int
) -> None:
    clear = administrator.create("/devices", {**GOWA, "settings": CLEAR})
    answer = operator.patch(f"/devices/{clear['id']}", change)
    assert answer.status == status
    assert (answer.json.get("message") == ADMIN_ONLY) is (status == 403)


# Devices of earlier releases


def test_a_device_of_an_earlier_release_loads_and_may_be_changed(
    container: Container, operator: Client
) -> None:
    """Its settings are not checked as long as they stay; its events load and are played again."""
    settings = {"base_url": "http://10.1.2.3", "allow_http": True, "colour": "red", "token": "x"}
    path = f"/devices/{old_device(container, settings, {'password': SECRET, 'colour': 'x'})}"

    assert operator.get(path).json["settings"] == settings
    assert operator.patch(path, {"name": "Older", "settings": settings}).status == 200
    assert operator.patch(path, {"daily_limit": 7}).json["settings"] == settings
    assert operator.post(f"{path}/connect").status == 200
    assert fields(operator.patch(path, {"settings": {"colour": "red"}})) == ["settings"]
    assert differences(container) == {}


def test_a_device_of_an_earlier_release_can_be_mended(
    container: Container, operator: Client
) -> None:
    """What its gateway does not know is not asked for, because it cannot be given. From where it
    led nowhere to somewhere is another host, too."""
    device_id = old_device(container, {"colour": "red"}, {"password": SECRET, "colour": "x"})
    path, good = f"/devices/{device_id}", {"settings": {"base_url": URL}}

    refused = operator.patch(path, good)
    mended = operator.patch(path, {**good, "credentials": PAIR})

    assert "(password)" in refused.json["message"]
    assert (fields(refused), mended.status) == (["credentials"], 200)
    assert kept(container, device_id) == PAIR


def test_a_device_of_an_earlier_release_that_lacks_something_can_be_changed(
    container: Container, operator: Client
) -> None:
    device_id = old_device(container, {}, {"token": SECRET}, "wablas")
    path = f"/devices/{device_id}"
    assert operator.patch(path, {"name": "Older"}).status == 200
    assert fields(operator.patch(path, {"credentials": {"token": "b"}})) == ["credentials"]
    whole = {"token": "b", "secret_key": "c"}
    assert operator.patch(path, {"credentials": whole}).status == 200
    assert kept(container, device_id) == whole
