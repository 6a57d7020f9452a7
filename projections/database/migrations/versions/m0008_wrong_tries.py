"""Create the table wrong_tries."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing was counted before."""
    op.execute("""
        CREATE UNLOGGED TABLE wrong_tries (
            bucket integer PRIMARY KEY,
            since timestamptz NOT NULL,
            tries integer NOT NULL,
            CONSTRAINT bucket CHECK (bucket BETWEEN 0 AND 65535)
        )
    """)
