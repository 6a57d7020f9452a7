"""``sendtrail db``: the bundled PostgreSQL, and backups of the database."""

from __future__ import annotations

import click

from projections.config.settings import Settings
from projections.database import embedded
from projections.database.installation import BUNDLED, url_of
from runners.cli import backup


@click.group("db")
def group() -> None:
    """The bundled PostgreSQL, and backups of the database."""


group.add_command(backup.backup)
group.add_command(backup.restore)
group.add_command(backup.erased)


@group.command("status")
@click.pass_obj
def status(config: Settings) -> None:
    """Whether it runs, and for whom."""
    users = embedded.users(config.home)
    click.echo(f"{embedded.state(config.home)}, {len(users)} processes use it")


@group.command("stop")
@click.pass_obj
def stop(config: Settings) -> None:
    """Stop it, whoever uses it; nothing committed is lost."""
    click.echo("stopped" if embedded.stop(config.home) else "was not running")


@group.command("url")
@click.pass_obj
def url(config: Settings) -> None:
    """Its URL, for psql and other clients, while it runs."""
    click.echo(url_of(embedded.url(config.home), BUNDLED))
