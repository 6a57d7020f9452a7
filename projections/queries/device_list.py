"""Every device with what it has used of today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from projections.database.engine import rows
from projections.schema.expressions import LIMIT_TODAY, TODAY

_LIST = f"""
SELECT d.*, {LIMIT_TODAY} AS limit_today, coalesce(u.claimed, 0) AS used_today
FROM devices d
LEFT JOIN device_days u ON u.device_id = d.device_id AND u.day = {TODAY}
ORDER BY d.name, d.device_id
"""


def device_list(connection: Connection, now: datetime) -> list[Any]:
    """All columns of every device, retired ones too, in order of name. ``used_today`` is how many
    messages its day at ``now`` has had, ``limit_today`` how many it may have, None for any."""
    return rows(connection, _LIST, now=now)
