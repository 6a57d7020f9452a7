"""``sendtrail audit quarantine``: what could not be recorded and was put aside."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import click
import msgspec

from domain.errors import InvalidInputError
from projections.config.settings import Settings
from projections.container import Container
from projections.queries import quarantined
from projections.queries.operations import moment
from projections.queries.quarantined import KINDS, Quarantined
from projections.records import quarantine
from projections.records.quarantine import Kind
from runners.cli import console

PAGE = 500


@click.group("quarantine")
def group() -> None:
    """What could not be recorded and was put aside, so that it stops nothing else."""


@group.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only things of this kind.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Settings, kind: Kind | None, as_json: bool) -> None:
    """Everything in quarantine: what it is, since when, who put it aside, and why."""
    found = False
    with Container(config) as container:
        for each in _all(container, kind):
            found = True
            if as_json:
                console.say_json(msgspec.json.encode(each))
            else:
                console.say(_line(each))
    if not found and not as_json:
        console.say("nothing is in quarantine")


@group.command("release")
@click.argument("what", metavar="ID")
@click.pass_obj
def release(config: Settings, what: str) -> None:
    """Let the runners try again what has that ID, or the event of that number."""
    id_, number = _asked_for(what)
    with Container(config) as container, container.database.transaction() as connection:
        released = quarantine.let_go(connection, id_, number)
    console.say(f"released {released}")


def _all(container: Container, kind: Kind | None) -> Iterator[Quarantined]:
    cursor = None
    while True:
        with container.database.transaction() as connection:
            found, cursor = quarantined.page(connection, limit=PAGE, cursor=cursor, kind=kind)
        yield from found
        if cursor is None:
            return


def _line(each: Quarantined) -> str:
    event = "" if each.notification_id is None else f", event {each.notification_id}"
    waits = " (recorded by itself as soon as it can be)" if each.waits_to_be_recorded else ""
    who = f"since {moment(each.since)}, by {each.runner}"
    return f"{each.kind} {each.id}{event}, {who}: {each.reason}{waits}"


def _asked_for(what: str) -> tuple[UUID | None, int | None]:
    """The id, or the number of an event. Raises InvalidInputError if it is neither."""
    if what.isascii() and what.isdigit() and 0 < int(what) < 2**63:
        return None, int(what)
    try:
        return UUID(what), None
    except ValueError:
        raise InvalidInputError("ID", "a UUID, or the number of an event") from None
