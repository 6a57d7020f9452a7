"""What may be sent now of what is due; the rest is rescheduled, and takes no turn of its device."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain import message
from domain.event import Event
from projections.container import Container
from projections.queue import claim, dispatch
from runners.sending.follow_ups import FollowUps
from runners.sending.timing import Timing


class Due(NamedTuple):
    """By device what may be sent, each with the moment from which it may; whose all that is; and
    what is known of its times."""

    of_device: dict[UUID, list[tuple[dispatch.Candidate, datetime]]]
    owners: dict[str, dispatch.Owner]
    timing: Timing


def find_due(
    connection: Connection,
    container: Container,
    device_ids: Sequence[UUID],
    now: datetime,
    share: int,
    most: int,
    actor: str,
) -> Due:
    """The first messages of each device that may be sent before the next look, at most ``share`` of
    a device and ``most`` in all."""
    horizon = now + timedelta(seconds=container.settings.broadcast_every)
    found: dict[UUID, list[tuple[dispatch.Candidate, datetime]]] = {}
    owners: dict[str, dispatch.Owner] = {}
    timing = Timing(container, now, claiming=True)
    ids, unpaced = list(device_ids), False
    while ids:
        rows = claim.messages(connection, ids, now, horizon, share, most, unpaced=unpaced)
        owners |= dispatch.owners(connection, {row.owner_id for row in rows} - owners.keys())
        timing.know(connection, rows, owners)
        follow_ups = FollowUps(connection, container, owners, now, actor)
        found.update({id_: [] for id_ in ids})
        events: list[Event] = []
        crowded: dict[UUID, None] = {}
        for row in rows:
            device_id = ids[row.place - 1]
            at = max(now, row.moment)
            if row.owner_id in timing.at_any_time:
                found[device_id].append((row, at))
                continue
            later = timing.later(row, at)
            if later is None or later.at <= horizon:
                at = at if later is None else later.at
                timing.claimed(row, at)
                found[device_id].append((row, at))
                continue
            state = message.InHand(row.message_id, row.version, "pending", row.attempt)
            events.append(message.reschedule(state, later.at, later.reason, now=now, actor=actor))
            follow_ups.rescheduled(row, later.at)
            crowded[device_id] = None
        container.outreach.record(connection, events)
        follow_ups.push(timing)
        # What was put off may have been in front of much that need not wait.
        ids, unpaced = list(crowded), True
    return Due(found, owners, timing)
