"""The claim: what is due until the next look, each message with its slot, in one transaction; what
may go at once is handed over in it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from sqlalchemy import Connection

from domain import message, pacing, values
from domain.event import Event
from domain.message.events import MessageClaimed
from domain.pacing import Pace
from projections.container import Container
from projections.queue import claim, dispatch
from runners.sending.device_queues import CALLS_PER_DEVICE, Room, Slot, server_of
from runners.sending.dispatch import HandedOver, LastLook

# How many messages at most.
BATCH = 1000


def batch(lanes: int) -> int:
    """How many messages are claimed at most for so many devices: those that may all go at once."""
    return min(BATCH, lanes * CALLS_PER_DEVICE)


class Taken(NamedTuple):
    """``slots`` are claimed and wait for their moments; ``handed`` says what becomes of the
    others, whose moment had come."""

    slots: list[Slot]
    handed: HandedOver


class Plan(NamedTuple):
    """A message, its slot and whether it is handed over at once, and its claim."""

    slot: Slot
    row: dispatch.Candidate
    at_once: bool
    claimed: MessageClaimed


def decide(
    connection: Connection,
    container: Container,
    wanted: claim.Wanted,
    room: Room,
    worker: str,
    actor: str,
) -> Taken:
    """Claims for ``worker`` what is due on devices as ``wanted``, and hands over what may go now,
    as far as there is ``room``."""
    now = container.outreach.clock()
    horizon = now + timedelta(seconds=container.settings.broadcast_every)
    ready = claim.ready_devices(connection, now, horizon, wanted)
    if not ready:
        return Taken([], HandedOver([], []))
    # An equal share for each, so that the backlog of some is not in the way of others; where there
    # is no room for all, those that waited longest.
    most = batch(wanted.limit)
    share = ceil(most / len(ready))
    chosen = ready[: ceil(most / share)]
    ids = [device.device_id for device in chosen]
    found = claim.messages(connection, ids, now, horizon, share, most)
    owners = dispatch.owners(connection, {row.owner_id for row in found})
    lanes: list[list[dispatch.Candidate]] = [[] for _ in chosen]
    for row in found:
        lanes[row.place - 1].append(row)
    plans: list[Plan] = []
    for device, rows in zip(chosen, lanes, strict=True):
        slots = [slot for slot in _slots(device, rows, owners, now) if slot <= horizon]
        if not slots:
            continue
        lease_until = slots[-1] + timedelta(seconds=container.settings.lease_seconds)
        server = server_of(device.gateway, device.base_url)
        zone = values.zone(device.timezone)
        days = {slot: slot.astimezone(zone).date() for slot in set(slots)}
        for row, send_at in zip(rows, slots, strict=False):
            asked = owners[row.owner_id].min_delay_seconds
            paced = max(device.min_delay_seconds, asked) > 0
            slot = Slot(send_at, row.message_id, device.device_id, lease_until, paced, server)
            claimed = message.claim(
                message.InHand(row.message_id, row.version, "pending", row.attempt),
                worker,
                send_at,
                days[send_at],
                lease_until,
                now=now,
                actor=actor,
            )
            plans.append(Plan(slot, row, send_at <= now and room.take(slot), claimed))
    return _carry_out(connection, container, plans, owners, actor)


def _carry_out(
    connection: Connection,
    container: Container,
    plans: Sequence[Plan],
    owners: Mapping[str, dispatch.Owner],
    actor: str,
) -> Taken:
    """Records each claim, and right after it what becomes of the message if it may go at once."""
    now = [(plan.slot, plan.row) for plan in plans if plan.at_once]
    look = LastLook(connection, container, now, owners, actor)
    events: list[Event] = []
    for plan in plans:
        events.append(plan.claimed)
        if plan.at_once:
            event = look.at(plan.slot, plan.row, plan.claimed.originator_version)
            if event is not None:
                events.append(event)
    container.outreach.record(connection, events)
    return Taken([plan.slot for plan in plans if not plan.at_once], look.result)


def _slots(
    device: claim.Ready,
    rows: list[dispatch.Candidate],
    owners: Mapping[str, dispatch.Owner],
    now: datetime,
) -> list[datetime]:
    """The slots of one device's messages, in order.

    The pauses follow from the device and its latest slot, so that a look at which the next slot is
    still too far away draws no other pause than the one before: a pause is drawn once, and no slot
    has to be taken long before it comes.
    """
    own = Pace(device.min_delay_seconds, device.max_delay_seconds)
    paces: dict[str, Pace] = {}
    wanted = []
    for row in rows:
        pace = paces.get(row.owner_id)
        if pace is None:
            owner = owners[row.owner_id]
            asked = Pace(owner.min_delay_seconds, owner.max_delay_seconds)
            pace = paces[row.owner_id] = own.slower_of(asked)
        wanted.append((max(now, row.moment), pace))
    seed = f"{device.device_id}:{device.last_slot_at}"
    uniform = random.Random(seed).uniform  # noqa: S311
    return pacing.assign_slots(device.last_slot_at, wanted, uniform)
