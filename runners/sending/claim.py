"""The claim: what is due until the next look, each message with its slot, in one transaction. What
may go at once is dispatched in it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from domain import message, pacing, values
from domain.event import Event
from domain.message.events import MessageClaimed
from domain.pacing import Pace
from projections.container import Container
from projections.queue import claim, dispatch
from runners.sending.call_limits import CallBudget
from runners.sending.claim_window import message_limit
from runners.sending.dispatch import Dispatcher, DispatchResult
from runners.sending.due import find_due
from runners.sending.ignored import Ignored
from runners.sending.slots import Slot, server_of
from runners.sending.timing import Timing


class ClaimResult(NamedTuple):
    """``slots`` are claimed and wait for their moments; ``dispatched`` says what becomes of the
    others, whose moment had come."""

    slots: list[Slot]
    dispatched: DispatchResult


class Plan(msgspec.Struct, frozen=True, gc=False):
    """A message, its slot, whether it is dispatched at once, and its claim."""

    slot: Slot
    row: dispatch.Candidate
    at_once: bool
    claimed: MessageClaimed


def claim_due(
    connection: Connection,
    container: Container,
    wanted: claim.Wanted,
    budget: CallBudget,
    worker: str,
    actor: str,
) -> ClaimResult:
    """Claims for ``worker`` what is due on devices as ``wanted``, and dispatches what may go now,
    as far as ``budget`` grants its calls."""
    now = container.outreach.clock()
    look_ahead = timedelta(seconds=container.settings.broadcast_every)
    horizon = now + look_ahead
    devices = claim.sending_devices(connection, now, horizon, wanted)
    if not devices:
        return ClaimResult([], DispatchResult.empty())
    # An equal share for each device, so that the backlog of some is not in the way of others. Where
    # there is no room for all devices, those that waited longest.
    most = message_limit(wanted.limit)
    share = ceil(most / len(devices))
    chosen = devices[: ceil(most / share)]
    ids = [device.device_id for device in chosen]
    by_device, owners, timing = find_due(connection, container, ids, now, share, most, actor)
    plans: list[Plan] = []
    ignored: list[Ignored] = []
    for device in chosen:
        due = by_device.get(device.device_id, [])
        longest_pause = timedelta(seconds=device.max_delay_seconds)
        farthest = pacing.farthest_slot(now, look_ahead, longest_pause)
        last_slot = pacing.slot_that_counts(device.last_slot_at, farthest)
        moments = _send_moments(device, last_slot, due, owners)
        moments = [at for at in moments if at <= horizon]
        zone = values.zone(device.timezone)
        days = {at: at.astimezone(zone).date() for at in set(moments)}
        if device.is_limited:
            # What is left of today is known, and what tomorrow will have had is not.
            today = now.astimezone(zone).date()
            moments = [at for at in moments if days[at] == today]
        if not moments:
            continue
        epoch = device.epoch
        if device.last_slot_at is not None and last_slot is None:
            epoch += 1
            ignored.append(Ignored("slot", device.device_id, device.last_slot_at - now))
        lease_until = moments[-1] + timedelta(seconds=container.settings.lease_seconds)
        server = server_of(device.gateway, device.base_url)
        for (row, _), send_at in zip(due, moments, strict=False):
            asked = owners[row.owner_id].min_delay_seconds
            paced = max(device.min_delay_seconds, asked) > 0
            slot = Slot(send_at, row.message_id, device.device_id, lease_until, paced, server)
            claimed = message.claim(
                message.InHand(row.message_id, row.version, "pending", row.attempt),
                worker,
                send_at,
                days[send_at],
                lease_until,
                epoch,
                now=now,
                actor=actor,
            )
            plans.append(Plan(slot, row, send_at <= now and budget.grant(slot), claimed))
    result = _carry_out(connection, container, plans, owners, timing, actor)
    result.dispatched.ignored.extend(ignored)
    return result


def _carry_out(
    connection: Connection,
    container: Container,
    plans: Sequence[Plan],
    owners: Mapping[str, dispatch.Owner],
    timing: Timing,
    actor: str,
) -> ClaimResult:
    """Records each claim, and right after it what becomes of the message if it may go at once."""
    at_once = [(plan.slot, plan.row) for plan in plans if plan.at_once]
    dispatcher = Dispatcher(connection, container, at_once, owners, actor)
    events: list[Event] = []
    for plan in plans:
        events.append(plan.claimed)
        if plan.at_once:
            event = dispatcher.decide(plan.slot, plan.row, plan.claimed.originator_version)
            if event is not None:
                events.append(event)
    dispatcher.put_faulty_aside(connection)
    container.outreach.record(connection, events)
    dispatcher.follow_ups.push(timing)
    return ClaimResult([plan.slot for plan in plans if not plan.at_once], dispatcher.result)


def _send_moments(
    device: claim.SendingDevice,
    last_slot: datetime | None,
    due: Sequence[tuple[dispatch.Candidate, datetime]],
    owners: Mapping[str, dispatch.Owner],
) -> list[datetime]:
    """The moments of one device's messages, in order, after ``last_slot``. Each may be sent from
    its own instant on.

    The pauses follow from the device and its latest slot, so that a claim that finds the next slot
    still too far away draws no other pause than the one before: a pause is drawn once, and no slot
    has to be taken long before it comes.
    """
    own = Pace(device.min_delay_seconds, device.max_delay_seconds)
    paces: dict[str, Pace] = {}
    wanted = []
    for row, earliest in due:
        pace = paces.get(row.owner_id)
        if pace is None:
            owner = owners[row.owner_id]
            asked = Pace(owner.min_delay_seconds, owner.max_delay_seconds)
            pace = paces[row.owner_id] = own.slower_of(asked)
        wanted.append((earliest, pace))
    seed = f"{device.device_id}:{last_slot}"
    uniform = random.Random(seed).uniform  # noqa: S311
    return pacing.assign_slots(last_slot, wanted, uniform)
