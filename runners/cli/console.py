"""The terminal: lines, tables, trails and progress bars, as people read them.

What is printed may come from outside. So a command prints with nothing but this module, in which
every text is shown and none obeyed: nothing of it is markup, and no character of it can move the
cursor, turn the line or hide (``domain.visible``). The lint run refuses other ways to print.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
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

from domain.message import STATUSES
from domain.template import Approved
from domain.visible import visible, visible_json, visible_lines
from projections.audit.event_log import Entry
from projections.audit.lead_timeline import LeadTimeline
from projections.audit.message_trail import Trail
from projections.queries.operations import ProcessStatus, RunnerStatus, moment
from projections.queries.reports import (
    CampaignReport,
    Counts,
    DeviceReport,
    Overview,
    SequenceReport,
)
from projections.queries.waiting import Explained
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
    shown = visible_json(line.decode()).encode() if sys.stdout.isatty() else line
    sys.stdout.buffer.write(shown)


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
    table = _table("Overview", "what", "count")
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
    table = _table("Devices by day", "device", "day", "claimed", "sent", "failed", "unknown")
    for device in reports:
        for day, *counts in device.days:
            table.add_row(f"{device.name} ({device.status})", day, *map(str, counts))
    console.print(table)


def print_processes(console: Terminal, processes: Sequence[ProcessStatus]) -> None:
    """Prints one row for each runner of each process; only a title where there is no process."""
    alive = sum(each.alive for each in processes)
    title = f"Runner processes: {alive or 'none'} alive, {len(processes) - alive} silent"
    if not processes:
        console.print("Runner processes: none alive")
        return
    table = _table(title, "process", "state", "runner", "worked last", "fails")
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
    """Prints devices; each is a row of the table ``devices``. ``notes`` says what a person should
    know of some, by their ids."""
    table = _table("Devices", "name", "gateway", "status", "reason", "id")
    for row in devices:
        table.add_row(row.name, row.gateway, row.status, row.reason or "", str(row.device_id))
        if row.device_id in notes:
            table.add_row("", "", "", notes[row.device_id], "")
    console.print(table)


def print_templates(console: Terminal, templates: Iterable[Approved]) -> None:
    """A provider's templates, and what a message must give of each."""
    table = _table("Templates", "name", "language", "status", "category", "variables")
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


def print_trail(console: Terminal, trail: Trail) -> None:
    """Prints a message's events and the text of every hand-over, with its proof."""
    title = f"Audit trail of message {trail.message_id}, from device {trail.device_name}"
    _print_entries(console, title, trail.entries)
    for hand_over in trail.hand_overs:
        if hand_over.text is None:
            console.print(f"text handed over, {hand_over.body_sha256[:16]}...: erased")
            continue
        proven = {
            True: "proven by its hash",
            False: "NOT PROVEN: the hash differs",
            None: "not proven: the person's digest key is missing",
        }[hand_over.proven]
        console.print(f"text handed over, {proven} ({hand_over.body_sha256[:16]}...):")
        first, *others = hand_over.text.split("\n")
        for line in (f"  {first}", *others):
            console.print(line)


def print_person(
    console: Terminal, timeline: LeadTimeline, waits: Mapping[UUID, Explained]
) -> None:
    """Prints a lead's state at ``timeline.as_of``, its messages and its events. ``waits`` says what
    messages wait for, by their ids."""
    when = "now" if timeline.as_of is None else timeline.as_of.isoformat()
    state = timeline.state
    if state is None:
        console.print(f"as of {when}: not registered yet")
    else:
        wish = "opted out" if state.opted_out_at else "opted in"
        summary = "erased" if state.erased_at else f"{state.profile.target_status}, {wish}"
        console.print(f"as of {when}: {summary}, triggers {', '.join(state.triggers) or 'none'}")
    for message in timeline.messages:
        why = f"it {waits[message.id].story}" if message.id in waits else message.reason
        about = f"{message.status}: {why}" if why else message.status
        console.print(f"message {message.id}: {about}")
    _print_entries(console, f"Audit of lead {timeline.lead_id}", timeline.entries)


def _print_entries(console: Terminal, title: str, entries: Iterable[Entry]) -> None:
    table = _table(title, "when (UTC)", "who", "what")
    for entry in entries:
        table.add_row(f"{entry.timestamp:%Y-%m-%d %H:%M:%S}", entry.actor, _what(entry))
    console.print(table)


def _what(entry: Entry) -> str:
    """What happened, with the words that were said, and what they came through."""
    what = entry.story if entry.words is None else f'{entry.story}: "{entry.words}"'
    through = [name for name in (entry.gateway, entry.device_name) if name is not None]
    return f"{what} (through {', '.join(through)})" if through else what


def print_rebuild(
    console: Terminal, differences: Mapping[str, str | None], *, brief: bool = False
) -> None:
    """Prints the first difference of each table, None where there is none. If it is ``brief`` and
    there is none at all, that is one line."""
    if brief and not any(differences.values()):
        console.print(f"{len(differences)} tables made anew from the events: all identical")
        return
    table = _table("Rebuilt from the events", "table", "compared with the live one")
    for name, difference in differences.items():
        table.add_row(name, difference or "identical")
    console.print(table)


def print_keys(console: Terminal, keys: Iterable[Key]) -> None:
    """Prints API keys without the keys themselves."""
    table = _table("API keys", "name", "role", "created", "last used", "revoked")
    for key in keys:
        moments = (key.created_at, key.last_used_at, key.revoked_at)
        table.add_row(
            key.name, key.role, *(f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in moments)
        )
    console.print(table)


def _counts_table(title: str, what: str) -> Table:
    return _table(title, what, "audience", *STATUSES, *MARKS, "failures", "cancelled because")


def _add_counts(table: Table, name: str, counts: Counts) -> None:
    table.add_row(
        name,
        str(counts.audience),
        *(str(counts.by_status[status]) for status in STATUSES),
        *(str(getattr(counts, mark)) for mark in MARKS),
        _listed(counts.failures),
        _listed(counts.cancelled),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
