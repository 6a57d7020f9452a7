"""The lists of the API that ``measurements.api`` asks for: each filter that there is, one by one.

A filter whose value many rows have and one whose value no row has are different questions: the
first page of the one is soon full, and of the other an index has to say that there is nothing. Both
are here where both can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

# An id that no row has.
NOBODY = str(UUID(int=2**127))


class List(NamedTuple):
    """A list's name for people, and its path, in which names of ``values`` may stand."""

    name: str
    path: str


LISTS = (
    List("messages", "/messages"),
    List("messages by status, many", "/messages?status=pending"),
    List("messages by status, none", "/messages?status=failed"),
    List("messages by device", "/messages?device_id={device_id}"),
    List("messages by device, none", f"/messages?device_id={NOBODY}"),
    List("messages by campaign", "/messages?campaign_id={campaign_id}"),
    List("messages by campaign, none", f"/messages?campaign_id={NOBODY}"),
    List("messages by campaign and status", "/messages?campaign_id={campaign_id}&status=failed"),
    List("messages by sequence, none", f"/messages?sequence_id={NOBODY}"),
    List("messages by lead", "/messages?lead_id={lead_id}"),
    List("leads", "/leads"),
    List("leads by phone", "/leads?phone={phone}"),
    List("leads by opt-out, none", "/leads?opted_out=true"),
    List("leads by reachability, none", "/leads?unreachable=true"),
    List("enrollments by lead", "/enrollments?lead_id={lead_id}"),
    List("enrollments by sequence, none", f"/enrollments?sequence_id={NOBODY}"),
    List("enrollments by status, none", "/enrollments?status=stopped&reason=opted_out"),
    List("replies by lead", "/replies?lead_id={lead_id}"),
    List("replies by device", "/replies?device_id={device_id}"),
    List("replies by attribution", "/replies?attributed=false"),
    List("replies by automation", "/replies?automatic=true"),
    List("devices", "/devices"),
    List("campaigns", "/campaigns"),
    List("suppressions", "/suppressions"),
)


def paths(connection: Connection) -> Mapping[str, str]:
    """The path of each list, by its name, for a database in which messages were sent."""
    [row] = connection.exec_driver_sql(
        "SELECT m.device_id, m.campaign_id, l.lead_id, '%%2B' || substr(l.phone, 2) AS phone"
        " FROM broadcast_messages m JOIN leads l USING (lead_id)"
        " WHERE m.status = 'sent' ORDER BY m.message_id LIMIT 1"
    )
    return {each.name: each.path.format(**row._mapping) for each in LISTS}
