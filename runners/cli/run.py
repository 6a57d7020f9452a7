"""``sendtrail run``: the runners, in this process."""

from __future__ import annotations

import click

from projections.config import metrics
from projections.config.settings import Settings
from projections.container import Container
from runners.cli import console
from runners.cli.common import warn_of_unknown_settings
from runners.process import bundled
from runners.process.supervisor import RUNNERS, Runners
from runners.support import telemetry


@click.command()
@click.argument("names", nargs=-1, metavar="[RUNNER]...", type=click.Choice(RUNNERS))
@click.option("--once", is_flag=True, help="One look each, then exit.")
@click.pass_obj
def run(config: Settings, names: tuple[str, ...], once: bool) -> None:
    """Run all runners, or those that are named, until SIGTERM or Ctrl-C."""
    warn_of_unknown_settings()
    metrics.share(config.home)
    telemetry.start(config)
    with Container(config) as container:
        runners = Runners(container, names or RUNNERS)
        if once:
            for name, count in runners.once().items():
                console.say(f"{name}: {count}")
        else:
            bundled.keep(config)
            runners.forever()
