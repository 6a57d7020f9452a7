"""``sendtrail import``: leads from a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from projections.config.settings import Settings
from projections.container import Container
from projections.intake.files.foreign import PROGRAMS, Program
from projections.intake.lead_import import Options, import_leads
from projections.intake.opt_out_import import import_opt_outs
from runners.cli import console
from runners.cli.common import actor
from runners.cli.import_summary import print_summary


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--map", "map_", metavar="FIELD:COLUMN", multiple=True, help="Say what a column is; repeatable."
)
@click.option("--update", is_flag=True, help="Give leads that are known what the file says.")
@click.option("--dry-run", is_flag=True, help="Write nothing, and say what would become of it.")
@click.option("--add-triggers", metavar="A,B", default="", help="Triggers that everybody gets.")
@click.option("--opt-outs", is_flag=True, help="The file is of people who said no.")
@click.option(
    "--from",
    "program",
    type=click.Choice(PROGRAMS),
    help="The file is an export of that program, as CSV or JSON.",
)
@click.pass_obj
def import_(
    config: Settings,
    file: Path,
    map_: tuple[str, ...],
    update: bool,
    dry_run: bool,
    add_triggers: str,
    opt_outs: bool,
    program: Program | None,
) -> None:
    """Import leads from a CSV or XLSX file with a header.

    Columns: phone, name, niche, target_status, triggers, device, timezone, opted_out,
    opt_out_evidence; any other becomes an attribute. Lists are separated by ';'. Only phone is
    required. Names of columns in other words are understood, such as "Mobile Phone".
    """
    if opt_outs and (update or add_triggers):
        raise click.UsageError("--opt-outs goes with neither --update nor --add-triggers")
    if opt_outs and program:
        raise click.UsageError("--opt-outs goes not with --from, which hears who said no by itself")
    options = Options(
        region=config.default_region,
        map_=map_,
        update=update,
        dry_run=dry_run,
        add_triggers=tuple(add_triggers.split(",")) if add_triggers else (),
        program=program,
    )
    work = import_opt_outs if opt_outs else import_leads
    with Container(config) as container, console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("importing", total=None)
        result = work(
            container.database,
            container.outreach,
            file,
            options,
            actor=actor(),
            progress=lambda rows: bar.update(task, description=f"importing: {rows} rows"),
        )
    print_summary(result, dry_run=dry_run)
    if result.rejected:
        sys.exit(1)
