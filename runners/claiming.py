"""The claim: what is due until the next look, each message with its slot, in one transaction."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection

from domain import pacing, tokens
from domain.message_events import MessageClaimed
from domain.pacing import Pace
from projections import queue
from projections.composition import House
from runners.claims import Slot, server_of

# How many messages at most.
BATCH = 1000


def decide(
    connection: Connection, house: House, wanted: queue.Wanted, worker: str, actor: str
) -> list[Slot]:
    """Claims for ``worker`` what is due on devices as ``wanted``."""
    now = house.outreach.clock()
    horizon = now + timedelta(seconds=house.settings.broadcast_every)
    ready = queue.ready_devices(connection, now, horizon, wanted)
    if not ready:
        return []
    # An equal share for each, so that the backlog of some is not in the way of others; where there
    # is no room for all, those that waited longest.
    share = ceil(BATCH / len(ready))
    chosen = ready[: ceil(BATCH / share)]
    ids = [device.device_id for device in chosen]
    lanes: list[list[queue.Due]] = [[] for _ in chosen]
    for row in queue.due(connection, ids, now, horizon, share, BATCH):
        lanes[row.lane - 1].append(row)
    claimed: list[Slot] = []
    events: list[MessageClaimed] = []
    lease = timedelta(seconds=house.settings.lease_seconds)
    for device, rows in zip(chosen, lanes, strict=True):
        slots = [slot for slot in _slots(device, rows, now) if slot <= horizon]
        if not slots:
            continue
        lease_until = slots[-1] + lease
        server = server_of(device.gateway, device.base_url)
        zone = tokens.zone(device.timezone)
        days = {slot: slot.astimezone(zone).date() for slot in set(slots)}
        for row, send_at in zip(rows, slots, strict=False):
            paced = max(device.min_delay_seconds, row.asked_min_seconds) > 0
            claimed.append(
                Slot(send_at, row.message_id, device.device_id, lease_until, paced, server)
            )
            events.append(
                MessageClaimed(
                    originator_id=row.message_id,
                    originator_version=row.version + 1,
                    timestamp=now,
                    actor=actor,
                    worker=worker,
                    send_at=send_at,
                    slot_day=days[send_at],
                    lease_until=lease_until,
                )
            )
    house.outreach.record(connection, events)
    return claimed


def _slots(device: queue.Ready, rows: list[queue.Due], now: datetime) -> list[datetime]:
    """The slots of one device's messages, in order.

    The pauses follow from the device and its latest slot, so that a look at which the next slot is
    still too far away draws no other pause than the one before: a pause is drawn once, and no slot
    has to be taken long before it comes.
    """
    own = Pace(device.min_delay_seconds, device.max_delay_seconds)
    paces: dict[tuple[float, float], Pace] = {}
    wanted = []
    for row in rows:
        asked = (row.asked_min_seconds, row.asked_max_seconds)
        pace = paces.get(asked) or paces.setdefault(asked, own.slower_of(Pace(*asked)))
        wanted.append((max(now, row.due_at), pace))
    seed = f"{device.device_id}:{device.last_slot_at}"
    uniform = random.Random(seed).uniform  # noqa: S311
    return pacing.assign_slots(device.last_slot_at, wanted, uniform)
