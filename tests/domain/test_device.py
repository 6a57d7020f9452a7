"""A device: registered, set up, connected, disconnected, and retired for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain import device
from domain.campaign.events import CampaignPaused
from domain.device import (
    GATEWAYS,
    Configuration,
    Device,
    DeviceAddressLearned,
    DeviceConnected,
    DeviceDisconnected,
    DeviceReconfigured,
    DeviceRegistered,
    DeviceRetired,
)
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError
from domain.gateway_settings import GATEWAYS as GATEWAY_OPTIONS
from domain.hosts import NONE
from domain.warm_up import WarmUp
from tests.support.given import NEEDED
from tests.support.samples import BY, ID, NOW, event

SETUP = Configuration(
    name="Sales 1", gateway="gowa", settings={"base_url": "https://gowa.example.com"}
)
REGISTERED = event(DeviceRegistered, 1, configuration=SETUP)
CONNECTED = event(DeviceConnected, 2)
DISCONNECTED = event(DeviceDisconnected, 3, reason="logged out")
RETIRED = event(DeviceRetired, 2)
OTHER = UUID(int=2)
AT_LEAST_1 = "expected a whole number of at least 1"
DAYS = "expected a whole number of days from 1 to 366"
OURS = "60399990021@s.whatsapp.net"
LEARNED = event(DeviceAddressLearned, 2, address=OURS)


def given(*events: Event) -> Device:
    state = device.fold(None, events)
    assert state is not None
    return state


def changed(**fields: Any) -> Configuration:
    return msgspec.structs.replace(SETUP, **fields)


def register(configuration: Configuration, **credentials: str) -> Event:
    return device.register(ID, configuration, credentials, allowed=NONE, **BY)


def reconfigure(
    state: Device,
    configuration: Configuration,
    credentials: dict[str, str] | None = None,
    stored: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    return device.reconfigure(state, configuration, credentials, stored, allowed=NONE, **BY)


def test_a_new_device_is_offline() -> None:
    """Until it is connected, or its gateway says that it is."""
    assert register(changed(name=" Sales 1 ")) == REGISTERED
    assert given(REGISTERED) == Device(
        id=ID, version=1, status="offline", configuration=SETUP, reason=None, offline_since=NOW
    )


def test_a_device_has_a_polite_pace_by_default() -> None:
    """5 to 15 seconds between two messages, no daily limit, days in UTC."""
    default = device.check(Configuration(name="Sales 1", gateway="sandbox"))
    assert default == Configuration(
        name="Sales 1",
        gateway="sandbox",
        settings={},
        min_delay_seconds=5.0,
        max_delay_seconds=15.0,
        daily_limit=None,
        timezone="UTC",
        warm_up=None,
    )


@pytest.mark.parametrize("gateway", ["sandbox", "gowa", "cloud", "wablas", "whacenter"])
def test_every_gateway_is_known_by_its_name(gateway: str) -> None:
    """The five names of the API and of the webhook paths."""
    settings, credentials = NEEDED[gateway]
    setup = changed(gateway=gateway, daily_limit=1, settings=settings)
    assert register(setup, **credentials) == event(DeviceRegistered, 1, configuration=setup)
    assert tuple(GATEWAY_OPTIONS) == GATEWAYS


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (
            {"gateway": "pigeon"},
            "gateway: expected one of sandbox, gowa, cloud, wablas, whacenter",
        ),
        ({"name": " "}, "name: expected 1 to 200 characters, without NUL"),
        ({"name": "x" * 201}, "name: expected 1 to 200 characters, without NUL"),
        (
            {"daily_limit": 0},
            "daily_limit: expected a whole number of at least 1, or null for none",
        ),
        ({"warm_up": WarmUp(least=0, most=500, days=10)}, f"warm_up.from: {AT_LEAST_1}"),
        (
            {"warm_up": WarmUp(least=50, most=49, days=10)},
            "warm_up.to: expected a whole number of at least warm_up.from",
        ),
        ({"warm_up": WarmUp(least=50, most=500, days=0)}, f"warm_up.days: {DAYS}"),
        ({"warm_up": WarmUp(least=50, most=500, days=367)}, f"warm_up.days: {DAYS}"),
        (
            {"timezone": "Mars/Base"},
            "timezone: expected an IANA time zone such as Asia/Kuala_Lumpur",
        ),
        (
            {"min_delay_seconds": -1.0},
            "min_delay_seconds: expected seconds between 0 and 86400",
        ),
        (
            {"min_delay_seconds": 20.0},
            "max_delay_seconds: expected seconds from min_delay_seconds to 86400",
        ),
    ],
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, Any], error: str) -> None:
    """On registering and on reconfiguring alike; the error says what was expected."""
    with pytest.raises(InvalidInputError) as refused:
        register(changed(**wrong))
    assert str(refused.value) == error
    with pytest.raises(InvalidInputError) as refused:
        reconfigure(given(REGISTERED), changed(**wrong))
    assert str(refused.value) == error


def test_a_device_is_reconfigured() -> None:
    """Online or offline, and it stays what it is."""
    slower = changed(min_delay_seconds=30.0, max_delay_seconds=60.0, daily_limit=200)
    reconfigured = event(DeviceReconfigured, 3, configuration=slower)
    assert reconfigure(given(REGISTERED, CONNECTED), slower) == (reconfigured,)
    state = given(REGISTERED, CONNECTED, reconfigured)
    assert (state.status, state.configuration, state.version) == ("online", slower, 3)


def test_reconfiguring_without_a_change_is_no_event() -> None:
    """White space around the name is no change."""
    assert reconfigure(given(REGISTERED), changed(name="Sales 1 ")) == ()


HIDDEN = "Sales\u200b 1"


def test_no_device_looks_like_another_by_what_nobody_sees() -> None:
    """One that an earlier version let through keeps its name until somebody changes that."""
    with pytest.raises(InvalidInputError, match="name: expected characters that can be seen"):
        register(changed(name=HIDDEN))
    with pytest.raises(InvalidInputError, match="name: expected characters that can be seen"):
        reconfigure(given(REGISTERED), changed(name=HIDDEN))

    former = event(DeviceRegistered, 1, configuration=changed(name=HIDDEN))
    (event_,) = reconfigure(given(former), changed(name=HIDDEN, daily_limit=5))

    assert isinstance(event_, DeviceReconfigured)
    assert event_.configuration.daily_limit == 5


def test_a_device_never_changes_its_gateway() -> None:
    """What it has sent belongs to the gateway it was sent through."""
    with pytest.raises(InvalidInputError) as error:
        reconfigure(given(REGISTERED), changed(gateway="cloud"))
    assert str(error.value) == (
        "gateway: expected the device's own; register another device instead"
    )


def test_a_device_is_connected() -> None:
    """It may send from now on."""
    assert device.connect(given(REGISTERED), **BY) == (CONNECTED,)
    assert given(REGISTERED, CONNECTED).status == "online"


def test_connecting_again_is_no_event() -> None:
    """The monitor may say "online" every 30 seconds."""
    assert device.connect(given(REGISTERED, CONNECTED), **BY) == ()


def test_a_device_is_disconnected_for_a_reason() -> None:
    """The reason is kept while it is offline, and gone when it is back."""
    assert device.disconnect(given(REGISTERED, CONNECTED), "logged out", **BY) == (DISCONNECTED,)
    state = given(REGISTERED, CONNECTED, DISCONNECTED)
    assert (state.status, state.reason) == ("offline", "logged out")
    assert state.offline_since == DISCONNECTED.timestamp
    back = event(DeviceConnected, 4)
    assert device.connect(state, **BY) == (back,)
    online = device.evolve(state, back)
    assert (online.reason, online.offline_since) == (None, None)


def test_a_device_that_was_never_connected_gets_its_reason_once() -> None:
    (why,) = device.disconnect(given(REGISTERED), "no answer", **BY)
    assert why == event(DeviceDisconnected, 2, reason="no answer")
    explained = given(REGISTERED, why)
    assert (explained.reason, explained.offline_since) == ("no answer", REGISTERED.timestamp)
    assert device.disconnect(explained, "logged out", **BY) == ()


def test_disconnecting_again_is_no_event() -> None:
    offline = given(REGISTERED, CONNECTED, DISCONNECTED)
    assert device.disconnect(offline, "no answer", **BY) == ()


def test_the_devices_own_number_is_learned_once() -> None:
    """The monitor may say it every 30 seconds, and may not know it."""
    assert device.learn_address(given(REGISTERED), OURS, **BY) == (LEARNED,)
    state = given(REGISTERED, LEARNED)
    assert (state.address, state.version) == (OURS, 2)
    assert device.learn_address(state, OURS, **BY) == ()
    assert device.learn_address(state, "", **BY) == ()
    other = "60399990022@s.whatsapp.net"
    moved = event(DeviceAddressLearned, 3, address=other)
    assert device.learn_address(state, other, **BY) == (moved,)
    assert device.evolve(state, moved).address == other


def test_an_address_from_outside_is_made_storable() -> None:
    (learned,) = device.learn_address(given(REGISTERED), "a\0" + "b" * 300, **BY)
    assert learned == event(DeviceAddressLearned, 2, address="a\ufffd" + "b" * 198)


def test_with_other_settings_the_devices_number_is_not_known() -> None:
    """It may be another one: what is written to it must not be taken for a stranger's."""
    moved = changed(settings={"base_url": "https://other.example.com"})
    reconfigured = event(DeviceReconfigured, 3, configuration=moved)
    state = given(REGISTERED, LEARNED, reconfigured)
    assert state.address is None
    again = event(DeviceAddressLearned, 4, address=OURS)
    assert device.learn_address(state, OURS, **BY) == (again,)


@pytest.mark.parametrize(("before", "version"), [((REGISTERED,), 2), ((REGISTERED, CONNECTED), 3)])
def test_a_device_is_retired(before: tuple[Event, ...], version: int) -> None:
    """Online or offline."""
    retired = event(DeviceRetired, version)
    assert device.retire(given(*before), **BY) == (retired,)
    assert given(*before, retired).status == "retired"


@pytest.mark.parametrize("move_to", [None, OTHER])
def test_a_retired_device_says_what_becomes_of_its_messages(move_to: UUID | None) -> None:
    """To one device, or to whichever writes to each lead."""
    retired = event(DeviceRetired, 2, move_pending=True, move_to=move_to)
    assert device.retire(given(REGISTERED), move_pending=True, move_to=move_to, **BY) == (retired,)
    state = given(REGISTERED, retired)
    assert (state.move_pending, state.move_to) == (True, move_to)


def test_the_first_connection_is_remembered() -> None:
    """The days of a warm-up count from it, however often the device goes away."""
    again = event(DeviceConnected, 4)
    assert given(REGISTERED).first_connected_at is None
    state = given(REGISTERED, CONNECTED, DISCONNECTED, again)
    assert state.first_connected_at == CONNECTED.timestamp


@pytest.mark.parametrize(
    ("decision", "wanted"),
    [
        (lambda state: reconfigure(state, changed(name="Sales 2")), "reconfigure"),
        (lambda state: device.connect(state, **BY), "connect"),
        (lambda state: device.disconnect(state, "logged out", **BY), "disconnect"),
        (lambda state: device.retire(state, **BY), "retire"),
        (lambda state: device.learn_address(state, OURS, **BY), "learn the address of"),
    ],
)
def test_a_retired_device_stays_retired(decision: Callable[[Device], object], wanted: str) -> None:
    """Nothing brings it back."""
    with pytest.raises(WrongStateError) as error:
        decision(given(REGISTERED, RETIRED))
    assert str(error.value) == f"cannot {wanted} this device: it is retired"
    assert error.value.state == "retired"


@pytest.mark.parametrize(
    ("before", "wrong"),
    [((), CONNECTED), ((REGISTERED,), REGISTERED), ((REGISTERED,), event(CampaignPaused, 2))],
)
def test_a_stream_that_is_no_devices_is_an_error(before: tuple[Event, ...], wrong: Event) -> None:
    """It begins with the registration, which comes once."""
    with pytest.raises(ForeignEventError, match="a device cannot begin or go on with"):
        device.fold(None, [*before, wrong])
