"""Keep only a keyed digest of idempotency keys."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode

from alembic import op
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import SettingsError

revision = "0010"
down_revision = "0009"

PAGE = 5000


def upgrade() -> None:
    """What was stored within the last day is found as before.

    A database of before there was an identity key gets that by the first process that opens it: its
    stored answers are let go, and a request that is repeated over the upgrade is done again. Raises
    SettingsError without the secret key that the identity key is encrypted with.
    """
    connection = op.get_bind()
    identity = _identity()
    # What an UPDATE or a DELETE replaces stays in the table's file.
    op.execute("""
        ALTER TABLE idempotency RENAME TO idempotency_plain;
        ALTER TABLE idempotency_plain RENAME CONSTRAINT idempotency_pkey TO idempotency_plain_pkey;
        ALTER INDEX idempotency_by_age RENAME TO idempotency_plain_by_age;
        CREATE TABLE idempotency (
            key_name text NOT NULL,
            idempotency_key text NOT NULL,
            request_sha256 text NOT NULL,
            status integer NOT NULL,
            body bytea NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (key_name, idempotency_key)
        );
        CREATE INDEX idempotency_by_age ON idempotency (created_at)
    """)
    after = ("", "")
    while identity is not None:
        page = connection.exec_driver_sql(
            "SELECT key_name, idempotency_key FROM idempotency_plain"
            " WHERE (key_name, idempotency_key) > (%s, %s)"
            " ORDER BY key_name, idempotency_key LIMIT %s",
            (*after, PAGE),
        ).all()
        if not page:
            break
        named = [hashlib.sha256(row[1].encode()).hexdigest() for row in page]
        connection.exec_driver_sql(
            "INSERT INTO idempotency SELECT p.key_name, n.key, p.request_sha256, p.status, p.body,"
            " p.created_at FROM unnest(%s::text[], %s::text[], %s::text[])"
            " AS n(name, plain, key) JOIN idempotency_plain p"
            " ON p.key_name = n.name AND p.idempotency_key = n.plain",
            (
                [row[0] for row in page],
                [row[1] for row in page],
                [_keyed(identity, digest) for digest in named],
            ),
        )
        after = (page[-1][0], page[-1][1])
    op.execute("DROP TABLE idempotency_plain")


def _identity() -> bytes | None:
    """The identity key; None if there is none yet."""
    stored = op.get_bind().exec_driver_sql("SELECT key FROM identity_key").scalar()
    if stored is None:
        return None
    config = op.get_context().config
    key = None if config is None else config.attributes["settings"].secret_key
    if key is None:
        raise SettingsError("SENDTRAIL_SECRET_KEY: expected a Fernet key, for stored answers")
    derivation = HKDF(SHA256(), length=32, salt=None, info=b"sendtrail identity key")
    cipher, data = AESGCM(derivation.derive(urlsafe_b64decode(key))), bytes(stored)
    try:
        return cipher.decrypt(data[:12], data[12:], None)
    except InvalidTag:
        raise SettingsError(
            "SENDTRAIL_SECRET_KEY: expected the key that this database was made with"
        ) from None


def _keyed(identity: bytes, digest: str) -> str:
    return hmac.new(identity, f"idempotency {digest}".encode(), hashlib.sha256).hexdigest()
