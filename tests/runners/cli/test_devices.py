"""``sendtrail devices``: one message through a real device, with the outcome explained."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.device import Configuration
from projections.config.settings import Settings
from projections.container import Container, utc_now
from projections.records import credentials
from runners.cli.devices import explain
from runners.gateways import single
from runners.gateways.protocol import Throttled, Unknown
from tests.support import given, then, when
from tests.support.api.given import SECRET_KEY
from tests.support.gateways.fake_gowa import CODE, CREDENTIALS, Behaviour, FakeGowa, Kind, serving
from tests.support.processes import Result, sendtrail
from tests.support.when import Phones

PHONE = "+60123456789"


@pytest.fixture
def gowa() -> Iterator[FakeGowa]:
    fake = FakeGowa()
    fake.devices["sales-1"] = "logged_in"
    with serving(fake):
        yield fake


def device(container: Container, base_url: str) -> None:
    """Sales 1 behind a GOWA server there."""
    settings = {"base_url": base_url, "device_id": "sales-1"}
    configuration = Configuration(name="Sales 1", gateway="gowa", settings=settings)
    made = container.outreach.register_device(configuration, actor="api:boss").id
    with container.database.transaction() as connection:
        credentials.put(connection, made, CREDENTIALS, SECRET_KEY, container.outreach.clock())


def tried(database_url: str, name: str = "Sales 1", to: str = PHONE) -> Result:
    arguments = ("devices", "test", name, "--to", to)
    return sendtrail(*arguments, database_url=database_url, secret_key=SECRET_KEY)


def test_one_message_goes_through_the_device_and_on_record(
    container: Container, database_url: str, gowa: FakeGowa
) -> None:
    """The log says that it was tried and how it ended, and not to whom."""
    device(container, gowa.url)

    done = tried(database_url)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("accepted: the gateway took it and calls it 3EB0")
    (asked,) = gowa.asked
    assert (asked.phone, asked.text) == ("60123456789", "This is a test of Sendtrail.")
    (tested,) = then.events(container, "device.tested")
    assert (tested.outcome, tested.detail) == ("accepted", "3EB00000000000000001")
    assert tested.actor.startswith("cli:")


@pytest.mark.parametrize(
    ("kind", "explained"),
    [
        ("reject", "rejected: INVALID_JID (HTTP 400). Nothing was sent"),
        ("busy", "unreachable: SERVICE_UNAVAILABLE. Nothing was sent"),
        ("error", "unknown: INTERNAL_SERVER_ERROR. It may have been sent"),
    ],
)
def test_a_failure_is_explained(
    container: Container, database_url: str, gowa: FakeGowa, kind: Kind, explained: str
) -> None:
    """Exit code 1, for scripts."""
    device(container, gowa.url)
    gowa.behave = lambda asked: Behaviour(kind)

    done = tried(database_url)

    assert done.returncode == 1
    assert done.stdout.startswith(explained)
    assert len(then.events(container, "device.tested")) == 1
    assert PHONE[1:] not in done.stdout + done.stderr


def test_every_outcome_has_an_explanation() -> None:
    assert explain(single.result(Throttled(7.0))).endswith("Nothing was sent; try in 7 seconds.")
    assert explain(single.result(Throttled())).endswith("Nothing was sent; try later.")
    assert explain(single.result(Unknown("no answer within 30 seconds"))).startswith(
        "unknown: no answer"
    )


def test_what_cannot_be_tried_is_said_in_one_line(
    container: Container, database_url: str, gowa: FakeGowa
) -> None:
    device(container, gowa.url)
    twice = ", ".join(sorted(str(given.device(container, "Twice")) for _ in range(2)))

    for done, expected in (
        (tried(database_url, "Sales 2"), "no device in service Sales 2"),
        (
            tried(database_url, "Twice"),
            "name: expected a name that only one device in service has, or one of the ids of these:"
            f" {twice}",
        ),
        (tried(database_url, to="123"), "phone: expected"),
    ):
        assert done.returncode == 1
        assert expected in done.stderr
    assert gowa.asked == []


def test_an_id_names_a_device_too(container: Container, database_url: str) -> None:
    """Of two with one name, and in any case; a device that has it for a name goes first."""
    given.device(container, "Twice", online=False)
    second = given.device(container, "Twice")

    by_id = tried(database_url, str(second).upper())
    given.device(container, str(second), gateway="gowa", online=False)
    by_name = tried(database_url, str(second))

    assert (by_id.returncode, by_id.stdout.split(":")[0]) == (0, "accepted")
    assert (by_name.returncode, by_name.stdout.split(":")[0]) == (1, "unreachable")


def test_the_pause_of_the_device_is_kept(database_url: str) -> None:
    """Whoever sends: the campaign a moment ago, or a person now."""
    with Container(
        Settings(database_url=database_url, secret_key=SECRET_KEY), utc_now
    ) as container:
        given.device(container, "Slow", pace=(3600, 3600))
        given.lead(container)
        given.campaign(container)
        when.triggers(container)
        when.looks(when.broadcaster(container, Phones(utc_now)))

    done = tried(database_url, "Slow")

    assert done.returncode == 1
    assert "try again in 3" in done.stderr


def test_devices_are_listed(container: Container, database_url: str) -> None:
    """With pace and limit; and one that is off with since when and why."""
    given.device(container, "Sales 1", pace=(5, 15), daily_limit=200)
    off = given.device(container, "Sales 2", pace=(0, 0.5))
    container.outreach.disconnect_device(off, "battery", actor=given.ACTOR)
    since = f"{container.outreach.clock():%Y-%m-%d %H:%M:%S} UTC"

    done = sendtrail("devices", "list", database_url=database_url)

    assert done.returncode == 0
    first, second = [line.split("│")[1:-2] for line in done.stdout.splitlines() if "Sales" in line]
    assert [cell.strip() for cell in first] == [
        "Sales 1", "sandbox", "", "online", "", "5 to 15 s", "0 of 200",
    ]  # fmt: skip
    assert [cell.strip() for cell in second] == [
        "Sales 2", "sandbox", "", f"offline since {since}", "battery", "0 to 0.5 s", "0",
    ]  # fmt: skip


def test_a_phone_is_linked_and_its_contacts_are_imported(
    container: Container, database_url: str, gowa: FakeGowa
) -> None:
    """On the terminal, as over HTTP."""
    device(container, gowa.url)
    gowa.devices["sales-1"] = "disconnected"
    gowa.contacts = {"60123456789@s.whatsapp.net": "Aisyah", "251556360000035@lid": "?"}

    def asked(*arguments: str) -> Result:
        return sendtrail("devices", *arguments, database_url=database_url, secret_key=SECRET_KEY)

    scanned = asked("pair", "Sales 1")
    typed = asked("pair", "Sales 1", "--code", "+60399990021")
    nobody = asked("pair", "Sales 1", "--code")
    tried = asked("contacts", "Sales 1", "--dry-run")
    done = asked("contacts", "Sales 1")

    top = scanned.stdout.splitlines()[1]
    assert (top.strip()[:7], top.strip()[-7:]) == ("█▀▀▀▀▀█", "█▀▀▀▀▀█")
    assert "It is good for 30 seconds." in scanned.stdout
    assert typed.stdout.splitlines()[-1] == CODE
    assert (nobody.returncode, "number is not known yet" in nobody.stderr) == (1, True)
    assert "registered 1, " in tried.stdout
    assert "(nothing was written)" in tried.stdout
    assert "contact 2: row: expected a phone number" in done.stderr
    assert "registered 1" in done.stdout
