"""``sendtrail db``: the database's schema, its backups, and the bundled PostgreSQL."""

from __future__ import annotations

import click

from projections.config.settings import Settings
from projections.database import embedded, installation
from projections.database.installation import BUNDLED, url_of
from projections.database.schema_version import newest
from runners.cli import backup, console


@click.group("db")
def group() -> None:
    """The database, its backups, and the bundled PostgreSQL."""


group.add_command(backup.backup)
group.add_command(backup.restore)
group.add_command(backup.erased)


@group.command("status")
@click.pass_obj
def status(config: Settings) -> None:
    """Whether it runs, and for whom."""
    users = embedded.users(config.home)
    console.say(f"{embedded.state(config.home)}, {len(users)} processes use it")


@group.command("stop")
@click.pass_obj
def stop(config: Settings) -> None:
    """Stop it, whoever uses it; nothing committed is lost. Serve and run start it again."""
    if not embedded.stop(config.home):
        console.say("was not running")
        return
    console.say("stopped")
    if users := embedded.users(config.home):
        console.say(f"{len(users)} processes use it; serve and run start it again", err=True)


@group.command("url")
@click.pass_obj
def url(config: Settings) -> None:
    """Its URL, for psql and other clients, while it runs."""
    console.say(url_of(embedded.url(config.home), BUNDLED))


@group.command("migrate")
@click.pass_obj
def migrate(config: Settings) -> None:
    """Bring the database's schema to the version that this program needs.

    Prints a line for each step. Read models are not migrated: it says if they need a rebuild.
    """
    database = installation.connect(config)
    try:
        found = installation.migrate(
            database, config, lambda step: console.say(f"schema {step.version}: {step.title}")
        )
    finally:
        database.close()
    if found.before is None:
        console.say(f"the database was empty: it has schema {newest()} now")
    elif found.before == newest():
        console.say(f"the database has schema {newest()} already: nothing to do")
    else:
        console.say(f"the database went from schema {found.before} to {newest()}")
    if found.outdated is not None:
        console.say(found.outdated)
