"""``sendtrail devices pair``, ``contacts`` and ``templates``: what a device's gateway is asked when
it is set up."""

from __future__ import annotations

import sys
from typing import Any

import click

from domain import phones
from domain.errors import InvalidInputError, UnsupportedError
from domain.pairing import QrCode, require_linking
from projections.config.settings import Settings
from projections.container import Container
from projections.intake.contacts import contacts_file
from projections.intake.lead_import import Options, import_people
from runners.cli import console
from runners.cli.common import actor
from runners.cli.device_lookup import find
from runners.cli.import_summary import print_summary
from runners.gateways import templates as provider_templates
from runners.gateways.phones import Phones

# What ``--code`` is without a value.
_OWN = "own"
# Modules of white around a QR code, without which no phone finds it.
MARGIN = 2
# Of two modules above each other, whether each is dark.
_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


@click.command("pair")
@click.argument("name")
@click.option(
    "--code",
    "phone",
    is_flag=False,
    flag_value=_OWN,
    metavar="[PHONE]",
    help="Show a code to type instead, for the phone of that number.",
)
@click.pass_obj
def pair(config: Settings, name: str, phone: str | None) -> None:
    """Link a phone to the device NAME (GOWA): a QR code to scan, or a code to type.

    On the phone: WhatsApp, Linked devices, Link a device.
    """
    with Container(config) as container:
        row = _of_phone(container, name)
        credentials = container.secrets.read(row.ciphertext)
    if phone is None:
        qr = Phones(config).qr_code(row.settings, credentials)
        console.print_dark_on_light(console.terminal(), drawn(qr))
        good = f" It is good for {qr.seconds} seconds." if qr.seconds else ""
        console.say(f"Scan it with the phone: WhatsApp, Linked devices, Link a device.{good}")
        return
    to = phones.parse(_own_number(row) if phone == _OWN else phone, config.default_region)
    console.say("On the phone: WhatsApp, Linked devices, Link with phone number instead.")
    console.say(Phones(config).code(row.settings, credentials, to))


@click.command("contacts")
@click.argument("name")
@click.option("--update", is_flag=True, help="Give leads that are known the name of the contact.")
@click.option("--dry-run", is_flag=True, help="Write nothing, and say what would become of them.")
@click.option("--add-triggers", metavar="A,B", default="", help="Triggers that everybody gets.")
@click.pass_obj
def contacts(config: Settings, name: str, update: bool, dry_run: bool, add_triggers: str) -> None:
    """Import the contacts of the phone of the device NAME (GOWA) as its leads."""
    options = Options(
        region=None,
        update=update,
        dry_run=dry_run,
        add_triggers=tuple(add_triggers.split(",")) if add_triggers else (),
    )
    with Container(config) as container:
        row = _of_phone(container, name)
        found = Phones(config).contacts(row.settings, container.secrets.read(row.ciphertext))
        result = import_people(
            container.database,
            container.outreach,
            contacts_file(found, row.device_id),
            options,
            actor=actor(),
        )
    print_summary(result, dry_run=dry_run, row="contact")
    if result.rejected:
        sys.exit(1)


@click.command("templates")
@click.argument("name")
@click.pass_obj
def templates(config: Settings, name: str) -> None:
    """The templates that the provider of the device NAME has (Cloud API), and their variables."""
    with Container(config) as container:
        row = find(container, name)
        if row.gateway != "cloud":
            raise UnsupportedError(f"a device behind {row.gateway} has no templates")
        credentials = container.secrets.read(row.ciphertext)
    read = provider_templates.reader(config)
    console.print_templates(
        console.terminal(), read(row.settings, credentials, config.gateway_timeout)
    )


def drawn(qr: QrCode) -> list[str]:
    """The code in lines of characters, each of two modules above each other, dark on light."""
    width = len(qr.modules[0]) + 2 * MARGIN
    edge = [[False] * width] * MARGIN
    side = [False] * MARGIN
    rows = [*edge, *([*side, *row, *side] for row in qr.modules), *edge, [False] * width]
    return [
        "".join(_HALVES[pair] for pair in zip(rows[at], rows[at + 1], strict=True))
        for at in range(0, len(rows) - 1, 2)
    ]


def _of_phone(container: Container, name: str) -> Any:
    row = find(container, name)
    require_linking(row.gateway)
    return row


def _own_number(row: Any) -> str:
    if not row.address:
        raise InvalidInputError("code", "--code PHONE: the device's own number is not known yet")
    return f"+{row.address.partition('@')[0]}"


COMMANDS = (pair, contacts, templates)
