"""A device: one sending number behind one gateway; offline <-> online, and retired for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from domain import values
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following

Status = Literal["online", "offline", "retired"]
Gateway = Literal["sandbox", "gowa", "cloud", "wablas", "whacenter"]
# The reason of a device that a person disconnected: no program connects it again.
OPERATOR = "operator"
GATEWAYS: tuple[Gateway, ...] = ("sandbox", "gowa", "cloud", "wablas", "whacenter")


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """How a device sends. ``settings`` are the gateway's own (never credentials, which are no part
    of any event); delays in seconds are the pace of this number; ``daily_limit`` counts hand-overs
    per day in ``timezone``."""

    name: str
    gateway: Gateway
    settings: dict[str, Any] = {}
    min_delay_seconds: float = 5.0
    max_delay_seconds: float = 15.0
    daily_limit: int | None = None
    timezone: str = "UTC"


class DeviceRegistered(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "device.registered"
    configuration: Configuration


class DeviceReconfigured(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "device.reconfigured"
    configuration: Configuration


class DeviceConnected(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "device.connected"


class DeviceDisconnected(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "device.disconnected"
    reason: str


class DeviceRetired(Event, frozen=True, kw_only=True, gc=False):
    TOPIC: ClassVar[str] = "device.retired"


class DeviceTested(Event, frozen=True, kw_only=True, gc=False):
    """A person sent a message through it by hand; ``outcome`` is what the gateway made of it, and
    ``detail`` its id, code or reason."""

    TOPIC: ClassVar[str] = "device.tested"
    outcome: str
    detail: str


class Device(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    version: int
    status: Status
    configuration: Configuration
    reason: str | None = None


def evolve(state: Device | None, event: Event) -> Device:
    """The device after ``event``; ``reason`` says why it is offline."""
    changes: dict[str, object]
    match state, event:
        case None, DeviceRegistered():
            return Device(
                id=event.originator_id,
                version=1,
                status="offline",
                configuration=event.configuration,
            )
        case Device(), DeviceReconfigured():
            changes = {"configuration": event.configuration}
        case Device(), DeviceConnected():
            changes = {"status": "online", "reason": None}
        case Device(), DeviceDisconnected():
            changes = {"status": "offline", "reason": event.reason}
        case Device(), DeviceRetired():
            changes = {"status": "retired"}
        case Device(), DeviceTested():
            changes = {}
        case _:
            raise ForeignEventError("a device", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def check(configuration: Configuration) -> Configuration:
    """The configuration, tidied. Raises InvalidInputError naming the first value that is wrong."""
    if configuration.gateway not in GATEWAYS:
        raise InvalidInputError("gateway", f"one of {', '.join(GATEWAYS)}")
    limit = configuration.daily_limit
    if limit is not None and limit < 1:
        raise InvalidInputError("daily_limit", "a whole number of at least 1, or null for none")
    values.zone(configuration.timezone)
    if not _storable(configuration.settings):
        raise InvalidInputError(
            "settings", "at most 10000 characters of JSON, 10 levels deep, without NUL"
        )
    low, high = values.delay_range(configuration.min_delay_seconds, configuration.max_delay_seconds)
    return msgspec.structs.replace(
        configuration,
        name=values.text("name", configuration.name, longest=200).strip(),
        min_delay_seconds=low,
        max_delay_seconds=high,
    )


def _storable(settings: dict[str, Any]) -> bool:
    level: list[Any] = [settings]
    for _ in range(10):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list | tuple)
        ]
        if not level:
            break
    else:
        return False
    try:
        encoded = msgspec.json.encode(settings)
    except (TypeError, ValueError):  # half a surrogate pair is a ValueError too
        return False
    return len(encoded) <= 10_000 and b"\\u0000" not in encoded


def register(
    id: UUID,  # noqa: A002 - the field's own name
    configuration: Configuration,
    *,
    now: datetime,
    actor: str,
) -> DeviceRegistered:
    """A new device, offline until it is connected or its gateway says that it is."""
    return first(DeviceRegistered, id, now, actor, configuration=check(configuration))


def reconfigure(
    device: Device, configuration: Configuration, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Nothing happens where nothing changes; the gateway of a device is for good."""
    _require_in_service(device, "reconfigure")
    checked = check(configuration)
    if checked.gateway != device.configuration.gateway:
        raise InvalidInputError("gateway", "the device's own; register another device instead")
    if checked == device.configuration:
        return ()
    return (following(device, DeviceReconfigured, now, actor, configuration=checked),)


def connect(device: Device, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Nothing happens where it is online already."""
    _require_in_service(device, "connect")
    if device.status == "online":
        return ()
    return (following(device, DeviceConnected, now, actor),)


def disconnect(device: Device, reason: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Nothing happens where it is offline already, whatever the reason."""
    _require_in_service(device, "disconnect")
    if device.status == "offline":
        return ()
    cleaned = values.cleaned(reason, 500)
    return (following(device, DeviceDisconnected, now, actor, reason=cleaned),)


def retire(device: Device, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """For good. What it had pending is cancelled by the broadcaster."""
    _require_in_service(device, "retire")
    return (following(device, DeviceRetired, now, actor),)


def note_test(
    device: Device, outcome: str, detail: str, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    _require_in_service(device, "test")
    cleaned = values.cleaned(detail, 500)
    return (following(device, DeviceTested, now, actor, outcome=outcome, detail=cleaned),)


def _require_in_service(device: Device, wanted: str) -> None:
    if device.status == "retired":
        raise WrongStateError("device", device.status, wanted)
