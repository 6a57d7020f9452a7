"""``sendtrail keys``: the API's keys."""

from __future__ import annotations

import click

from projections.config.settings import Settings
from projections.container import Container
from projections.records import api_keys
from runners.cli import console


@click.group("keys")
def group() -> None:
    """API keys."""


@group.command("create")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(api_keys.ROLES))
@click.pass_obj
def create(config: Settings, name: str, role: str) -> None:
    """Make a key. It is printed alone on the last line, for the only time.

    NAME is what events will say who did it.
    """
    with Container(config) as container, container.database.transaction() as connection:
        key = api_keys.create(connection, name, role, container.outreach.clock())
    click.echo(f"key {name} of role {role}; keep it, it cannot be shown again:")
    click.echo(key)


@group.command("list")
@click.pass_obj
def list_(config: Settings) -> None:
    """Every key, without the key itself."""
    with Container(config) as container, container.database.transaction() as connection:
        console.print_keys(console.terminal(), api_keys.every(connection))


@group.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(config: Settings, name: str) -> None:
    """Revoke a key."""
    with Container(config) as container, container.database.transaction() as connection:
        api_keys.revoke(connection, name, container.outreach.clock())
    click.echo(f"revoked {name}")
