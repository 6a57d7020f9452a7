"""``sendtrail what-if``: who would get a campaign that nobody saved, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from domain import values
from domain.campaign import given
from domain.errors import InvalidInputError
from projections.config.settings import Settings
from projections.container import Container
from projections.what_if import campaign
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
@click.option("--people", default=20, show_default=True, help="How many people are shown.")
@click.pass_obj
def what_if(
    config: Settings, /, file: Path | None, as_of: str | None, people: int, **options: Any
) -> None:
    """Who would get a campaign, who not and why, from which device, when, and how many a day.

    FILE is JSON as POST /api/v1/campaigns takes it; options go before what it says. Nothing is
    written. With --as-of the log is replayed, which takes a while.
    """
    asked = {name: value for name, value in options.items() if value}
    if "niche" in asked:
        asked["niche"] = [*asked["niche"]]
    data = {"name": "What if", **({} if file is None else _read(file)), **asked}
    definition = given.definition(data, config.undo_seconds)
    at = None if as_of is None else values.parse_instant(as_of, "as-of")
    with Container(config) as container, console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("reading the leads", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description="replaying the log")

        with snapshot(container.database, container.outreach.clock(), at, progress) as seen:
            found = campaign.what_if(
                seen, definition, container.outreach.house, config.lead_daily_cap
            )
    what_if_tables.print_answer(console.terminal(), found, people)


def _read(file: Path) -> dict[str, Any]:
    """The JSON object in the file. Raises InvalidInputError where there is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidInputError(str(file), f"a file with a JSON object ({error})") from None
