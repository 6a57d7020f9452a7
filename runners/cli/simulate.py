"""``sendtrail simulate``: what is planned now, played on a copy."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import click
import msgspec
from sqlalchemy import Connection

from projections.config.settings import Settings
from projections.container import Container
from projections.database.scratch_copy import log_end, scratch_copy
from projections.queries import reports, waiting_summary
from projections.queries.sent_by_day import SentByDay, sent_by_day
from projections.queries.series import series
from projections.queries.waiting_summary import Summary
from runners.cli import console
from runners.process.simulation import Simulation
from runners.support import logs
from runners.support.clocks import SimulatedClock


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen from ``since`` to ``until``: what is sent by day, in ``timezone``; messages
    by status ``before`` and ``after``; how many are ``replied`` to, and how many people opt out, in
    that time; and what waits at the end. ``position`` is the last event of the log that was
    copied."""

    since: datetime
    until: datetime
    timezone: str
    position: int
    days: list[SentByDay]
    before: dict[str, int]
    after: dict[str, int]
    replied: int
    opted_out: int
    waiting: Summary


@click.command()
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 90))
@click.option(
    "--replies",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="This share of the messages gets a reply; one reply in ten says STOP.",
)
@click.option("--seed", default=1, show_default=True, help="Another one: others reply.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def simulate(config: Settings, days: int, replies: float | None, seed: int, as_json: bool) -> None:
    """Play what is planned now, and print what would happen day by day.

    The database is copied into a server of its own, which is deleted at the end; the installation
    is only read. The real runners then work on the copy, on a simulated clock, with every device on
    the sandbox gateway: nobody is written to. Devices stay online or offline as they are now, and
    nobody replies, unless --replies says how many do.
    """
    # So that SIGTERM ends the server of the copy, as Ctrl-C does.
    signal.signal(signal.SIGTERM, _end)
    logs.configure("WARNING")
    assumed = {} if replies is None else {"replies": replies / 100, "seed": seed}
    with console.progress_bar(console.terminal(err=True)) as bar:
        played = play(config, days, bar, assumed)
    if as_json:
        console.say_json(msgspec.json.encode(played))
    else:
        _print(played)


def _end(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def play(config: Settings, days: int, bar: Any, assumed: dict[str, Any]) -> Played:
    """Copies the installation and plays so many days on the copy. ``bar`` is a progress bar,
    ``assumed`` are settings of the sandbox."""
    copying = bar.add_task("copying", total=None)
    with (
        Container(config) as living,
        scratch_copy(
            living.database,
            config,
            lambda table: bar.update(copying, description=f"copying {table}"),
        ) as settings,
    ):
        now = living.outreach.clock()
        # Nothing of the installation is needed any more.
        living.close()
        bar.update(copying, total=1, completed=1, description="copied")
        clock = SimulatedClock(now)
        with Container(settings, clock) as container:
            return _play(container, clock, days, bar, assumed)


def _play(
    container: Container, clock: SimulatedClock, days: int, bar: Any, assumed: dict[str, Any]
) -> Played:
    since, until = clock(), clock() + timedelta(days=days)
    position = log_end(container.database)
    with container.database.transaction() as connection:
        before = reports.overview(connection).messages
        answers = _answers(connection, since, until)
    task = bar.add_task(f"playing {days} days", total=days * 86400.0)
    Simulation(container, clock, as_is=True, assumed=assumed).play(
        until, lambda now: bar.update(task, completed=(now - since).total_seconds())
    )
    settings = container.settings
    with container.database.transaction() as connection:
        added = _answers(connection, since, until) - answers
        return Played(
            since=since,
            until=until,
            timezone=settings.timezone,
            position=position,
            days=sent_by_day(connection, since, settings.timezone),
            before=before,
            after=reports.overview(connection).messages,
            replied=added["replied"],
            opted_out=added["opted_out"],
            waiting=waiting_summary.summary(connection, settings, until),
        )


def _answers(connection: Connection, since: datetime, until: datetime) -> Counter[str]:
    """Replies and opt-outs of these days, the whole first one."""
    found: Counter[str] = Counter()
    for bucket in series(connection, "day", since, until, ZoneInfo("UTC")):
        found += Counter(replied=bucket.replied, opted_out=bucket.opted_out)
    return found


def _print(played: Played) -> None:
    console.print_sent(console.terminal(), played.days, played.timezone)
    for line in played.waiting.lines:
        console.say(f"at the end {line.story}")
    if others := played.waiting.total - sum(line.count for line in played.waiting.lines):
        console.say(f"at the end {others:,} more messages wait")
    if not played.waiting.total:
        console.say("at the end no message waits")
    changed = {
        status: count - played.before.get(status, 0) for status, count in played.after.items()
    }
    told = ", ".join(f"{status} {count:+,}" for status, count in changed.items() if count)
    if played.replied or played.opted_out:
        console.say(f"{played.replied:,} are replied to, {played.opted_out:,} people opt out")
    span = f"{played.since:%Y-%m-%d %H:%M} to {played.until:%Y-%m-%d %H:%M} UTC"
    console.say(f"played {span} from event {played.position}: {told or 'nothing changes'}")
