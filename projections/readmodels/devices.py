"""Devices: events into rows, and what runners and people ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.device import Status
from domain.trials import DayUse
from projections.database.engine import rows
from projections.database.prepared import prepared
from projections.readmodels.counters import Tally
from projections.readmodels.handler import Handlers, handler
from projections.schema.expressions import LIMIT_TODAY, TODAY


def _used(tally: Tally, rows: Sequence[Any]) -> int:
    """``rows`` say what tests added to the days of devices, see ``Tally.used``."""
    return tally.used(rows)


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

# A test takes a turn of the device: the latest dispatch is told as messages tell it. Which test was
# the latest does not depend on these.
_TEST_BEGUN = """
WITH e AS ({events}), dispatch AS (
    UPDATE device_dispatches h SET test_id = e.test_id, test_answered_at = NULL,
        dispatched_at = CASE WHEN n.later THEN e.timestamp ELSE h.dispatched_at END,
        message_id = CASE WHEN n.later THEN e.test_id ELSE h.message_id END,
        epoch = CASE WHEN n.later THEN e.dispatch_epoch ELSE h.epoch END
    FROM e JOIN device_dispatches o ON o.device_id = e.originator_id
    CROSS JOIN LATERAL (SELECT o.dispatched_at IS NULL OR (e.dispatch_epoch, e.timestamp, e.test_id)
        > (o.epoch, o.dispatched_at, o.message_id) AS later) n
    WHERE h.device_id = e.originator_id
), changed AS (
    UPDATE devices d SET version = e.originator_version
    FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
    RETURNING d.device_id, e.slot_day
)
SELECT device_id, slot_day, 1, 0, 0, 0 FROM changed
"""

# What was surely not accepted uses up nothing. Tests of earlier versions are not counted.
_TESTED = """
WITH e AS ({events}), dispatch AS (
    UPDATE device_dispatches h SET test_answered_at = e.timestamp
    FROM e WHERE h.device_id = e.originator_id AND h.test_id = e.test_id
), changed AS (
    UPDATE devices d SET version = e.originator_version
    FROM e WHERE d.device_id = e.originator_id AND d.version = e.originator_version - 1
    RETURNING d.device_id, e.slot_day, e.outcome
)
SELECT device_id, slot_day, -(outcome IN ('throttled', 'unreachable'))::int,
    (outcome = 'accepted')::int, (outcome = 'rejected')::int, (outcome = 'unknown')::int
FROM changed
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
    ("device.test_begun",): (
        handler(_TEST_BEGUN, "test_id uuid, slot_day date, dispatch_epoch int", counted=_used),
    ),
    ("device.tested",): (
        handler(_TESTED, "outcome text, test_id uuid, slot_day date", counted=_used),
    ),
    ("device.address_learned",): (handler(_ADDRESS_LEARNED, "address text"),),
}


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


_DAY_USE = prepared(f"""
SELECT {LIMIT_TODAY} AS of_day, coalesce(u.claimed, 0) AS used FROM devices d
LEFT JOIN device_days u ON u.device_id = d.device_id AND u.day = {TODAY}
WHERE d.device_id = %(id)s
""")


def day_use(connection: Connection, device_id: UUID, now: datetime) -> DayUse:
    """How much the device may send on the day of ``now``, and has sent, by what was claimed."""
    (row,) = rows(connection, _DAY_USE, id=device_id, now=now)
    return DayUse(row.of_day, row.used)
