"""Devices: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.device import Status
from projections.database.engine import rows
from projections.readmodels.handler import Handler, handler

_CONFIGURATION = """
    name = e.configuration ->> 'name',
    settings = (e.configuration -> 'settings')::jsonb,
    min_delay_seconds = (e.configuration ->> 'min_delay_seconds')::float8,
    max_delay_seconds = (e.configuration ->> 'max_delay_seconds')::float8,
    daily_limit = (e.configuration ->> 'daily_limit')::int,
    timezone = e.configuration ->> 'timezone'
"""


def _update(fields: str, changes: str) -> Handler:
    return handler(
        fields,
        f"UPDATE devices d SET version = e.originator_version, {changes}"
        " FROM e WHERE d.device_id = e.originator_id",
    )


HANDLERS: dict[str, Handler] = {
    "device.registered": handler(
        "configuration json",
        """, lane AS (
            INSERT INTO device_lanes (device_id) SELECT originator_id FROM e
        ), hand_over AS (
            INSERT INTO device_hand_overs (device_id) SELECT originator_id FROM e
        )
        INSERT INTO devices (device_id, version, status, gateway, name, settings,
            min_delay_seconds, max_delay_seconds, daily_limit, timezone)
        SELECT e.originator_id, e.originator_version, 'offline', c ->> 'gateway', c ->> 'name',
            (c -> 'settings')::jsonb, (c ->> 'min_delay_seconds')::float8,
            (c ->> 'max_delay_seconds')::float8, (c ->> 'daily_limit')::int, c ->> 'timezone'
        FROM e, LATERAL (SELECT e.configuration AS c) x""",
    ),
    "device.reconfigured": _update("configuration json", _CONFIGURATION),
    "device.connected": _update("", "status = 'online', reason = NULL"),
    "device.disconnected": _update("reason text", "status = 'offline', reason = e.reason"),
    "device.retired": _update("", "status = 'retired'"),
    "device.tested": _update("", "status = d.status"),
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


def of_gateway(connection: Connection, gateway: str) -> list[Any]:
    """The ids of every device of that gateway, retired ones too, and their credentials as they are
    kept."""
    return rows(
        connection,
        "SELECT d.device_id, k.ciphertext FROM devices d LEFT JOIN device_secrets k"
        " USING (device_id) WHERE d.gateway = %(gateway)s",
        gateway=gateway,
    )


def statuses(connection: Connection) -> dict[UUID, Status]:
    """The status of every device, retired ones too."""
    found = rows(connection, "SELECT device_id, status FROM devices")
    return {row.device_id: row.status for row in found}


def last_used_at(connection: Connection, device_id: UUID) -> datetime | None:
    """When the device was last used for a message; None before its first one."""
    (dispatch,) = rows(
        connection,
        "SELECT handed_over_at FROM device_hand_overs WHERE device_id = %(id)s",
        id=str(device_id),
    )
    used_at: datetime | None = dispatch.handed_over_at
    return used_at
