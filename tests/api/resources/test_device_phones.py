"""/devices/{id}/pairing and /devices/{id}/contacts: the phone behind a device."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections.config.settings import Settings
from projections.container import Container
from runners.gateways.phones import Phones
from tests.support.api import given
from tests.support.api.application import application
from tests.support.api.browsing import Browser
from tests.support.api.client import Client
from tests.support.gateways.fake_gowa import CODE, CREDENTIALS, FakeGowa
from tests.support.gateways.fakes import serving


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    """A server with one device, to which no phone is linked."""
    with serving(FakeGowa()) as fake:
        fake.devices["sales-1"] = "disconnected"
        yield fake


@pytest.fixture
def client(container: Container, operator: Client) -> Client:
    """An operator of an API that asks gateways."""
    phones = Phones(Settings(database_url=""))
    return Client(application(container, phones=phones), operator.key)


def behind(client: Client, gowa: FakeGowa) -> str:
    """The id of a device of that server."""
    return given.device(
        client,
        online=False,
        gateway="gowa",
        settings={"base_url": gowa.url, "device_id": "sales-1"},
        credentials=CREDENTIALS,
    )


def test_a_phone_is_linked_by_a_picture_or_by_a_code(client: Client, gowa: FakeGowa) -> None:
    device_id = behind(client, gowa)

    scanned = client.get(f"/devices/{device_id}/pairing")
    typed = client.get(f"/devices/{device_id}/pairing", phone="+60399990021")

    assert (scanned.status, typed.status) == (200, 200)
    assert scanned.json["qr"].startswith("<svg ")
    assert (scanned.json["code"], scanned.json["seconds"]) == (None, 30)
    assert typed.json == {"device_id": device_id, "qr": None, "code": CODE, "seconds": None}


def test_what_cannot_be_linked_says_why(client: Client, gowa: FakeGowa) -> None:
    device_id = behind(client, gowa)
    gowa.devices["sales-1"] = "logged_in"

    linked = client.get(f"/devices/{device_id}/pairing")
    sandbox = client.get(f"/devices/{given.device(client, 'Sandbox')}/pairing")
    gowa.devices.clear()
    unknown = client.get(f"/devices/{device_id}/pairing")

    assert (linked.status, linked.json["errors"]) == (409, {"state": "logged_in"})
    assert sandbox.status == 409
    assert "a device behind sandbox is linked to no phone" in sandbox.json["message"]
    assert (unknown.status, unknown.json["message"]) == (
        502,
        "the gateway refused: DEVICE_NOT_FOUND",
    )


def test_contacts_become_leads_of_the_device_and_a_dry_run_writes_nothing(
    client: Client, gowa: FakeGowa
) -> None:
    device_id = behind(client, gowa)
    gowa.contacts = {
        "60123456789@s.whatsapp.net": "Aisyah",
        "120363402106000039@g.us": "A group",
        "251556360000035@lid": "No number",
    }
    path = f"/devices/{device_id}/contacts"

    tried = client.post(f"{path}?dry_run=true&add_triggers=COLD")
    none_yet = client.items("/leads")
    done = client.post(f"{path}?add_triggers=COLD")
    again = client.post(f"{path}?add_triggers=COLD")

    assert none_yet == []
    assert tried.json == done.json
    assert (done.status, done.json["registered"], again.json["known"]) == (200, 1, 1)
    (rejected,) = done.json["rejected"]
    assert (rejected["line"], rejected["field"]) == (2, "row")
    (lead,) = client.items("/leads")
    assert (lead["phone"], lead["name"], lead["device_id"], lead["triggers"]) == (
        "+60123456789",
        "Aisyah",
        device_id,
        ["COLD"],
    )


def test_the_page_shows_a_code_once_it_is_asked_for(client: Client, gowa: FakeGowa) -> None:
    """To show it begins a login, so that looking at the page shows none."""
    device_id = behind(client, gowa)
    browser = Browser(client.app)
    browser.sign_in(client.key or "")

    browser.open("/devices")
    linked = f'href="/devices/{device_id}/pairing"' in browser.page
    browser.open(f"/devices/{device_id}/pairing")
    before, asked = browser.page, list(gowa.paths)
    browser.open(f"/devices/{device_id}/pairing?by=qr")
    scanned = browser.page
    browser.open(f"/devices/{device_id}/pairing?by=code&phone=%2B60399990021")
    typed = browser.page
    gowa.devices["sales-1"] = "logged_in"
    browser.open(f"/devices/{device_id}/pairing?by=qr")

    assert linked
    assert ("<svg " in before, asked) == (False, [])
    assert "<svg " in scanned
    assert f"<code>{CODE}</code>" in typed
    assert (browser.status, "it is logged_in" in browser.page) == (409, True)
