"""``make ha``: plays a failover run on a cluster of its own and prints one line of figures."""

from __future__ import annotations

import random
import signal
import sys
from time import monotonic

import click

from runners.support import logs
from tests.chaos.proof import prove
from tests.ha import cluster, requirements
from tests.ha.run import FailoverRun, audit
from tests.support.gateways.fake_gowa import FakeGowa, serving
from tests.support.office import Office

# Messages, and the seconds that the slower half of the devices would need for its part.
LONG = (6000, 120.0)
SHORT = (900, 60.0)
PASSWORD = "replace-this-5"


@click.command()
@click.option("--messages", type=click.IntRange(100), help="A multiple of 5; 6000, or 900.")
@click.option("--short", is_flag=True, help="900 messages, in under four minutes.")
@click.option("--seed", type=int, help="Of an earlier run, for the same answers of the gateway.")
@click.option("--patience", default=300.0, show_default=True, help="Seconds for each wait.")
def main(messages: int | None, short: bool, seed: int | None, patience: float) -> None:
    """Kill the leader, switch it over and cut it off from etcd while messages go, and prove what
    happened.

    Three PostgreSQL nodes run under Patroni with etcd, on loopback. Where etcd or Patroni is
    missing, the run is skipped with the sentence that says how to install it.
    """
    if (needed := requirements.missing()) is not None:
        click.echo(f"skipped: {needed}")
        return
    # So that everything that was started also ends when the run is told to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logs.configure("ERROR")
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    usual, seconds = SHORT if short else LONG
    leads = (messages or usual) // 5
    began = monotonic()
    with cluster.running(PASSWORD) as nodes, serving(FakeGowa()) as gowa:
        office = Office(nodes.url, gowa)
        try:
            chance = random.Random(seed)
            run = FailoverRun(nodes, office, chance, leads, seconds, deferrals=not short)
            run.play(patience)
            found, wrong = prove(office, run.traffic)
            wrong += [*run.ended, *audit(office)]
        finally:
            office.close()
    told = {"messages": run.traffic.scheduled, "kills": 1, "switchovers": 1, "partitions": 1}
    told |= {**run.figures(), **found, "seconds": round(monotonic() - began), "seed": seed}
    click.echo(", ".join(f"{name} {value}" for name, value in told.items()))
    for fault in wrong[:20]:
        click.echo(fault, err=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
