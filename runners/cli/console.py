"""The terminal: lines, tables, trails and progress bars, as people read them.

What is printed may come from outside. So a command prints with nothing but this module, in which
every text is shown and none obeyed: nothing of it is markup, and no character of it can move the
cursor, turn the line or hide (``domain.visible``). The lint run refuses other ways to print.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from domain.errors import SendtrailError
from domain.message import STATUSES
from domain.template import Approved
from domain.visible import visible, visible_json, visible_lines
from projections.queries.operations import ProcessStatus, RunnerStatus, moment
from projections.queries.reports import (
    CampaignReport,
    Counts,
    DeviceReport,
    Overview,
    SequenceReport,
)
from projections.queries.sent_by_day import SentByDay
from projections.records.api_keys import Key
from projections.schema.counters import MARKS


class Terminal(Console):
    """Standard output, or standard error with ``err``: as wide as the terminal, or wide enough for
    the tables where there is no terminal."""

    def __init__(self, *, err: bool = False, **options: Any) -> None:
        super().__init__(stderr=err, **options)
        if not self.is_terminal and "width" not in options:
            self.width = 160

    def render_str(self, text: str, **options: Any) -> Text:
        """What rich makes of every text that it is given, as a cell or a title too: one line, and
        of rich's marks only those of the place where it stands."""
        kept = {name: options[name] for name in _OF_PLACE & options.keys()}
        return Text(visible(text), **kept)


# What a table says of all texts in a place of it.
_OF_PLACE = frozenset({"style", "justify", "overflow"})


def terminal(*, err: bool = False) -> Terminal:
    """Standard output, or standard error with ``err``."""
    return Terminal(err=err)


def say(line: str, *, err: bool = False) -> None:
    """Prints one line, as long as it is."""
    click.echo(visible(line), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Prints a text of several lines."""
    click.echo(visible_lines(text), err=err)


def say_json(document: bytes) -> None:
    """Prints a JSON document that says the same as this one, on a line of its own."""
    click.echo(visible_json(document.decode()))


def write_json(line: bytes) -> None:
    """Writes one line of JSON with its end: byte for byte into a file or to another program, and as
    ``say_json`` does to a person."""
    _write(lambda: visible_json(line.decode()), line)


def write_text(piece: bytes) -> None:
    """Writes a piece of a text in UTF-8, whole lines of it: byte for byte into a file or to another
    program, and as ``say_lines`` does to a person."""
    _write(lambda: visible_lines(piece.decode()), piece)


def _write(shown: Callable[[], str], raw: bytes) -> None:
    """Writes ``shown`` to a terminal, ``raw`` to anything else. Raises SendtrailError where there
    is no standard output, whose place another file may have by now."""
    if sys.stdout is None:
        raise SendtrailError("standard output is closed")
    sys.stdout.buffer.write(shown().encode() if sys.stdout.isatty() else raw)


def progress_bar(console: Terminal) -> Progress:
    """A bar with rate and time left, for a ``with`` block; it shows nothing where ``console`` is
    no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def print_overview(console: Terminal, overview: Overview) -> None:
    """Prints one row for each kind of thing that there is, with its counts."""
    table = new_table("Overview", "what", "count")
    table.add_row("leads", str(overview.leads))
    table.add_row("opted out", str(overview.opted_out))
    for kind in ("devices", "sequences", "campaigns", "messages"):
        counts: dict[str, int] = getattr(overview, kind)
        table.add_row(kind, _listed(counts))
    console.print(table)


def print_sequence(console: Terminal, report: SequenceReport) -> None:
    """Prints one row of counts for each step."""
    title = f"Sequence {report.name} ({report.status}); enrollments: {_listed(report.enrollments)}"
    if report.stopped_because:
        title += f"; stopped because: {_listed(report.stopped_because)}"
    table = _counts_table(title, "step")
    for step in report.steps:
        _add_counts(table, str(step.step), step)
    console.print(table)


def print_campaign(console: Terminal, report: CampaignReport) -> None:
    """Prints the counts of one campaign."""
    title = f"Campaign {report.name} ({report.status}); left out: {_listed(report.excluded)}"
    table = _counts_table(title, "campaign")
    _add_counts(table, report.name, report)
    console.print(table)


def print_devices(console: Terminal, reports: Iterable[DeviceReport]) -> None:
    """Prints one row for each device and day."""
    table = new_table("Devices by day", "device", "day", "claimed", "sent", "failed", "unknown")
    for device in reports:
        for day, *counts in device.days:
            table.add_row(f"{device.name} ({device.status})", day, *map(str, counts))
    console.print(table)


def print_sent(console: Terminal, days: Sequence[SentByDay], zone: str) -> None:
    """Prints one row for each day, device, and campaign or sequence, with the sum of each day; only
    a line where nothing was sent. ``zone`` is that of the days."""
    if not days:
        console.print("nothing is sent")
        return
    table = new_table(f"By day ({zone})", "day", "device", "campaign or sequence", "sent", "failed")
    for day, group in groupby(days, lambda each: each.day):
        of_day = list(group)
        counts = (sum(each.sent for each in of_day), sum(each.failed for each in of_day))
        table.add_row(day, "", "", *map(str, counts), style="bold")
        for each in of_day:
            table.add_row("", each.device, each.name, str(each.sent), str(each.failed))
    console.print(table)


def print_processes(console: Terminal, processes: Sequence[ProcessStatus]) -> None:
    """Prints one row for each runner of each process; only a title where there is no process."""
    alive = sum(each.alive for each in processes)
    title = f"Runner processes: {alive or 'none'} alive, {len(processes) - alive} silent"
    if not processes:
        console.print("Runner processes: none alive")
        return
    table = new_table(title, "process", "state", "runner", "worked last", "fails")
    for each in processes:
        first = (each.process, "alive" if each.alive else f"silent since {moment(each.seen_at)}")
        for name in dict.fromkeys([*each.runners, *each.states]):
            state = each.states.get(name, RunnerStatus())
            worked = "not yet" if state.worked_at is None else moment(state.worked_at)
            fails = f"{state.failures} in a row: {state.error}" if state.failures else ""
            table.add_row(*first, name, worked, fails)
            first = ("", "")
    console.print(table)


def print_device_list(console: Terminal, devices: Iterable[Any], notes: Mapping[UUID, str]) -> None:
    """Prints devices; each is a row of ``device_list``. ``notes`` says what a person should know of
    some, by their ids."""
    names = ("name", "gateway", "number", "status", "reason", "pause", "today", "id")
    table = new_table("Devices", *names)
    for row in devices:
        status = row.status
        if row.offline_since is not None and status == "offline":
            status = f"offline since {moment(row.offline_since)}"
        limit = "" if row.limit_today is None else f" of {row.limit_today}"
        table.add_row(
            row.name,
            row.gateway,
            row.address or "",
            status,
            row.reason or "",
            f"{row.min_delay_seconds:g} to {row.max_delay_seconds:g} s",
            f"{row.used_today}{limit}",
            str(row.device_id),
        )
        if row.device_id in notes:
            table.add_row("", "", "", "", notes[row.device_id])
    console.print(table)


def print_templates(console: Terminal, templates: Iterable[Approved]) -> None:
    """A provider's templates, and what a message must give of each."""
    table = new_table("Templates", "name", "language", "status", "category", "variables")
    for each in templates:
        asked = each.asked
        variables = [
            *((f"header ({asked.header})",) if asked.header else ()),
            *(f"header {name}" for name in asked.header_names),
            *(f"body {name}" for name in asked.body),
            *(f"button {index}" for index in asked.buttons),
        ]
        table.add_row(each.name, each.language, each.status, each.category, ", ".join(variables))
    console.print(table)


def print_dark_on_light(console: Terminal, lines: Iterable[str]) -> None:
    """Prints a drawing as dark characters on a light ground, whatever colours the terminal has."""
    for line in lines:
        console.print(line, style="black on white", no_wrap=True)


def print_rebuild(
    console: Terminal, differences: Mapping[str, str | None], *, brief: bool = False
) -> None:
    """Prints the first difference of each table, None where there is none. If it is ``brief`` and
    there is none at all, that is one line."""
    if brief and not any(differences.values()):
        console.print(f"{len(differences)} tables made anew from the events: all identical")
        return
    table = new_table("Rebuilt from the events", "table", "compared with the live one")
    for name, difference in differences.items():
        table.add_row(name, difference or "identical")
    console.print(table)


def print_keys(console: Terminal, keys: Iterable[Key]) -> None:
    """Prints API keys without the keys themselves."""
    table = new_table("API keys", "name", "role", "created", "last used", "revoked")
    for key in keys:
        moments = (key.created_at, key.last_used_at, key.revoked_at)
        table.add_row(
            key.name, key.role, *(f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in moments)
        )
    console.print(table)


def _counts_table(title: str, what: str) -> Table:
    return new_table(title, what, "audience", *STATUSES, *MARKS, "failures", "cancelled because")


def _add_counts(table: Table, name: str, counts: Counts) -> None:
    table.add_row(
        name,
        str(counts.audience),
        *(str(counts.by_status[status]) for status in STATUSES),
        *(str(getattr(counts, mark)) for mark in MARKS),
        _listed(counts.failures),
        _listed(counts.cancelled),
    )


def new_table(title: str, *columns: str) -> Table:
    """A table without rows, whose cells are shown and not obeyed."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
