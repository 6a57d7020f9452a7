"""Keep who is signed in on the pages."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """A session, or a link that begins one, per row."""
    op.execute("""
        CREATE TABLE web_sessions (
            secret_sha256 text PRIMARY KEY,
            kind text NOT NULL CONSTRAINT kind CHECK (kind IN ('session', 'link')),
            key_name text NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        );
        CREATE INDEX web_sessions_by_end ON web_sessions (expires_at)
    """)
