"""Weeks in which something happens to phones, processes, people and plans, by chance."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.planning import Step
from domain.waiting import Wait
from domain.windows import Hours, Window, is_open, quiet_hours
from projections.container import Container
from projections.queries import waiting
from runners.gateways.protocol import DeviceState
from runners.process.simulation import Simulation
from tests.scenarios.days import switches
from tests.support import given, then
from tests.support.samples import utc

# Across the night in which New York's clocks skip an hour, with half an hour's steps elsewhere.
START = utc(2026, 3, 6, 12, 0)
ZONES = ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
OPENINGS = [("08:00", "12:30"), ("13:00", "20:00"), ("18:00", "02:00"), ("00:00", "24:00")]
PACE = 20.0
# What happens in an office, for some hours, and is over.
INCIDENTS = ("outage", "offline", "paused", "campaign", "another clock")
# What somebody changes, and it stays so.
CHANGES = ("device", "delay", "windows", "added", "removed", "retired")


class Promise(NamedTuple):
    """What a pending message was said to wait for, which holds until something is changed."""

    message_id: UUID
    wait: Wait
    holds_until: datetime


class World(msgspec.Struct):
    """What holds since when, and who lives where."""

    cap: int | None
    sequence: UUID
    zones: dict[UUID, ZoneInfo]
    devices: list[UUID]
    quiet: Window | None
    windows: list[tuple[datetime, tuple[Window, ...]]]
    steps: list[tuple[datetime, tuple[Step, ...]]]
    # When somebody moved to another clock.
    moved: dict[UUID, datetime] = {}
    promises: list[Promise] = []

    def hours(self, at: datetime) -> Hours:
        """When people might be written to, at that time."""
        windows = [each for since, each in self.windows if since <= at][-1]
        return Hours(windows=windows, quiet=self.quiet)

    def distance(self, number: int, at: datetime) -> timedelta:
        """How long after the one before it the step of that number went at the least."""
        steps = [each for since, each in self.steps if since <= at][-1]
        (step,) = (each for each in steps if each.number == number)
        # Whole days to a local time are days of the calendar.
        by_the_calendar = step.send_at is not None and step.delay_hours >= 24
        return timedelta(hours=step.delay_hours - (24 if by_the_calendar else 0))


def made(container: Container, chance: random.Random) -> World:
    """Three phones, a sequence of four steps, and twelve people on four clocks."""
    quiet = quiet_hours("23:00-06:00", "") if chance.random() < 0.7 else None
    cap = chance.choice([None, 1, 2])
    given.settings(container, quiet_hours=quiet, lead_daily_cap=cap)
    devices = [
        given.device(container, f"Sales {number}", pace=(PACE, PACE)) for number in (1, 2, 3)
    ]
    windows = _windows(chance)
    sequence = given.sequence(
        container, bodies="1234", windows=windows, stop_on_reply=False, active=False
    )
    for number in range(1, 5):
        container.outreach.revise_step(sequence, number, actor=given.ACTOR, **_timing(chance))
    container.outreach.activate_sequence(sequence, actor=given.ACTOR)
    zones = {}
    for number in range(12):
        zone = chance.choice(ZONES)
        zones[given.lead(container, number, ["COLD"], timezone=zone)] = ZoneInfo(zone)
    steps = container.outreach.get_sequence(sequence).definition.steps
    return World(cap, sequence, zones, devices, quiet, [(START, windows)], [(START, steps)])


def play(simulation: Simulation, chance: random.Random, world: World, hours: int) -> None:
    """So many hours, in which somebody asks twice what messages wait for."""
    start, end = simulation.clock(), simulation.clock() + timedelta(hours=hours)
    for share in sorted((chance.random(), chance.random())):
        simulation.play(start + (end - start) * share)
        world.promises += _promises(simulation.container, end)
    simulation.play(end)


def happens(simulation: Simulation, chance: random.Random, world: World, what: str) -> None:
    """One of ``INCIDENTS`` or ``CHANGES``."""
    outreach, clock = simulation.container.outreach, simulation.clock
    hours = chance.randint(1, 40)
    by = {"actor": given.ACTOR}
    match what:
        case "outage":
            clock.advance(seconds=hours * 3600)
        case "offline":
            switches(simulation, DeviceState(False, "no network"))
            play(simulation, chance, world, hours)
            switches(simulation, DeviceState(True))
        case "paused":
            outreach.pause_sequence(world.sequence, **by)
            play(simulation, chance, world, hours)
            outreach.resume_sequence(world.sequence, **by)
        case "campaign":
            given.campaign(simulation.container, windows=world.windows[-1][1])
        case "another clock":
            lead, zone = chance.choice(list(world.zones)), chance.choice(ZONES)
            if world.zones[lead].key != zone:
                outreach.update_lead(lead, lambda p: given.changed(p, timezone=zone), **by)
                world.zones[lead] = ZoneInfo(zone)
                world.moved[lead] = clock()
        case "device":
            lead, device = chance.choice(list(world.zones)), chance.choice(world.devices)
            outreach.update_lead(lead, lambda p: given.changed(p, device_id=device), **by)
        case "windows":
            windows = _windows(chance)
            world.windows.append((clock(), windows))
            outreach.revise_sequence(
                world.sequence, lambda d: given.changed(d, windows=windows), **by
            )
        case "retired" if len(world.devices) > 1:
            outreach.retire_device(world.devices.pop(), move_to="any", **by)
        case _:
            _edit(simulation.container, chance, world, what)
            steps = outreach.get_sequence(world.sequence).definition.steps
            world.steps.append((clock(), steps))


def _edit(container: Container, chance: random.Random, world: World, what: str) -> None:
    numbers = [step.number for step in world.steps[-1][1]]
    number = chance.choice(numbers)
    by: dict[str, Any] = {"actor": given.ACTOR}
    match what:
        case "added":
            container.outreach.add_step(
                world.sequence, chance.choice([None, number]), body="New", **_timing(chance), **by
            )
        case "removed" if len(numbers) > 1:
            container.outreach.remove_step(world.sequence, number, **by)
        case _:
            container.outreach.revise_step(world.sequence, number, **_timing(chance), **by)


def check(container: Container, world: World) -> None:
    """No message outside its window, no cap exceeded, no pace broken, no two steps too close, and
    nothing before it was said to be."""
    rows = {m.message_id: m for m in then.messages(container)}
    queued = {e.originator_id: e.timestamp for e in then.events(container, "message.queued")}
    per_day: Counter[tuple[UUID, Any]] = Counter()
    of_device: dict[UUID, list[datetime]] = {}
    of_lead: dict[UUID, list[tuple[datetime, int]]] = {}
    for id_, at in queued.items():
        row, zone = rows[id_], world.zones[rows[id_].lead_id]
        of_device.setdefault(row.device_id, []).append(at)
        if row.step:
            of_lead.setdefault(row.lead_id, []).append((at, row.step))
        if row.lead_id not in world.moved or at >= world.moved[row.lead_id]:
            assert is_open(at, world.hours(at), zone), row
            per_day[row.lead_id, at.astimezone(zone).date()] += 1
    if world.cap is not None and not world.moved:
        assert max(per_day.values(), default=0) <= world.cap
    for moments in of_device.values():
        apart = [later - before for before, later in pairwise(sorted(moments))]
        assert min(apart, default=timedelta(seconds=PACE)) >= timedelta(seconds=PACE)
    for steps in of_lead.values():
        for (before, _), (later, number) in pairwise(sorted(steps)):
            assert later - before >= world.distance(number, later)
    for promise in world.promises:
        went = queued.get(promise.message_id, promise.holds_until)
        until = promise.wait.until or went
        assert went >= min(until, promise.holds_until), promise


def _windows(chance: random.Random) -> tuple[Window, ...]:
    return tuple(
        Window(weekdays=tuple(sorted(chance.sample(range(1, 8), 5))), start=start, end=end)
        for start, end in chance.sample(OPENINGS, 2)
    )


def _timing(chance: random.Random) -> dict[str, Any]:
    hours = chance.choice([1.0, 5.0, 24.0, 30.0])
    at = chance.choice([None, None, "09:30", "02:30"]) if hours >= 24 else None
    return {"delay_hours": hours, "send_at": at}


def _promises(container: Container, holds_until: datetime) -> Iterator[Promise]:
    pending = then.messages(container, status="pending")
    with container.database.transaction() as connection:
        found = waiting.of_rows(connection, container.settings, pending, container.outreach.clock())
    assert found.keys() == {row.message_id for row in pending}
    for id_, told in found.items():
        yield Promise(id_, told.wait, holds_until)
