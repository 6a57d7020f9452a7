"""Who may do what: API keys, and who is signed in with one."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from projections.schema.columns import KEPT, TIME

api_keys = Table(
    "api_keys",
    KEPT,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    # SHA-256, in hex, of a 256-bit random key: nothing shorter to guess, nothing to read here.
    Column("key_sha256", Text, nullable=False, unique=True),
    Column("created_at", TIME, nullable=False),
    Column("last_used_at", TIME),
    Column("revoked_at", TIME),
    CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="role"),
)

# Who is signed in on the pages, and links that sign in once. SHA-256, in hex, of 256 random bits.
web_sessions = Table(
    "web_sessions",
    KEPT,
    Column("secret_sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key_name", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    CheckConstraint("kind IN ('session', 'link')", name="kind"),
    Index("web_sessions_by_end", "expires_at"),
)

# The file that who is signed in imports, in parts that are encrypted: it goes with the session.
web_uploads = Table(
    "web_uploads",
    KEPT,
    Column(
        "session_sha256",
        Text,
        ForeignKey("web_sessions.secret_sha256", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("part", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Index("web_uploads_by_end", "expires_at"),
)
