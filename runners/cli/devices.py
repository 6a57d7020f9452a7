"""``sendtrail devices``: the sending numbers, and whether they really send."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import click
import msgspec

from domain import phones, values
from domain.content import Content
from domain.errors import SendtrailError
from projections.config.settings import Settings
from projections.container import Container
from projections.queries import short_secrets
from projections.readmodels import devices
from runners.cli import console, device_setup
from runners.cli.common import actor
from runners.cli.device_lookup import find
from runners.gateways.protocol import (
    Accepted,
    Gateway,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
    Unreachable,
)
from runners.gateways.registry import make_gateways

TEXT = "This is a test of Sendtrail."


@click.group("devices")
def group() -> None:
    """The sending numbers."""


for command in device_setup.COMMANDS:
    group.add_command(command)


@group.command("list")
@click.pass_obj
def list_(config: Settings) -> None:
    """Every device with its gateway and its state, and what is wrong with its secrets."""
    with Container(config) as container, container.database.transaction() as connection:
        short = short_secrets.of_devices(connection, container.secrets)
        notes = {device_id: short_secrets.note(names) for device_id, names in short.items()}
        console.print_device_list(console.terminal(), devices.every(connection), notes)


@group.command("test")
@click.argument("name")
@click.option("--to", "phone", required=True, metavar="PHONE", help="Your own, in E.164.")
@click.option("--text", default=TEXT, show_default=True)
@click.pass_obj
def test(config: Settings, name: str, phone: str, text: str) -> None:
    """Send one message through the device NAME, and explain what became of it. Its id does, too.

    It goes at once and outside the queue. The log says that and how it was tried, not to whom.
    """
    to = phones.parse(phone, config.default_region)
    values.text("text", text, longest=4096)
    with Container(config) as container:
        row = find(container, name)
        _check_pause(container, row)
        outcome = asyncio.run(_send(make_gateways(config)[row.gateway], container, row, to, text))
        container.outreach.note_test(row.device_id, *_facts(outcome), actor=actor())
    console.say(explain(outcome))
    if not isinstance(outcome, Accepted):
        raise SendtrailError("the message was not accepted")


def _check_pause(container: Container, row: Any) -> None:
    """Raises SendtrailError while the device's pause after its last message lasts: a test keeps the
    device's pace like any message."""
    with container.database.transaction() as connection:
        used_at = devices.last_used_at(connection, row.device_id)
    if used_at is None:
        return
    free_at = used_at + timedelta(seconds=row.min_delay_seconds)
    wait = (free_at - container.outreach.clock()).total_seconds()
    if wait > 0:
        raise SendtrailError(f"the device has just sent; try again in {wait:.0f} seconds")


async def _send(gateway: Gateway, container: Container, row: Any, phone: str, text: str) -> Outcome:
    """Sends ``text`` to ``phone`` (E.164) through the device of ``row``."""
    limit = container.settings.gateway_timeout
    outgoing = Outgoing(
        message_id=uuid4(),
        device_id=row.device_id,
        phone=phone,
        content=Content(body=text),
        attempt=1,
        settings=row.settings,
        credentials=container.secrets.read(row.ciphertext),
        call_before=container.outreach.clock() + timedelta(seconds=limit),
    )
    outcome: Outcome = Unknown(f"no answer within {limit:g} seconds")
    with suppress(TimeoutError):
        async with asyncio.timeout(limit):
            outcome = await gateway.send(outgoing)
    await gateway.close()
    return outcome


def _facts(outcome: Outcome) -> tuple[str, str]:
    """The outcome's kind, and the provider's id, code or reason."""
    details = [str(field) for field in msgspec.structs.astuple(outcome) if field is not None]
    return type(outcome).__name__.lower(), " ".join(details[:1])


def explain(outcome: Outcome) -> str:
    """What an outcome means and what to do about it, in sentences for a person."""
    match outcome:
        case Accepted(provider_id):
            return (
                f"accepted: the gateway took it and calls it {provider_id}. Whether it arrives is"
                " seen on the phone, and by a receipt if webhooks are set up."
            )
        case Rejected(code, reason):
            return (
                f"rejected: {code} ({reason}). Nothing was sent, and the same again would be"
                " refused again. docs/gateways.md says what the codes mean."
            )
        case Throttled(retry_after):
            later = "later" if retry_after is None else f"in {retry_after:g} seconds"
            return f"throttled: the provider wants no more now. Nothing was sent; try {later}."
        case Unreachable(reason):
            return (
                f"unreachable: {reason}. Nothing was sent. Look at the device's base_url,"
                " settings and credentials, and whether its phone is logged in."
            )
        case Unknown(reason):
            return (
                f"unknown: {reason}. It may have been sent; only the phone can tell. A campaign's"
                " message would now wait for a receipt or for your decision."
            )
