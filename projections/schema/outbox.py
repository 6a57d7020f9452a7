"""Who is told what happens, and what each has still to be told."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from projections.schema.columns import KEPT, TIME, texts

# Who is told what happens: webhook events by name, and of which topics they may be.
subscriptions = Table(
    "subscriptions",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("url", Text, nullable=False),
    Column("allow_http", Boolean, nullable=False),
    texts("events"),
    texts("topics"),
    # Nothing is told of what happened up to this event.
    Column("after_id", BigInteger, nullable=False),
    # The secret that signs, encrypted with SENDTRAIL_SECRET_KEY.
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_at", TIME, nullable=False),
)

# The secret that a subscription had before its last rotation, encrypted with SENDTRAIL_SECRET_KEY.
# It signs beside the present one until then.
former_secrets = Table(
    "former_secrets",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("until", TIME, nullable=False),
)

# The subscriptions that are inboxes of Chatwoot: its ids, and an agent's API token, encrypted with
# SENDTRAIL_SECRET_KEY.
chatwoot_inboxes = Table(
    "chatwoot_inboxes",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("inbox_id", BigInteger, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

# The conversation that there is with a lead, by Chatwoot's id.
chatwoot_conversations = Table(
    "chatwoot_conversations",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("lead_id", Uuid, primary_key=True),
    Column("conversation_id", BigInteger, nullable=False),
    UniqueConstraint("subscription_id", "conversation_id"),
)

# Messages that were typed there and taken in, for a week.
chatwoot_messages = Table(
    "chatwoot_messages",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("received_at", TIME, nullable=False),
    Index("chatwoot_messages_by_age", "received_at"),
)

# What has still to be told; ``due_at`` is null for what was given up.
deliveries = Table(
    "deliveries",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("notification_id", BigInteger, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("due_at", TIME),
    Column("error", Text),
    Index("deliveries_due", "subscription_id", "due_at"),
)
