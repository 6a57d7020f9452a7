"""Note which devices have which webhook secret, and by which secret a webhook was proved."""

from __future__ import annotations

import hashlib
import hmac
import json
from uuid import UUID

from alembic import op
from cryptography.fernet import Fernet, InvalidToken

from projections.database.migrations.versions.m0009_secrets import identity_key

revision = "0012"
down_revision = "0011"

PAGE = 5000


def upgrade() -> None:
    """What waits in the inbox, and receipts that came early, have the lists of devices that they
    came with. Raises SettingsError without a secret key."""
    identity = identity_key()
    config = op.get_context().config
    fernet = Fernet("" if config is None else config.attributes["settings"].secret_key)
    op.execute("""
        CREATE TABLE webhook_secrets (
            secret_id uuid NOT NULL,
            device_id uuid NOT NULL,
            until timestamptz,
            PRIMARY KEY (secret_id, device_id)
        );
        CREATE INDEX webhook_secrets_by_device ON webhook_secrets (device_id);
        ALTER TABLE inbound ADD COLUMN secret_id uuid;
        ALTER TABLE early_receipts ADD COLUMN secret_id uuid
    """)
    connection = op.get_bind()
    after = str(UUID(int=0))
    while True:
        page = connection.exec_driver_sql(
            "SELECT device_id::text, ciphertext FROM device_secrets WHERE device_id > %s"
            " ORDER BY device_id LIMIT %s",
            (after, PAGE),
        ).all()
        if not page:
            return
        known = [
            (secret_id, device_id)
            for device_id, ciphertext in page
            for secret_id in _secret_ids(fernet, identity, bytes(ciphertext))
        ]
        connection.exec_driver_sql(
            "INSERT INTO webhook_secrets SELECT * FROM unnest(%s::uuid[], %s::uuid[])",
            ([secret_id for secret_id, _ in known], [device_id for _, device_id in known]),
        )
        after = page[-1][0]


def _secret_ids(fernet: Fernet, identity: bytes, ciphertext: bytes) -> list[str]:
    """Credentials that another key encrypted are left out: no request can be proved by them."""
    try:
        credentials = json.loads(fernet.decrypt(ciphertext))
    except (InvalidToken, ValueError):
        return []
    return [
        _keyed(identity, f"webhook {name} {credentials[name]}")
        for name in ("webhook_secret", "app_secret")
        if credentials.get(name)
    ]


def _keyed(identity: bytes, name: str) -> str:
    """A UUID of version 8; ``domain/ids`` makes the same of a secret."""
    digits = hmac.new(identity, name.encode(), hashlib.sha256).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return str(UUID(f"{digits[:12]}8{digits[13:16]}{variant}{digits[17:32]}"))
