"""``sendtrail rebuild`` and ``sendtrail replay``: read models made anew from the events."""

from __future__ import annotations

import click

from domain import values
from projections.config.settings import Settings
from projections.container import Container
from projections.eventstore import missing_keys
from projections.rebuild import rebuild as read_models
from runners.cli import console
from runners.cli.common import INSTANT


@click.command()
@click.option("--check", is_flag=True, help="Only compare; the live tables stay.")
@click.option("--only", metavar="TABLE", help="Compare and replace this table alone.")
@click.pass_obj
def rebuild(config: Settings, check: bool, only: str | None) -> None:
    """Build every projection anew from the events, compare, and replace the live ones.

    Commands and runners may go on meanwhile. Prints per table whether it was identical or the first
    difference, and fails if there was one, or if leads that were not erased have no key. Without
    their keys nothing is replaced.
    """
    with Container(config, outdated=True) as container:
        identical = rebuild_and_compare(container, console.terminal(), only=only, swap=not check)
        if check:
            # Before the differences, because it explains those of the leads.
            with container.database.transaction() as connection:
                missing_keys.refuse_without(connection)
        if not identical:
            done = "" if check else ", and were replaced"
            raise click.ClickException(f"the live projections differed from the events{done}")


@click.command()
@click.option("--until", required=True, metavar="TIME", help=INSTANT)
@click.option("--into", required=True, metavar="SCHEMA", help="A new schema of this name.")
@click.pass_obj
def replay(config: Settings, until: str, into: str) -> None:
    """Fill a new schema with every projection as it was at a past instant, for any SQL client."""
    instant = values.parse_instant(until, "until")
    with Container(config) as container, console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("replaying the events", total=None)
        read_models.replay(
            container.database,
            into,
            instant,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.say(f"schema {into} is as of {instant.isoformat()}; drop it when you are done:")
    console.say(f"DROP SCHEMA {into} CASCADE")


def rebuild_and_compare(
    container: Container,
    terminal: console.Terminal,
    *,
    only: str | None = None,
    swap: bool = False,
    brief: bool = False,
) -> bool:
    """Rebuilds every read model and prints on ``terminal`` how each compares with the live one.

    ``only`` and ``swap`` are those of ``projections.rebuild.rebuild.rebuild``. If it is ``brief``,
    tables that are all identical are one line. Returns whether they are.
    """
    with console.progress_bar(terminal) as bar:
        task = bar.add_task("rebuilding from the events", total=None)
        differences = read_models.rebuild(
            container.database,
            lambda done, total: bar.update(task, completed=done, total=total),
            only=only,
            swap=swap,
        )
    console.print_rebuild(terminal, differences, brief=brief)
    return not any(differences.values())
