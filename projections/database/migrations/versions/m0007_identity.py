"""Create the table identity_key, and give each lead a key of its own for digests of texts."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

PAGE = 5000


def upgrade() -> None:
    """The identity key is made by the first process that opens the database."""
    op.execute("""
        CREATE TABLE identity_key (
            singleton boolean PRIMARY KEY CHECK (singleton),
            key bytea NOT NULL
        );
        ALTER TABLE lead_keys ADD COLUMN digest_key bytea
    """)
    connection, after = op.get_bind(), "00000000-0000-0000-0000-000000000000"
    while True:
        # Two random UUIDs have 244 random bits.
        page = connection.exec_driver_sql(
            "WITH page AS (SELECT lead_id FROM lead_keys WHERE lead_id > %s"
            " ORDER BY lead_id LIMIT %s)"
            " UPDATE lead_keys k SET digest_key ="
            " sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
            " FROM page WHERE k.lead_id = page.lead_id RETURNING k.lead_id::text",
            (after, PAGE),
        ).all()
        if not page:
            return
        after = max(row[0] for row in page)
