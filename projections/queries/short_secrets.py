"""Devices whose webhook secret is too short: it was saved before there was a least length."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from domain import webhook_secret
from domain.errors import SettingsError
from projections.readmodels import devices
from projections.records.credentials import Reader


def of_devices(connection: Connection, secrets: Reader) -> dict[UUID, list[str]]:
    """The names of such credentials, by device in service. Credentials that cannot be read say
    nothing here; whoever needs them is told."""
    found: dict[UUID, list[str]] = {}
    for row in devices.in_service(connection):
        try:
            names = webhook_secret.too_short(secrets.read(row.ciphertext))
        except SettingsError:
            continue
        if names:
            found[row.device_id] = names
    return found


def warning(found: dict[UUID, list[str]]) -> str:
    """One line about these devices, which names none of them."""
    which = "1 device has" if len(found) == 1 else f"{len(found)} devices have"
    return f"{which} a webhook secret of less than {webhook_secret.SHORTEST} characters"


def advice(found: dict[UUID, list[str]]) -> str:
    """The same line, and where they are named."""
    return f"{warning(found)}: sendtrail devices list"


def note(names: list[str]) -> str:
    """What is wrong with one device that has such credentials."""
    return f"{', '.join(names)}: less than {webhook_secret.SHORTEST} characters, replace it"
