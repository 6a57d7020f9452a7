"""``python -m benchmarks``: everything side by side, one table."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from benchmarks import optional, printing, stock
from benchmarks.appending import Appending
from benchmarks.lifecycle import Lifecycle
from benchmarks.measuring import Benchmark, measure
from benchmarks.scheduling import Campaign, Enrollment
from benchmarks.sending import Sending
from benchmarks.stage import open_stage
from domain.errors import SendtrailError

ROUNDS = 5


def benchmarks(quick: bool) -> dict[str, list[Benchmark]]:
    """What is measured, by the name that chooses it, with its sizes; the quick ones only show that
    everything works."""
    if quick:
        return {
            "append": [Appending({1: 50, 100: 1000, 1000: 4000, 10000: 10000})],
            "schedule": [Campaign(leads=2000), Enrollment(leads=200)],
            "lifecycle": [Lifecycle(messages=2000, processes=(1, 2))],
            "http": [Sending(messages=500)],
        }
    return {
        "append": [Appending({1: 1000, 100: 20000, 1000: 40000, 10000: 50000})],
        "schedule": [Campaign(leads=100_000), Enrollment(leads=20_000)],
        "lifecycle": [Lifecycle(messages=30_000, processes=(1, 2, 4))],
        "http": [Sending(messages=10_000)],
    }


NAMES = tuple(benchmarks(quick=True))


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only this; may be repeated.")
@click.option("--rounds", type=click.IntRange(1), help=f"How often; {ROUNDS}, or 2 with --quick.")
@click.option("--quick", is_flag=True, help="Small sizes: a smoke test, not a measurement.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Write the results there too."
)
def main(only: tuple[str, ...], rounds: int | None, quick: bool, file: Path | None) -> None:
    """Measure Sendtrail beside the library's own recorder, pgqueuer, bare COPY and bare SQL.

    Uses a PostgreSQL of its own, or the one that SENDTRAIL_TEST_DATABASE_URL names.
    """
    console = Console(width=max(Console().width, printing.WIDTH))
    offered = benchmarks(quick)
    chosen = [benchmark for name in only or NAMES for benchmark in offered[name]]
    try:
        with Console(stderr=True).status("starting") as status, open_stage() as stage:
            results = measure(stage, chosen, rounds or (2 if quick else ROUNDS), status.update)
            machine = stage.machine()
    except SendtrailError as error:
        raise click.ClickException(str(error)) from error
    machine |= optional.versions("pgqueuer", "asyncpg")
    if stock.installed():
        machine["psycopg"] = stock.description()
    printing.show(console, results, machine)
    for benchmark in chosen:
        for note in benchmark.notes:
            console.print(note, highlight=False, soft_wrap=True)
    if file is not None:
        file.write_bytes(printing.as_json(results, machine))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
