"""``make crash``: plays a chaos run on a database of its own and prints one line of figures."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import click

from projections.database import embedded
from projections.database.installation import recreate
from runners.support import logs
from tests.chaos.proof import prove
from tests.chaos.run import ChaosRun
from tests.support import standby
from tests.support.gateways.fake_gowa import FakeGowa, serving
from tests.support.office import Office


@click.command()
@click.option("--messages", default=20_000, show_default=True, help="A multiple of 50, about.")
@click.option("--kills", default=200, show_default=True)
@click.option(
    "--failovers",
    default=0,
    show_default=True,
    help="To a standby that lacks the last commits; on servers of the run's own.",
)
@click.option("--broadcasters", default=3, show_default=True)
@click.option("--devices", default=20, show_default=True)
@click.option(
    "--deferrals/--no-deferrals",
    default=True,
    show_default=True,
    help="Whether the gateway also says 'later', which takes half a minute each time.",
)
@click.option("--seed", type=int, help="Of an earlier run, to play the same again.")
@click.option("--patience", default=600.0, show_default=True, help="Seconds for what is left.")
def main(
    messages: int,
    kills: int,
    failovers: int,
    broadcasters: int,
    devices: int,
    deferrals: bool,
    seed: int | None,
    patience: float,
) -> None:
    """Kill runners at random moments, let the others finish, and prove what happened.

    A fifth of the messages belongs to a campaign and to each of three steps of a sequence, less to
    another campaign, which holds some people out. The server is the bundled PostgreSQL, or that of
    SENDTRAIL_TEST_DATABASE_URL.
    """
    logs.configure("ERROR")
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    with ExitStack() as stack:
        pair = stack.enter_context(standby.pair()) if failovers else None
        server = pair.url if pair else stack.enter_context(_server())
        with serving(FakeGowa()) as gowa:
            office = Office(recreate(server, "sendtrail_chaos"), gowa)
            began = monotonic()
            chaos = ChaosRun(
                office, random.Random(seed), messages // 5, devices, deferrals=deferrals, pair=pair
            )
            chaos.play(kills, broadcasters, patience, failovers)
            figures, faults = prove(office, chaos.traffic)
            office.close()
    told = {"messages": chaos.traffic.scheduled, "kills": chaos.kills, "freezes": chaos.freezes}
    told |= {"failovers": failovers} if failovers else {}
    told |= {**figures, "seconds": round(monotonic() - began), "seed": seed}
    click.echo(", ".join(f"{name} {value}" for name, value in told.items()))
    for fault in faults[:20]:
        click.echo(fault, err=True)
    sys.exit(1 if faults else 0)


@contextmanager
def _server() -> Iterator[str]:
    """The server's URL, until the block ends."""
    given = os.environ.get("SENDTRAIL_TEST_DATABASE_URL")
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        try:
            yield embedded.start(Path(folder))
        finally:
            embedded.stop(Path(folder))


if __name__ == "__main__":
    main()
