"""Rename notary_seals to hash_chain_links, and its column sealed_at to chained_at."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rename what PostgreSQL named after the table, too.

    The type keeps programs that know no versions from making the table again.
    """
    op.execute("""
        ALTER TABLE notary_seals RENAME TO hash_chain_links;
        ALTER TABLE hash_chain_links RENAME COLUMN sealed_at TO chained_at;
        ALTER TABLE hash_chain_links RENAME CONSTRAINT notary_seals_pkey TO hash_chain_links_pkey;
        ALTER SEQUENCE notary_seals_last_id_seq RENAME TO hash_chain_links_last_id_seq;
        CREATE DOMAIN notary_seals AS text
    """)
