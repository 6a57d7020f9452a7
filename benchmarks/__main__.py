"""Measures everything side by side and prints one table: ``python -m benchmarks``."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import click
from rich.console import Console

from benchmarks.contenders import optional_packages
from benchmarks.harness import comparing, printing
from benchmarks.harness.measuring import RunResult, measure
from benchmarks.harness.postgres_fixture import open_bundled_postgres, open_postgres
from benchmarks.measurements import catalogue
from domain.errors import SendtrailError

ROUNDS = 5
QUICK_ROUNDS = 2
CHECK_ROUNDS = 3
# What --check compares with, and by how much of it a ratio may fall.
EXPECTED = Path(__file__).parent / "expected.json"
MOST_FALL = 0.25


@click.command()
@click.option(
    "--only", multiple=True, type=click.Choice(catalogue.NAMES), help="Only this; may be repeated."
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    help=f"How often; {ROUNDS}, {QUICK_ROUNDS} with --quick, or {CHECK_ROUNDS} with --check.",
)
@click.option("--quick", is_flag=True, help="Small sizes: a smoke test, not a measurement.")
@click.option(
    "--check",
    is_flag=True,
    help="Processor time beside bare SQL, less than a minute; fails where a ratio is more than a"
    f" quarter below the one in {EXPECTED.name}, or below that of --against.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Show each ratio beside that of an earlier run, which --json has written there.",
)
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Write the results there too."
)
def main(
    only: tuple[str, ...],
    rounds: int | None,
    quick: bool,
    check: bool,
    against: Path | None,
    file: Path | None,
) -> None:
    """Measure Sendtrail beside the library's own recorder, pgqueuer, bare COPY and bare SQL, and
    say which targets it meets.

    Uses a PostgreSQL of its own, or, but for --check, the one that SENDTRAIL_TEST_DATABASE_URL
    names.
    """
    if check and (only or quick):
        raise click.UsageError("--check is all of its measurements, in sizes of its own")
    console = Console(width=max(Console().width, printing.WIDTH))
    try:
        # First, because the measurements take long.
        before = comparing.read(against or EXPECTED) if against or check else None
        if check:
            run, machine = _check(rounds or CHECK_ROUNDS)
        else:
            run, machine = _measure(only, quick, rounds or (QUICK_ROUNDS if quick else ROUNDS))
    except SendtrailError as error:
        raise click.ClickException(str(error)) from error
    printing.show(console, run, machine)
    if file is not None:
        file.write_bytes(printing.as_json(run, machine))
    failed = bool(run.failures)
    if before is not None:
        comparison = comparing.compare(run, before)
        comparing.show(console, comparison)
        if check:
            fallen = comparison.fallen(MOST_FALL)
            for change in fallen:
                click.echo(f"fell by {1 - change.factor:.0%}: {change.key}", err=True)
            failed = failed or bool(fallen or comparison.only_before or comparison.only_now)
    sys.exit(1 if failed else 0)


def _measure(only: tuple[str, ...], quick: bool, rounds: int) -> tuple[RunResult, dict[str, str]]:
    measurements = catalogue.select(only or catalogue.NAMES, quick)
    with open_postgres() as postgres:
        run = measure(postgres, measurements, rounds, _progress)
        return run, postgres.describe_machine() | optional_packages.versions()


def _check(rounds: int) -> tuple[RunResult, dict[str, str]]:
    with open_bundled_postgres() as postgres:
        # Its processor time would be that of whatever is measured just then.
        postgres.stop_autovacuum()
        run = measure(postgres, catalogue.processor_costs(), rounds, _progress)
        return run, postgres.describe_machine()


_BEGAN = perf_counter()


def _progress(step: str) -> None:
    click.echo(f"{perf_counter() - _BEGAN:6.0f} s  {step}", err=True)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
