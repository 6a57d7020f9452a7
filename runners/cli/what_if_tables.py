"""The answer to a what-if as tables."""

from __future__ import annotations

from datetime import datetime

from projections.what_if.answer import Answer
from runners.cli.console import Terminal, new_table, say


def print_answer(terminal: Terminal, answer: Answer, people: int) -> None:
    """Prints the counts, the days, and the first ``people`` of those who would get it."""
    computed = answer.computed
    counts = new_table("What if", "what", "how many")
    counts.add_row("would get it", f"{len(answer.recipients):,}")
    for reason, count in sorted(answer.excluded.items()):
        counts.add_row(f"left out: {reason}", f"{count:,}")
    terminal.print(counts)
    _print_days(terminal, "Each day", answer.per_day)
    if answer.real is not None:
        _print_days(terminal, "What really happened", answer.real["per_day"])
        say(f"really enrolled: {answer.real['enrolled']:,}, sent: {answer.real['sent']:,}")
    first = new_table(
        f"The first {people} people", "lead", "step", "device", "when (UTC)", "left out because"
    )
    for each in answer.recipients[:people]:
        first.add_row(str(each.lead_id), _step(each.step), str(each.device_id), _when(each.at), "")
    for other in answer.left_out[: max(0, people - len(answer.recipients))]:
        first.add_row(str(other.lead_id), _step(other.step), "", "", other.reason)
    terminal.print(first)
    say(f"the last is sent: {_when(answer.ends_at)}")
    if computed.erased:
        say(f"{computed.erased:,} people are absent, who were erased since")
    say(
        f"computed of the log up to event {computed.position} as of"
        f" {_when(computed.as_of)} with {computed.pauses} pauses: {computed.digest}"
    )


def _print_days(terminal: Terminal, title: str, per_day: dict[str, dict[str, int]]) -> None:
    table = new_table(title, "day", "device", "messages")
    for day, devices in per_day.items():
        for device, count in sorted(devices.items()):
            table.add_row(day, device, f"{count:,}")
    terminal.print(table)


def _step(step: int | None) -> str:
    return "" if step is None else str(step)


def _when(at: datetime | None) -> str:
    return "nobody knows" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
