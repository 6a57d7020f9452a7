"""Create the table former_secrets, and take secrets out of the stored first answers."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode

from alembic import op
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import SettingsError

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """A request of before that is repeated still gets its first answer.

    Raises SettingsError without a secret key.
    """
    op.execute("""
        CREATE TABLE former_secrets (
            subscription_id uuid PRIMARY KEY,
            ciphertext bytea NOT NULL,
            until timestamptz NOT NULL
        )
    """)
    # The answer to a new subscription: the only one with a secret until now.
    op.execute("""
        UPDATE idempotency SET body = convert_to(
            (convert_from(body, 'UTF8')::jsonb || '{"secret": null}')::text, 'UTF8')
        WHERE CASE WHEN position('"secret"'::bytea IN body) > 0
            THEN convert_from(body, 'UTF8')::jsonb ?& array['secret', 'allow_http', 'events']
            ELSE false END
    """)
    # The HMAC-SHA256 of what was stored, under the identity key; ``records/idempotency`` makes the
    # same of a request.
    key = identity_key().ljust(64, b"\0")
    op.get_bind().exec_driver_sql(
        "UPDATE idempotency SET request_sha256 = encode(sha256("
        "%s || sha256(%s || convert_to('idempotency ' || request_sha256, 'UTF8'))), 'hex')",
        (bytes(byte ^ 0x5C for byte in key), bytes(byte ^ 0x36 for byte in key)),
    )


def identity_key() -> bytes:
    """The identity key, which is made here unless a process of version 0007 has made it."""
    config = op.get_context().config
    secret_key = None if config is None else config.attributes["settings"].secret_key
    if secret_key is None:
        raise SettingsError("SENDTRAIL_SECRET_KEY: expected a Fernet key, for the identity key")
    derivation = HKDF(SHA256(), length=32, salt=None, info=b"sendtrail identity key")
    cipher = AESGCM(derivation.derive(urlsafe_b64decode(secret_key)))
    stored = op.get_bind().exec_driver_sql("SELECT key FROM identity_key").scalar()
    if stored is not None:
        try:
            return cipher.decrypt(bytes(stored)[:12], bytes(stored)[12:], None)
        except InvalidTag:
            raise SettingsError(
                "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"
            ) from None
    key, nonce = os.urandom(32), os.urandom(12)
    op.get_bind().exec_driver_sql(
        "INSERT INTO identity_key (singleton, key) VALUES (true, %s)",
        (nonce + cipher.encrypt(nonce, key, None),),
    )
    return key
