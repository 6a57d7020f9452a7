"""Measures everything side by side and prints one table: ``python -m benchmarks``."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import click
from rich.console import Console

from benchmarks.contenders import optional_packages
from benchmarks.harness import printing
from benchmarks.harness.measuring import measure
from benchmarks.harness.postgres_fixture import open_postgres
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

    def progress(step: str) -> None:
        click.echo(f"{perf_counter() - began:6.0f} s  {step}", err=True)

    try:
        with open_postgres() as postgres:
            measurements = catalogue.select(only or catalogue.NAMES, quick)
            run = measure(postgres, measurements, rounds or (2 if quick else ROUNDS), progress)
            machine = postgres.describe_machine() | optional_packages.versions()
    except SendtrailError as error:
        raise click.ClickException(str(error)) from error
    printing.show(console, run, machine)
    if file is not None:
        file.write_bytes(printing.as_json(run, machine))
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
