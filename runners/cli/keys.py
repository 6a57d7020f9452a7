"""``sendtrail keys``: the API's keys."""

from __future__ import annotations

import sys

import click

from domain.access import SecretRotated
from domain.errors import SettingsError
from projections.config import secret_key
from projections.config.settings import Settings
from projections.container import Container
from projections.eventstore import access
from projections.eventstore.secret_rotation import rotate
from projections.records import api_keys
from runners.cli import console
from runners.cli.common import actor


@click.group("keys")
def group() -> None:
    """API keys, and the secret key."""


@group.command("create")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(api_keys.ROLES))
@click.pass_obj
def create(config: Settings, name: str, role: str) -> None:
    """Make a key. It is printed alone on the last line, for the only time.

    NAME is what events will say who did it.
    """
    with Container(config) as container:
        _, key = access.create_key(
            container.database, container.outreach, name, role, actor=actor()
        )
    console.say(f"key {name} of role {role}; keep it, it cannot be shown again:")
    console.say(key)


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
    with Container(config) as container:
        access.revoke_key(container.database, container.outreach, name, actor=actor())
    console.say(f"revoked {name}")


@group.command("rotate-secret")
@click.pass_obj
def rotate_secret(config: Settings) -> None:
    """Replace the secret key: encrypt anew all that it encrypts, in one transaction.

    The new key is that of SENDTRAIL_NEW_SECRET_KEY; else it is made, and printed alone on the last
    line of standard output before it is in force, so that it is not lost. It is in force if the
    command ends well. Processes with the old key stop by themselves.
    """
    new_key = config.new_secret_key or secret_key.new()
    in_home = secret_key.in_home(config)

    def keep() -> None:
        if in_home:
            secret_key.keep_next(config.home, new_key)
        if config.new_secret_key is None:
            console.say(
                "the new secret key, in force if this command ends well; keep a copy of it:"
            )
            console.say(new_key)
            sys.stdout.flush()

    def put_in_place() -> None:
        if in_home:
            secret_key.put_next_in_place(config.home)

    with (
        Container(config) as container,
        console.progress_bar(console.terminal(err=True)) as bar,
    ):
        if new_key == container.secret_key:
            raise SettingsError("SENDTRAIL_NEW_SECRET_KEY: expected another key than the present")
        task = bar.add_task("encrypting anew", total=None)
        done = rotate(
            container.database,
            new_key,
            keep,
            put_in_place,
            lambda connection: container.outreach.record_access(
                connection, SecretRotated, actor=actor()
            ),
            lambda leads: bar.update(task, completed=leads),
        )
    key_is = f"is in {config.home.resolve() / secret_key.NAME}" if in_home else "is needed"
    console.say(
        f"encrypted anew: {done.leads} keys of leads, {done.secrets} credentials and secrets;"
        f" the new key {key_is} from now on",
        err=True,
    )
