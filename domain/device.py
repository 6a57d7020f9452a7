"""A device: one sending number behind one gateway.

offline <-> online, and retired for good. Every decision on a retired device raises WrongStateError.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from domain import gateway_settings, values, warm_up
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.hosts import AllowedHosts
from domain.trial_events import DeviceTestBegun, DeviceTested
from domain.warm_up import WarmUp

Status = Literal["online", "offline", "retired"]
Gateway = Literal["sandbox", "gowa", "cloud", "wablas", "whacenter"]
# The reason of a device that a person disconnected: the monitor does not connect it again.
OPERATOR = "operator"
GATEWAYS: tuple[Gateway, ...] = ("sandbox", "gowa", "cloud", "wablas", "whacenter")


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """How a device sends.

    ``settings`` are the gateway's own options, never credentials, which are in no event. The delays
    are the pace of this number. ``daily_limit`` is the number of dispatches on one day of
    ``timezone``; None is no limit. With a ``warm_up`` the lower of the two limits counts.
    """

    name: str
    gateway: Gateway
    settings: dict[str, Any] = {}
    min_delay_seconds: float = 5.0
    max_delay_seconds: float = 15.0
    daily_limit: int | None = None
    timezone: str = "UTC"
    warm_up: WarmUp | None = None


class DeviceRegistered(Event, frozen=True, kw_only=True, gc=False):
    """The device exists, and is offline."""

    TOPIC: ClassVar[str] = "device.registered"
    configuration: Configuration


class DeviceReconfigured(Event, frozen=True, kw_only=True, gc=False):
    """``configuration`` replaced the one before it."""

    TOPIC: ClassVar[str] = "device.reconfigured"
    configuration: Configuration


class DeviceConnected(Event, frozen=True, kw_only=True, gc=False):
    """The device may send."""

    TOPIC: ClassVar[str] = "device.connected"


class DeviceDisconnected(Event, frozen=True, kw_only=True, gc=False):
    """The device may not send, and its pending messages wait. ``reason`` is ``OPERATOR`` or what a
    program saw."""

    TOPIC: ClassVar[str] = "device.disconnected"
    reason: str


class DeviceRetired(Event, frozen=True, kw_only=True, gc=False):
    """The device never sends again; what was pending on it will be cancelled.

    With ``move_pending`` it moves instead: to the device ``move_to``, or, if that is None or not in
    service any more, to whichever device writes to the lead.
    """

    TOPIC: ClassVar[str] = "device.retired"
    move_pending: bool = False
    move_to: UUID | None = None


class DeviceAddressLearned(Event, frozen=True, kw_only=True, gc=False):
    """The gateway said what the device's own number is called. ``address`` is how the provider
    names it in webhooks, such as ``60399990021@s.whatsapp.net``."""

    TOPIC: ClassVar[str] = "device.address_learned"
    address: str


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device's state; ``reason`` says why it is offline, and ``offline_since`` since when, None
    where it is online. ``address`` is its own number as the provider names it, None where that is
    not known. ``first_connected_at`` is the instant of its first connection. ``move_pending`` and
    ``move_to`` say what becomes of the messages of a retired one."""

    id: UUID
    version: int
    status: Status
    configuration: Configuration
    reason: str | None = None
    offline_since: datetime | None = None
    address: str | None = None
    first_connected_at: datetime | None = None
    move_pending: bool = False
    move_to: UUID | None = None


def evolve(state: Device | None, event: Event) -> Device:
    """The device after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, DeviceRegistered():
            return Device(
                id=event.originator_id,
                version=1,
                status="offline",
                configuration=event.configuration,
                offline_since=event.timestamp,
            )
        case Device(), DeviceReconfigured():
            # With other settings it may be another number. Until its gateway says which, none is
            # better than a wrong one, by which what is written to the device would be a stranger's.
            changes = {"configuration": event.configuration, "address": None}
        case Device(), DeviceConnected():
            changes = {
                "status": "online",
                "reason": None,
                "offline_since": None,
                "first_connected_at": state.first_connected_at or event.timestamp,
            }
        case Device(), DeviceDisconnected():
            changes = {"status": "offline", "reason": event.reason}
            changes["offline_since"] = state.offline_since or event.timestamp
        case Device(), DeviceRetired():
            changes = {
                "status": "retired",
                "move_pending": event.move_pending,
                "move_to": event.move_to,
            }
        case Device(), DeviceTestBegun() | DeviceTested():
            changes = {}
        case Device(), DeviceAddressLearned():
            changes = {"address": event.address}
        case _:
            raise ForeignEventError("a device", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def check(configuration: Configuration) -> Configuration:
    """The configuration, tidied. Raises InvalidInputError naming a value that is wrong."""
    if configuration.gateway not in GATEWAYS:
        raise InvalidInputError("gateway", f"one of {', '.join(GATEWAYS)}")
    limit = configuration.daily_limit
    if limit is not None and limit < 1:
        raise InvalidInputError("daily_limit", "a whole number of at least 1, or null for none")
    values.zone(configuration.timezone)
    if configuration.warm_up is not None:
        warm_up.check(configuration.warm_up)
    low, high = values.delay_range(configuration.min_delay_seconds, configuration.max_delay_seconds)
    return msgspec.structs.replace(
        configuration,
        name=values.name("name", configuration.name, longest=200),
        min_delay_seconds=low,
        max_delay_seconds=high,
    )


def register(
    id: UUID,  # noqa: A002 - the field's own name
    configuration: Configuration,
    credentials: Mapping[str, str],
    *,
    allowed: AllowedHosts,
    now: datetime,
    actor: str,
) -> DeviceRegistered:
    """A new device. It is offline until a person connects it or its gateway reports it online.

    With these settings and ``credentials`` its gateway must be able to work; what ``allowed`` does
    not say may not be private."""
    checked = check(configuration)
    values.label("name", checked.name)
    gateway_settings.check(checked.gateway, checked.settings, allowed)
    gateway_settings.check_credentials(checked.gateway, credentials)
    return first(DeviceRegistered, id, now, actor, configuration=checked)


def reconfigure(
    device: Device,
    configuration: Configuration,
    credentials: Mapping[str, str] | None,
    stored: Collection[str],
    *,
    allowed: AllowedHosts,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Replace the configuration; nothing follows where nothing changes. Another gateway is refused
    with InvalidInputError.

    ``credentials`` take the place of those whose names are ``stored``, None keeps them; with
    another host, all of these must be given anew. Settings that stay are not checked: those of an
    earlier release may be refused by now.
    """
    require_in_service(device, "reconfigure")
    checked, present = check(configuration), device.configuration
    if checked.gateway != present.gateway:
        raise InvalidInputError("gateway", "the device's own; register another device instead")
    if checked.name != present.name:  # what an earlier version let through stays
        values.label("name", checked.name)
    if checked.settings != present.settings:
        gateway_settings.check(checked.gateway, checked.settings, allowed)
    if credentials is not None:
        gateway_settings.check_credentials(checked.gateway, credentials)
    if moves(present, checked):
        gateway_settings.check_anew(checked.gateway, credentials or {}, stored)
    if checked == present:
        return ()
    return (following(device, DeviceReconfigured, now, actor, configuration=checked),)


def moves(before: Configuration, after: Configuration) -> bool:
    """Whether the requests of the device go to another host, port or scheme afterwards."""
    origins = [gateway_settings.origin(each.gateway, each.settings) for each in (before, after)]
    return origins[0] != origins[1]


def connect(device: Device, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Let the device send; nothing follows where it is online already."""
    require_in_service(device, "connect")
    if device.status == "online":
        return ()
    return (following(device, DeviceConnected, now, actor),)


def disconnect(device: Device, reason: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Take the device off, or say why one is off that was never on; nothing follows where it is
    offline for a reason already, whatever that is."""
    require_in_service(device, "disconnect")
    if device.status == "offline" and device.reason is not None:
        return ()
    cleaned = values.cleaned(reason, 500)
    return (following(device, DeviceDisconnected, now, actor, reason=cleaned),)


def retire(
    device: Device,
    *,
    move_pending: bool = False,
    move_to: UUID | None = None,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Retire the device for good. What is pending on it is cancelled by the reaper, or moves, if
    ``move_pending``: to ``move_to``, or to whichever device writes to the lead. The caller has
    checked that another device is in service, or ``move_to`` is."""
    require_in_service(device, "retire")
    then = {"move_pending": move_pending, "move_to": move_to}
    return (following(device, DeviceRetired, now, actor, **then),)


def learn_address(device: Device, address: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Note the device's own number as its gateway names it; nothing follows where it is known
    already, or where ``address`` is empty, because then the gateway did not say."""
    require_in_service(device, "learn the address of")
    cleaned = values.cleaned(address, 200)
    if cleaned in ("", device.address):
        return ()
    return (following(device, DeviceAddressLearned, now, actor, address=cleaned),)


def require_in_service(device: Device, wanted: str) -> None:
    """Raises WrongStateError for a retired device, of which somebody ``wanted`` something."""
    if device.status == "retired":
        raise WrongStateError("device", device.status, wanted)
