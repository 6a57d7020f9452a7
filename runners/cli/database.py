"""``sendtrail db``: the bundled PostgreSQL."""

from __future__ import annotations

import click

from projections.config.settings import Settings
from projections.database import embedded
from projections.database.installation import BUNDLED, url_of


@click.group("db")
def group() -> None:
    """The bundled PostgreSQL."""


@group.command("status")
@click.pass_obj
def status(config: Settings) -> None:
    """Whether it runs, and for whom."""
    users = embedded.users(config.home)
    click.echo(f"{embedded.state(config.home)}, {len(users)} processes use it")


@group.command("stop")
@click.pass_obj
def stop(config: Settings) -> None:
    """Stop it, whoever uses it; nothing committed is lost. Serve and run start it again."""
    if not embedded.stop(config.home):
        click.echo("was not running")
        return
    click.echo("stopped")
    if users := embedded.users(config.home):
        click.echo(f"{len(users)} processes use it; serve and run start it again", err=True)


@group.command("url")
@click.pass_obj
def url(config: Settings) -> None:
    """Its URL, for psql and other clients, while it runs."""
    click.echo(url_of(embedded.url(config.home), BUNDLED))
