"""``sendtrail import``: leads from a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from domain.errors import InvalidInputError
from domain.phones import COUNTRIES
from projections.config.settings import Settings
from projections.container import Container
from projections.intake.files.foreign import PROGRAMS, Program
from projections.intake.lead_import import Options, import_leads
from projections.intake.opt_out_import import import_opt_outs
from projections.intake.rejected_rows import RejectedRow, RejectedRows, forget
from runners.cli import console
from runners.cli.common import actor
from runners.cli.import_summary import print_summary
from runners.support import cycles


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--map", "map_", metavar="FIELD:COLUMN", multiple=True, help="Say what a column is; repeatable."
)
@click.option("--update", is_flag=True, help="Give leads that are known what the file says.")
@click.option("--dry-run", is_flag=True, help="Write nothing, and say what would become of it.")
@click.option(
    "--country",
    type=click.Choice(sorted(COUNTRIES), case_sensitive=False),
    metavar="COUNTRY",
    help="The country of phones without a country code, such as MY.",
)
@click.option("--add-triggers", metavar="A,B", default="", help="Triggers that everybody gets.")
@click.option("--add-trigger", metavar="A", multiple=True, help="The same, one by one; repeatable.")
@click.option("--opt-outs", is_flag=True, help="The file is of people who said no.")
@click.option(
    "--from",
    "program",
    type=click.Choice(PROGRAMS),
    help="The file is an export of that program, as CSV or JSON.",
)
@click.option(
    "--rejected",
    "rejected_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the rows that were rejected there as CSV, each with why; mended, it can be"
    " imported.",
)
@click.pass_obj
def import_(
    config: Settings,
    file: Path,
    map_: tuple[str, ...],
    update: bool,
    dry_run: bool,
    country: str | None,
    add_triggers: str,
    add_trigger: tuple[str, ...],
    opt_outs: bool,
    program: Program | None,
    rejected_file: Path | None,
) -> None:
    """Import leads from a CSV or XLSX file with a header.

    Columns: phone, name, niche, target_status, triggers, device, timezone, opted_out,
    opt_out_evidence; any other becomes an attribute. Lists are separated by ';'. Only phone is
    required. Names of columns in other words are understood, such as "Mobile Phone".
    """
    added = (*(add_triggers.split(",") if add_triggers else ()), *add_trigger)
    if opt_outs and (update or added):
        raise click.UsageError("--opt-outs goes with neither --update nor --add-triggers")
    if opt_outs and program:
        raise click.UsageError("--opt-outs goes not with --from, which hears who said no by itself")
    options = Options(
        region=country or config.default_region,
        map_=map_,
        update=update,
        dry_run=dry_run,
        add_triggers=added,
        program=program,
    )
    work = import_opt_outs if opt_outs else import_leads
    cycles.make_rare()
    with (
        _rejected(rejected_file, file) as tell,
        Container(config) as container,
        console.progress_bar(console.terminal(err=True)) as bar,
    ):
        task = bar.add_task("importing", total=None)
        result = work(
            container.database,
            container.outreach,
            file,
            options,
            actor=actor(),
            progress=lambda rows: bar.update(task, description=f"importing: {rows} rows"),
            rejected=tell,
        )
    print_summary(result, dry_run=dry_run)
    if isinstance(tell, RejectedRows) and tell.count:
        console.say(f"rejected rows are in {rejected_file}", err=True)
    if result.rejected:
        sys.exit(1)


@contextmanager
def _rejected(path: Path | None, file: Path) -> Iterator[RejectedRow]:
    """What writes rejected rows to ``path``, for its owner alone. The file is there if there were
    any. Raises InvalidInputError if it is the ``file`` that is imported, and OSError."""
    if path is None:
        yield forget
        return
    if path.exists() and file.exists() and path.samefile(file):
        raise InvalidInputError("--rejected", "another file than the one that is imported")
    # Before anything is imported: who cannot have the file is told in time.
    opened = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        with open(opened, "w", encoding="utf-8", newline="") as out:
            written = RejectedRows(out)
            yield written
    finally:
        if path.is_file() and not path.stat().st_size:
            path.unlink()
