"""Credentials of devices: encrypted at rest, never in events, logs, answers or error texts."""

from __future__ import annotations

from uuid import UUID

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection

from domain.errors import SettingsError
from projections.database import rows

_MISSING = "SENDTRAIL_SECRET_KEY: expected a Fernet key, because devices have credentials"


def put(
    connection: Connection, device_id: UUID, credentials: dict[str, str], secret_key: str | None
) -> None:
    """Keeps a device's credentials in place of those it had; empty ones take these away. Raises
    SettingsError without a key."""
    if not credentials:
        connection.exec_driver_sql(
            "DELETE FROM device_secrets WHERE device_id = %(id)s", {"id": device_id}
        )
        return
    if secret_key is None:
        raise SettingsError(_MISSING)
    connection.exec_driver_sql(
        "INSERT INTO device_secrets (device_id, ciphertext) VALUES (%(id)s, %(ciphertext)s)"
        " ON CONFLICT (device_id) DO UPDATE SET ciphertext = excluded.ciphertext",
        {
            "id": device_id,
            "ciphertext": Fernet(secret_key).encrypt(msgspec.json.encode(credentials)),
        },
    )


def get(connection: Connection, device_id: UUID, secret_key: str | None) -> dict[str, str]:
    """A device's credentials, empty if it has none. Raises SettingsError without the right key."""
    found = rows(
        connection,
        "SELECT ciphertext FROM device_secrets WHERE device_id = %(id)s",
        id=device_id,
    )
    if not found:
        return {}
    if secret_key is None:
        raise SettingsError(_MISSING)
    try:
        plain = Fernet(secret_key).decrypt(bytes(found[0].ciphertext))
    except InvalidToken:
        raise SettingsError(
            "SENDTRAIL_SECRET_KEY: expected the key that the credentials were kept with"
        ) from None
    return msgspec.json.decode(plain, type=dict[str, str])
