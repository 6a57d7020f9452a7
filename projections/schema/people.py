"""The read models of people: leads, their addresses, what they wrote and what was written to one of
them alone, what is suppressed, and segments."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from projections.schema.columns import READ_MODELS, TIME, texts

leads = Table(
    "leads",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    # Null once the person is erased.
    Column("phone", Text),
    Column("name", Text, nullable=False),
    texts("niche"),
    texts("niche_keys"),
    Column("target_status", Text, nullable=False),
    texts("triggers"),
    texts("trigger_keys"),
    Column("device_id", Uuid),
    Column("timezone", Text),
    Column("attributes", JSONB, nullable=False),
    Column("wa_id", Text),
    Column("opted_out_at", TIME),
    Column("opt_out_evidence", Text),
    Column("opt_out_via", Text),
    Column("opt_out_said_at", TIME),
    Column("opted_in_at", TIME),
    Column("moved_at", TIME),
    Column("phone_changed_at", TIME),
    Column("unreachable_at", TIME),
    Column("unreachable_code", Text),
    Column("replied_at", TIME),
    Column("replied_to", Uuid),
    Column("replied_through", Uuid),
    Column("registered_at", TIME, nullable=False),
    Column("merged_into", Uuid),
    Column("erased_at", TIME),
    Index("leads_by_trigger", "trigger_keys", postgresql_using="gin"),
    Index("leads_by_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    # Lists of the few among many.
    Index("leads_opted_out", "lead_id", postgresql_where=text("opted_out_at IS NOT NULL")),
    Index("leads_unreachable", "lead_id", postgresql_where=text("unreachable_at IS NOT NULL")),
)

# What lists of leads are filtered by, in a table of its own: most events change a lead, and none of
# this. ``words`` are those of ``LEAD_WORDS`` in ``expressions``.
lead_search = Table(
    "lead_search",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("words", TSVECTOR, nullable=False),
    Column("registered_at", TIME, nullable=False),
    Index("lead_search_by_word", "words", postgresql_using="gin"),
    Index("lead_search_by_time", "registered_at"),
)

# By what people are found. An address may be in two rows: two leads that may be one person. Then it
# is that of the lead that has had it longest. ``key`` is the same for all spellings of one number.
lead_addresses = Table(
    "lead_addresses",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("learned_at", TIME, nullable=False),
    Index("lead_addresses_by_key", "key"),
)

# Ids that nobody is registered under, because the person with the number that gives it was erased.
erased_ids = Table(
    "erased_ids",
    READ_MODELS,
    Column("id", Uuid, primary_key=True),
    Column("lead_id", Uuid, nullable=False),
)

# Addresses that said no and belong to no lead yet. One whose ``scope`` is a device said no to that
# device alone.
suppressions = Table(
    "suppressions",
    READ_MODELS,
    Column("suppression_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("said_at", TIME, nullable=False),
    Column("by_person", Boolean, nullable=False),
    Column("released_at", TIME),
    # To which device it was said first, if to any.
    Column("device_id", Uuid),
    Index("suppressions_by_key", "key"),
)

# What somebody wrote to one person, outside campaigns and sequences, until the person is erased.
composed_messages = Table(
    "composed_messages",
    READ_MODELS,
    Column("message_id", Uuid, primary_key=True),
    Column("lead_id", Uuid, nullable=False),
    # Of the lead's event with the text.
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("media_url", Text),
    Column("rules", Integer, nullable=False),
    Index("composed_messages_by_lead", "lead_id"),
)

# Groups of people by a saved question. ``version`` is that of the access stream.
segments = Table(
    "segments",
    READ_MODELS,
    Column("segment_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("predicate", JSONB, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
)

# What people wrote. Webhooks come several times: a reply is known by the digest of the provider's
# id.
replies = Table(
    "replies",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("reply_sha256", LargeBinary, primary_key=True),
    Column("reply_id", Uuid, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("message_id", Uuid),
    Column("device_id", Uuid),
    Column("gateway", Text, nullable=False),
    Column("from_kind", Text),
    Column("from_value", Text),
    Column("sent_at", TIME),
    Column("received_at", TIME, nullable=False),
    # By what the edits of it are known, in the same way.
    Column("edits", ARRAY(LargeBinary), nullable=False, server_default=text("'{}'")),
    Index("replies_by_device", "device_id", "reply_id"),
    Index("replies_automatic", "reply_id", postgresql_where=text("automatic")),
)
