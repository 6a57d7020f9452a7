"""Devices: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.device import Status
from projections.database.engine import rows
from projections.readmodels.handler import Handlers, handler

_REGISTERED = """
WITH e AS ({events}), slot AS (
    INSERT INTO device_slots (device_id) SELECT originator_id FROM e
), dispatch AS (
    INSERT INTO device_dispatches (device_id) SELECT originator_id FROM e
)
INSERT INTO devices (device_id, version, status, gateway, name, settings, min_delay_seconds,
    max_delay_seconds, daily_limit, timezone, warm_up, offline_since)
SELECT originator_id, originator_version, 'offline', configuration ->> 'gateway',
    configuration ->> 'name', (configuration -> 'settings')::jsonb,
    (configuration ->> 'min_delay_seconds')::float8,
    (configuration ->> 'max_delay_seconds')::float8,
    (configuration ->> 'daily_limit')::int, configuration ->> 'timezone',
    nullif((configuration -> 'warm_up')::jsonb, 'null'), timestamp
FROM e WHERE originator_version = 1
"""

_RECONFIGURED = """
WITH e AS ({events})
UPDATE devices d
SET version = e.originator_version,
    name = e.configuration ->> 'name',
    settings = (e.configuration -> 'settings')::jsonb,
    min_delay_seconds = (e.configuration ->> 'min_delay_seconds')::float8,
    max_delay_seconds = (e.configuration ->> 'max_delay_seconds')::float8,
    daily_limit = (e.configuration ->> 'daily_limit')::int,
    timezone = e.configuration ->> 'timezone',
    warm_up = nullif((e.configuration -> 'warm_up')::jsonb, 'null'),
    address = NULL
FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
"""

_CONNECTED = """
WITH e AS ({events})
UPDATE devices d SET version = e.originator_version, status = 'online', reason = NULL,
    offline_since = NULL,
    first_connected_at = coalesce(d.first_connected_at, e.timestamp)
FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
"""

_DISCONNECTED = """
WITH e AS ({events})
UPDATE devices d
SET version = e.originator_version, status = 'offline', reason = e.reason,
    offline_since = coalesce(d.offline_since, e.timestamp)
FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
"""

_RETIRED = """
WITH e AS ({events})
UPDATE devices d SET version = e.originator_version, status = 'retired',
    move_pending = coalesce(e.move_pending, false), move_to = e.move_to
FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
"""

_TESTED = """
WITH e AS ({events})
UPDATE devices d SET version = e.originator_version
FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
"""

_ADDRESS_LEARNED = """
WITH e AS ({events})
UPDATE devices d SET version = e.originator_version, address = e.address
FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
"""

HANDLERS: Handlers = {
    ("device.registered",): (handler(_REGISTERED, "configuration json"),),
    ("device.reconfigured",): (handler(_RECONFIGURED, "configuration json"),),
    ("device.connected",): (handler(_CONNECTED),),
    ("device.disconnected",): (handler(_DISCONNECTED, "reason text"),),
    ("device.retired",): (handler(_RETIRED, "move_pending boolean, move_to uuid"),),
    ("device.tested",): (handler(_TESTED),),
    ("device.address_learned",): (handler(_ADDRESS_LEARNED, "address text"),),
}


def every(connection: Connection) -> list[Any]:
    """All columns of every device, retired ones too, in order of name."""
    return rows(connection, "SELECT * FROM devices ORDER BY name, device_id")


def in_service(connection: Connection) -> list[Any]:
    """Every device that is not retired, in id order: all its columns, and its credentials as they
    are kept."""
    return rows(
        connection,
        "SELECT d.*, k.ciphertext FROM devices d LEFT JOIN device_secrets k USING (device_id)"
        " WHERE d.status <> 'retired' ORDER BY d.device_id",
    )


def statuses(connection: Connection) -> dict[UUID, Status]:
    """The status of every device, retired ones too."""
    devices = rows(connection, "SELECT device_id, status FROM devices")
    return {row.device_id: row.status for row in devices}


def retired(statuses: Mapping[UUID, Status]) -> list[UUID]:
    """Those of the devices, by their statuses, that are retired."""
    return [device for device, status in statuses.items() if status == "retired"]


def gateways(connection: Connection) -> dict[UUID, str]:
    """The gateway of every device, retired ones too."""
    devices = rows(connection, "SELECT device_id, gateway FROM devices")
    return {row.device_id: row.gateway for row in devices}


def last_used_at(connection: Connection, device_id: UUID) -> datetime | None:
    """When the device was last used for a message; None before its first one."""
    (dispatch,) = rows(
        connection,
        "SELECT dispatched_at FROM device_dispatches WHERE device_id = %(id)s",
        id=str(device_id),
    )
    used_at: datetime | None = dispatch.dispatched_at
    return used_at
