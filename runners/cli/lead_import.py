"""``sendtrail import``: leads from a CSV file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from projections.config.settings import Settings
from projections.container import Container
from projections.intake.lead_import import import_leads
from runners.cli import console
from runners.cli.common import actor


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_(config: Settings, file: Path) -> None:
    """Import leads from a CSV file with a header.

    Columns: phone, name, niche, target_status, triggers, device, timezone; any other becomes an
    attribute. Lists are separated by ';'. Only phone is required.
    """
    with Container(config) as container, console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("importing", total=None)
        result = import_leads(
            container.database,
            container.outreach,
            file,
            region=config.default_region,
            actor=actor(),
            progress=lambda rows: bar.update(task, description=f"importing: {rows} rows"),
        )
    for rejected in result.rejected:
        click.echo(f"line {rejected.line}: {rejected.reason}", err=True)
    click.echo(
        f"registered {result.registered}, known {result.known}, rejected {len(result.rejected)}"
    )
    if result.rejected:
        sys.exit(1)
