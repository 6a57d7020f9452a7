"""Keep only a keyed digest of idempotency keys."""

from __future__ import annotations

import hashlib
import hmac

from alembic import op

from projections.database.migrations.versions.m0009_secrets import identity_key

revision = "0010"
down_revision = "0009"

PAGE = 5000


def upgrade() -> None:
    """What was stored within the last day is found as before. Raises SettingsError without a secret
    key."""
    connection = op.get_bind()
    identity = identity_key()
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
    while True:
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


def _keyed(identity: bytes, digest: str) -> str:
    return hmac.new(identity, f"idempotency {digest}".encode(), hashlib.sha256).hexdigest()
