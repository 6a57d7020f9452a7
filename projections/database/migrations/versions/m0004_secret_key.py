"""Encrypt the keys of leads with the secret key, and note which key that is."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from uuid import UUID

from alembic import op
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import SettingsError

revision = "0004"
down_revision = "0003"

PAGE = 5000


def upgrade() -> None:
    """The keys go into a new table, because what an UPDATE replaces stays in the table's file.

    Raises SettingsError without a secret key, and with one that does not open what is encrypted
    already.
    """
    config = op.get_context().config
    key = None if config is None else config.attributes["settings"].secret_key
    if key is None:
        raise SettingsError("SENDTRAIL_SECRET_KEY: expected a Fernet key, for the keys of leads")
    _refuse_another(key)
    # From here on nobody registers or erases a lead, so that no key is lost or comes back.
    op.execute("""
        ALTER TABLE lead_keys RENAME TO lead_keys_plain;
        ALTER TABLE lead_keys_plain RENAME CONSTRAINT lead_keys_pkey TO lead_keys_plain_pkey;
        CREATE TABLE lead_keys (lead_id uuid PRIMARY KEY, key bytea NOT NULL);
        CREATE TABLE secret_check (
            singleton boolean PRIMARY KEY CHECK (singleton),
            token bytea NOT NULL
        )
    """)
    op.get_bind().exec_driver_sql(
        "INSERT INTO secret_check (singleton, token) VALUES (true, %s)",
        (Fernet(key).encrypt(b"sendtrail"),),
    )
    _encrypt_keys(key)
    op.execute("DROP TABLE lead_keys_plain")


def _refuse_another(key: str) -> None:
    """Credentials and subscriptions were encrypted by earlier versions."""
    found = op.get_bind().exec_driver_sql(
        "SELECT ciphertext FROM device_secrets UNION ALL SELECT ciphertext FROM subscriptions"
    )
    for row in found:
        try:
            Fernet(key).decrypt(bytes(row[0]))
        except InvalidToken:
            raise SettingsError(
                "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"
            ) from None


def _encrypt_keys(key: str) -> None:
    """Nonce, ciphertext and tag of AES-256-GCM, with the lead's id as associated data."""
    connection = op.get_bind()
    derivation = HKDF(SHA256(), length=32, salt=None, info=b"sendtrail lead keys")
    cipher, after = AESGCM(derivation.derive(urlsafe_b64decode(key))), str(UUID(int=0))
    while True:
        page = connection.exec_driver_sql(
            "SELECT lead_id::text, key FROM lead_keys_plain WHERE lead_id > %s"
            " ORDER BY lead_id LIMIT %s",
            (after, PAGE),
        ).all()
        if not page:
            return
        encrypted = []
        for lead_id, plain in page:
            nonce, place = os.urandom(12), UUID(lead_id).bytes
            encrypted.append(nonce + cipher.encrypt(nonce, bytes(plain), place))
        connection.exec_driver_sql(
            "INSERT INTO lead_keys SELECT * FROM unnest(%s::uuid[], %s::bytea[])",
            ([lead_id for lead_id, _ in page], encrypted),
        )
        after = page[-1][0]
