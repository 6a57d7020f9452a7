"""Keep the inboxes of Chatwoot that are told of replies."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """No subscription is of that kind yet."""
    op.execute("""
        CREATE TABLE chatwoot_inboxes (
            subscription_id uuid PRIMARY KEY,
            account_id bigint NOT NULL,
            inbox_id bigint NOT NULL,
            ciphertext bytea NOT NULL
        );
        CREATE TABLE chatwoot_conversations (
            subscription_id uuid,
            lead_id uuid,
            conversation_id bigint NOT NULL,
            PRIMARY KEY (subscription_id, lead_id),
            UNIQUE (subscription_id, conversation_id)
        );
        CREATE TABLE chatwoot_messages (
            subscription_id uuid,
            message_id bigint,
            received_at timestamptz NOT NULL,
            PRIMARY KEY (subscription_id, message_id)
        );
        CREATE INDEX chatwoot_messages_by_age ON chatwoot_messages (received_at)
    """)
