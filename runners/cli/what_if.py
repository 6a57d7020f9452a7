"""``sendtrail what-if``: who would get a campaign that nobody saved, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from domain import values
from domain.campaign import given
from domain.errors import InvalidInputError
from projections.config.settings import Settings
from projections.container import Container
from projections.what_if import campaign, sequence
from projections.what_if.snapshot import snapshot
from runners.cli import console, what_if_tables
from runners.cli.common import INSTANT


@click.command("what-if")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--body", metavar="TEXT", help="What it says; in the place of FILE.")
@click.option("--niche", multiple=True, help="Only leads of this niche, or of any of several.")
@click.option("--target-status", help="prospect, customer or all.")
@click.option("--segment", "segment_id", metavar="ID", help="Only leads of this segment.")
@click.option("--at", "scheduled_at", metavar="TIME", help=f"When it starts. {INSTANT}")
@click.option("--as-of", metavar="TIME", help=f"Over leads as they were then. {INSTANT}")
@click.option("--sequence", "sequence_id", type=click.UUID, help="A sequence, over --days.")
@click.option("--days", type=click.IntRange(1, 3660), help="A sequence over the last so many days.")
@click.option("--people", default=20, show_default=True, help="How many people are shown.")
@click.pass_obj
def what_if(
    config: Settings,
    /,
    file: Path | None,
    as_of: str | None,
    sequence_id: UUID | None,
    days: int | None,
    people: int,
    **options: Any,
) -> None:
    """Who would get a campaign, who not and why, from which device, when, and how many a day.

    FILE is JSON as POST /api/v1/campaigns takes it; options go before what it says. Nothing is
    written. With --as-of the log is replayed, which takes a while. With --days FILE is a sequence
    as POST /api/v1/sequences takes it, or what is changed of --sequence; it is played over the last
    days, beside what really happened.
    """
    asked = {name: value for name, value in options.items() if value}
    if "niche" in asked:
        asked["niche"] = [*asked["niche"]]
    data = {**({} if file is None else _read(file)), **asked}
    about_sequence = days is not None or sequence_id is not None
    if about_sequence and (as_of is not None or asked):
        raise InvalidInputError("--days", "neither --as-of nor what campaigns have beside it")
    definition = (
        None
        if about_sequence
        else given.definition({"name": "What if", **data}, config.undo_seconds)
    )
    changes = sequence.changes(data) if about_sequence else {}
    at = None if as_of is None else values.parse_instant(as_of, "as-of")
    with Container(config) as container, console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("replaying the log" if at else "reading the leads", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        now, house, cap = (
            container.outreach.clock(),
            container.outreach.house,
            config.lead_daily_cap,
        )
        with snapshot(container.database, now, at, progress) as seen:
            if definition is not None:
                found = campaign.what_if(seen, definition, house, cap)
            else:
                over = sequence.span(now, days, None, None)
                id_, changed = sequence.definition(seen, sequence_id, changes)
                found = sequence.what_if(
                    container.database, seen, id_, changed, over, house, cap, progress
                )
    what_if_tables.print_answer(console.terminal(), found, people)


def _read(file: Path) -> dict[str, Any]:
    """The JSON object in the file. Raises InvalidInputError where there is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidInputError(str(file), f"a file with a JSON object ({error})") from None
