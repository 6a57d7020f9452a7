"""Trails and timelines on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from projections.audit.event_log import Entry
from projections.audit.lead_timeline import LeadTimeline
from projections.audit.message_trail import Trail
from projections.queries.waiting import Explained
from runners.cli.console import Terminal, new_table


def print_trail(terminal: Terminal, trail: Trail) -> None:
    """Prints a message's events and the text of every hand-over, with its proof."""
    title = f"Audit trail of message {trail.message_id}, from device {trail.device_name}"
    _print_entries(terminal, title, trail.entries)
    for hand_over in trail.hand_overs:
        if hand_over.text is None:
            terminal.print(f"text handed over, {hand_over.body_sha256[:16]}...: erased")
            continue
        proven = {
            True: "proven by its hash",
            False: "NOT PROVEN: the hash differs",
            None: "not proven: the person's digest key is missing",
        }[hand_over.proven]
        terminal.print(f"text handed over, {proven} ({hand_over.body_sha256[:16]}...):")
        first, *others = hand_over.text.split("\n")
        for line in (f"  {first}", *others):
            terminal.print(line)


def print_person(
    terminal: Terminal, timeline: LeadTimeline, waits: Mapping[UUID, Explained]
) -> None:
    """Prints a lead's state at ``timeline.as_of``, its messages and its events. ``waits`` says what
    messages wait for, by their ids."""
    when = "now" if timeline.as_of is None else timeline.as_of.isoformat()
    state = timeline.state
    if state is None:
        terminal.print(f"as of {when}: not registered yet")
    else:
        wish = "opted out" if state.opted_out_at else "opted in"
        summary = "erased" if state.erased_at else f"{state.profile.target_status}, {wish}"
        terminal.print(f"as of {when}: {summary}, triggers {', '.join(state.triggers) or 'none'}")
    for message in timeline.messages:
        why = f"it {waits[message.id].story}" if message.id in waits else message.reason
        about = f"{message.status}: {why}" if why else message.status
        terminal.print(f"message {message.id}: {about}")
    _print_entries(terminal, f"Audit of lead {timeline.lead_id}", timeline.entries)


def _print_entries(terminal: Terminal, title: str, entries: Iterable[Entry]) -> None:
    table = new_table(title, "when (UTC)", "who", "what")
    for entry in entries:
        table.add_row(f"{entry.timestamp:%Y-%m-%d %H:%M:%S}", entry.actor, _what(entry))
    terminal.print(table)


def _what(entry: Entry) -> str:
    """What happened, with the words that were said, and what they came through."""
    what = entry.story if entry.words is None else f'{entry.story}: "{entry.words}"'
    through = [name for name in (entry.gateway, entry.device_name) if name is not None]
    return f"{what} (through {', '.join(through)})" if through else what
