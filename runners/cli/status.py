"""``sendtrail status``: everything at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import click
import msgspec

from projections.config import unknown_settings
from projections.config.settings import Settings
from projections.container import Container
from projections.eventstore import missing_keys
from projections.queries import operations, reports, short_secrets, waiting_summary
from projections.queries.attention import Attention, attention
from projections.queries.next_leaving import Leaving, next_leaving
from projections.queries.operations import Operations, ProcessStatus, moment
from projections.queries.reports import DeviceReport, Overview
from projections.queries.waiting_summary import Summary
from projections.readmodels import campaigns
from projections.records import incidents
from runners.cli import console

# So many days of devices are shown, today among them.
DAYS = 7


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand at ``at``: what there is, what devices did lately, which processes live,
    what waits and why, when the next message leaves and the next campaign starts, and what a person
    should look at."""

    at: datetime
    overview: Overview
    devices: list[DeviceReport]
    processes: list[ProcessStatus]
    waiting: Summary
    next: Leaving | None
    next_campaign_at: datetime | None
    attention: list[Attention]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def status(config: Settings, as_json: bool) -> None:
    """What there is: leads, devices, sequences, campaigns, messages by status.

    Then what devices did in the last seven days; which processes run runners, where, whether they
    are alive, and when each runner last worked; what pending messages wait for, when the next one
    leaves and the next campaign starts; and one line for whatever a person should look at: unknown
    outcomes, what waits for an approval, campaigns that paused themselves, devices that are off,
    messages that failed, replies of nobody known, what was put aside, keys that are missing,
    webhook secrets that are too short, and variables that are no settings.
    """
    with Container(config) as container, container.database.transaction() as connection:
        now = container.outreach.clock()
        found = operations.operations(connection, now)
        overview = reports.overview(connection)
        keyless = missing_keys.by_read_model(connection)
        state = Status(
            at=now,
            overview=overview,
            devices=_lately(reports.devices(connection), now),
            processes=found.processes,
            waiting=waiting_summary.summary(connection, config, now),
            next=next_leaving(connection, config, now),
            next_campaign_at=campaigns.next_scheduled(connection),
            attention=[
                *attention(connection, now),
                *_warnings(found, keyless, short_secrets.of_devices(connection, container.secrets)),
            ],
        )
    if as_json:
        console.say_json(msgspec.json.encode(state))
    else:
        _print(state)


def _lately(devices: list[DeviceReport], now: datetime) -> list[DeviceReport]:
    """The same without days that are long ago."""
    # A day is one of the device's zone, which may be ahead of UTC or behind it.
    first = (now - timedelta(days=DAYS)).date().isoformat()
    return [
        msgspec.structs.replace(device, days=[day for day in device.days if day[0] > first])
        for device in devices
    ]


def _warnings(found: Operations, keyless: int, short: dict[UUID, list[str]]) -> Iterator[Attention]:
    """What is wrong though nobody has to decide: of processes, so many leads without key, secrets
    that are too ``short``, and variables."""
    for line in operations.lines(found, found.now - incidents.RECENT):
        yield Attention(kind="warning", count=1, text=line)
    if short:
        yield Attention(kind="short_secrets", count=len(short), text=short_secrets.advice(short))
    if keyless:
        text = missing_keys.advice(keyless)
        yield Attention(kind="missing_keys", count=keyless, text=text)
    for unknown in unknown_settings.find():
        yield Attention(kind="unknown_setting", count=1, text=unknown.line)


def _print(state: Status) -> None:
    terminal = console.terminal()
    console.print_overview(terminal, state.overview)
    console.print_devices(terminal, state.devices)
    console.print_processes(terminal, state.processes)
    for line in state.waiting.lines:
        console.say(line.story)
    if others := state.waiting.total - sum(line.count for line in state.waiting.lines):
        console.say(f"{others:,} more messages wait: GET /api/v1/messages?status=pending")
    if state.next is not None:
        when = f"at {moment(state.next.at)}" if state.next.at > state.at else "now"
        console.say(f"the next message leaves {when}, from device {state.next.device}")
    if state.next_campaign_at is not None:
        console.say(f"the next campaign starts at {moment(state.next_campaign_at)}")
    for each in state.attention:
        console.say(each.text)
