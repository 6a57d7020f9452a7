"""``python -m benchmarks``: everything side by side, one table."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import click
from rich.console import Console

from benchmarks.contenders import optional_packages
from benchmarks.harness import printing
from benchmarks.harness.measuring import measure
from benchmarks.harness.postgres_fixture import open_stage
from benchmarks.measurements import catalogue
from domain.errors import SendtrailError

ROUNDS = 5


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice(catalogue.NAMES), help="Only this; may be repeated."
)
@click.option("--rounds", type=click.IntRange(1), help=f"How often; {ROUNDS}, or 2 with --quick.")
@click.option("--quick", is_flag=True, help="Small sizes: a smoke test, not a measurement.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Write the results there too."
)
def main(only: tuple[str, ...], rounds: int | None, quick: bool, file: Path | None) -> None:
    """Measure Sendtrail beside the library's own recorder, pgqueuer, bare COPY and bare SQL, and
    say which targets it meets.

    Uses a PostgreSQL of its own, or the one that SENDTRAIL_TEST_DATABASE_URL names.
    """
    console = Console(width=max(Console().width, printing.WIDTH))
    began = perf_counter()

    def progress(doing: str) -> None:
        click.echo(f"{perf_counter() - began:6.0f} s  {doing}", err=True)

    try:
        with open_stage() as stage:
            chosen = catalogue.chosen(only or catalogue.NAMES, quick)
            report = measure(stage, chosen, rounds or (2 if quick else ROUNDS), progress)
            machine = stage.machine() | optional_packages.description()
    except SendtrailError as error:
        raise click.ClickException(str(error)) from error
    printing.show(console, report, machine)
    if file is not None:
        file.write_bytes(printing.as_json(report, machine))
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
