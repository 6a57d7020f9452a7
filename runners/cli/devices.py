"""``sendtrail devices``: the sending numbers, and whether they really send."""

from __future__ import annotations

from typing import Any

import click

from domain import pacing, phones, values
from domain.application.trials import Through
from domain.content import Content
from domain.errors import SendtrailError, ThrottledError
from domain.trials import TrialResult
from projections.config.settings import Settings
from projections.container import Container
from projections.queries import short_secrets
from projections.queries.device_list import device_list
from runners.cli import console, device_setup
from runners.cli.common import actor
from runners.cli.device_lookup import find
from runners.gateways import single

TEXT = "This is a test of Sendtrail."


@click.group("devices")
def group() -> None:
    """The sending numbers."""


for command in device_setup.COMMANDS:
    group.add_command(command)


@group.command("list")
@click.pass_obj
def list_(config: Settings) -> None:
    """Every device: its gateway, its own number, its state and why, the pause between two messages,
    how many of today's it has used, and what is wrong with its secrets."""
    with Container(config) as container, container.database.transaction() as connection:
        short = short_secrets.of_devices(connection, container.secrets)
        notes = {device_id: short_secrets.note(names) for device_id, names in short.items()}
        found = device_list(connection, container.outreach.clock())
        console.print_device_list(console.terminal(), found, notes)


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
        result = _send(container, row, to, Content(body=text))
    console.say(explain(result))
    if result.outcome != "accepted":
        raise SendtrailError("the message was not accepted")


def _send(container: Container, row: Any, phone: str, content: Content) -> TrialResult:
    """Sends ``content`` to ``phone`` (E.164) through the device of ``row``. Raises SendtrailError
    while the device may not send: a test keeps the device's pace like any message."""
    outreach, settings = container.outreach, container.settings
    patience = pacing.patience(settings.gateway_timeout)
    try:
        begun = outreach.begin_test(row.device_id, phone, patience, actor=actor())
    except ThrottledError as error:
        wait = (error.until - outreach.clock()).total_seconds()
        raise SendtrailError(
            "the device has just sent, or has sent all that it may today;"
            f" try again in {wait:.0f} seconds"
        ) from None
    through = Through(row.gateway, row.settings, container.secrets.read(row.ciphertext))
    send = single.sender(settings)
    return outreach.send_test(begun, through, phone, content, send, actor=actor())


def explain(result: TrialResult) -> str:
    """What the answer means and what to do about it, in sentences for a person."""
    match result.outcome:
        case "accepted":
            return (
                f"accepted: the gateway took it and calls it {result.provider_id}. Whether it"
                " arrives is seen on the phone, and by a receipt if webhooks are set up."
            )
        case "rejected":
            return (
                f"rejected: {result.code} ({result.reason}). Nothing was sent, and the same again"
                " would be refused again. docs/gateways.md says what the codes mean."
            )
        case "throttled":
            seconds = result.retry_after
            later = "later" if seconds is None else f"in {seconds:g} seconds"
            return f"throttled: the provider wants no more now. Nothing was sent; try {later}."
        case "unreachable":
            return (
                f"unreachable: {result.reason}. Nothing was sent. Look at the device's base_url,"
                " settings and credentials, and whether its phone is logged in."
            )
        case "unknown":
            return (
                f"unknown: {result.reason}. It may have been sent; only the phone can tell. A"
                " campaign's message would now wait for a receipt or for your decision."
            )
