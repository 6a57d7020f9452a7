"""The phone behind a device; the process that serves the API gives what asks its gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast
from uuid import UUID

from flask import current_app

from api.http.context import container
from domain.errors import NotFoundError, SettingsError
from domain.pairing import Contact, QrCode, require_linking
from projections.readmodels import devices

EXTENSION = "sendtrail-phones"


class Phones(Protocol):
    """Asks the gateway of a device, given its settings and its credentials. All raise
    UnsupportedError and ProviderError."""

    def qr_code(self, of_device: Mapping[str, Any], credentials: Mapping[str, str]) -> QrCode:
        """A code to scan. Raises WrongStateError where a phone is linked already."""
        ...

    def code(self, of_device: Mapping[str, Any], credentials: Mapping[str, str], phone: str) -> str:
        """A code to type on the phone of that number (E.164). Raises as ``qr_code`` does."""
        ...

    def contacts(
        self, of_device: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> list[Contact]:
        """The people in the phone's address book."""
        ...


def qr_code(device_id: UUID) -> QrCode:
    """A code that the device's phone scans. Raises NotFoundError, UnsupportedError, ProviderError
    and WrongStateError; 503 in a process that asks no gateways."""
    row = _row(device_id)
    return _phones().qr_code(row.settings, container().secrets.read(row.ciphertext))


def code(device_id: UUID, phone: str) -> str:
    """A code that is typed on the phone of that number. Raises as ``qr_code`` does."""
    row = _row(device_id)
    return _phones().code(row.settings, container().secrets.read(row.ciphertext), phone)


def contacts(device_id: UUID) -> list[Contact]:
    """The people in the address book of the device's phone. Raises as ``qr_code`` does."""
    row = _row(device_id)
    return _phones().contacts(row.settings, container().secrets.read(row.ciphertext))


def _row(device_id: UUID) -> Any:
    with container().database.transaction() as connection:
        rows = {row.device_id: row for row in devices.in_service(connection)}
    row = rows.get(device_id)
    if row is None:
        raise NotFoundError("device in service", device_id)
    require_linking(row.gateway)
    return row


def _phones() -> Phones:
    phones = cast("Phones | None", current_app.extensions.get(EXTENSION))
    if phones is None:
        raise SettingsError("this process asks no gateways")
    return phones
