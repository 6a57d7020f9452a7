"""Keep the file that somebody imports on the pages, from the dry run to the import."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A file in parts, encrypted; it goes with its session."""
    op.execute("""
        CREATE TABLE web_uploads (
            session_sha256 text NOT NULL REFERENCES web_sessions ON DELETE CASCADE,
            part integer NOT NULL,
            name text NOT NULL,
            ciphertext bytea NOT NULL,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (session_sha256, part)
        );
        CREATE INDEX web_uploads_by_end ON web_uploads (expires_at)
    """)
