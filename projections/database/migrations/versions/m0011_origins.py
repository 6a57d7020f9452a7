"""Let quarantine name what a lost message is for: planned anew, it has another id."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """What is there already is found by its id, which was the same for good."""
    op.execute("""
        ALTER TABLE quarantine
            ADD COLUMN lead_id uuid, ADD COLUMN owner_id uuid, ADD COLUMN step integer;
        CREATE INDEX quarantine_by_origin ON quarantine (lead_id, owner_id, step)
            WHERE lead_id IS NOT NULL
    """)
