"""The aggregates' read models, and the view of them. They hold nothing that the events do not.

Statements name tables without a schema: the live read models are in ``public``. A rebuild puts
another schema in front of the search path and fills that with the very same statements. The
counters' tables are in ``counters``, those of people in ``people``, the log's in ``log``, what is
kept beside both in ``records``.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Connection,
    Date,
    Double,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from domain.message import STATUSES

# Their tables belong to READ_MODELS.
from projections.schema import consents, counters, people  # noqa: F401
from projections.schema.columns import READ_MODELS, TIME, texts

sequences = Table(
    "sequences",
    READ_MODELS,
    Column("sequence_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("cancel_pending", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("trigger_key", Text, nullable=False),
    texts("niche_keys"),
    Column("target_status", Text, nullable=False),
    Column("min_delay_seconds", Double, nullable=False),
    Column("max_delay_seconds", Double, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("steps_ever", Integer, nullable=False),
    # Who wrote the draft, changed it last and approved it, and what awaits an approval.
    Column("made_by", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("proposals", JSONB, nullable=False, server_default=text("'[]'")),
    CheckConstraint("status IN ('draft', 'active', 'paused', 'inactive')", name="status"),
)

enrollments = Table(
    "enrollments",
    READ_MODELS,
    Column("enrollment_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("sequence_id", Uuid, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    # By which version of the sequence what is pending of it is planned.
    Column("sequence_version", Integer, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("reason", Text),
    # What was decided by its branches, in that order.
    Column("branches", JSONB, nullable=False, server_default=text("'[]'")),
    Column("enrolled_at", TIME, nullable=False),
    Column("ended_at", TIME),
    UniqueConstraint("lead_id", "sequence_id", "entry"),
    CheckConstraint("status IN ('active', 'completed', 'stopped')", name="status"),
    # All that a report counts, so that it reads no rows.
    Index("enrollments_by_sequence", "sequence_id", "status", "reason"),
    # Who is to be planned anew after a change of the sequence.
    Index(
        "enrollments_by_plan",
        "sequence_id",
        "sequence_version",
        postgresql_where=text("status = 'active'"),
    ),
)

campaigns = Table(
    "campaigns",
    READ_MODELS,
    Column("campaign_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("paused_from", Text),
    Column("name", Text, nullable=False),
    # Null of a draft that does not say yet.
    Column("scheduled_at", TIME),
    texts("niche_keys"),
    Column("target_status", Text, nullable=False),
    Column("min_delay_seconds", Double, nullable=False),
    Column("max_delay_seconds", Double, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("triggered_at", TIME),
    Column("made_by", Text, nullable=False),
    # Who last changed what it says, or to whom.
    Column("changed_by", Text, nullable=False),
    # Nothing is sent before somebody else approves it.
    Column("awaits_approval", Boolean, nullable=False, server_default=text("false")),
    Column("approved", JSONB),
    # By what it held itself, where it did, and what does not count for that any more.
    Column("braked", JSONB),
    Column("counted_before", JSONB),
    # Before it nothing is sent.
    Column("undo_until", TIME),
    # As it was at the start.
    Column("segment", JSONB),
    Column("cursor", Uuid),
    Column("scheduled", Integer, nullable=False),
    Column("excluded", JSONB, nullable=False),
    Column("audience_completed", Boolean, nullable=False),
    CheckConstraint(
        "status IN ('draft', 'pending', 'triggering', 'triggered', 'finished', 'paused',"
        " 'cancelled')",
        name="status",
    ),
    CheckConstraint("status IN ('draft', 'cancelled') OR scheduled_at IS NOT NULL", name="planned"),
    CheckConstraint("(status = 'paused') = (paused_from IS NOT NULL)", name="paused_from"),
)

devices = Table(
    "devices",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("offline_since", TIME),
    Column("name", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("min_delay_seconds", Double, nullable=False),
    Column("max_delay_seconds", Double, nullable=False),
    Column("daily_limit", Integer),
    Column("timezone", Text, nullable=False),
    Column("warm_up", JSONB),
    Column("address", Text),
    Column("first_connected_at", TIME),
    # What becomes of the messages of a retired one.
    Column("move_pending", Boolean, nullable=False, server_default=text("false")),
    Column("move_to", Uuid),
    CheckConstraint("status IN ('online', 'offline', 'retired')", name="status"),
)

# How a message may end, or stop, without being sent.
OFF_PATH = ("failed", "unknown", "cancelled")
_OFF_PATH = f"status IN ({', '.join(repr(s) for s in OFF_PATH)})"

broadcast_messages = Table(
    "broadcast_messages",
    READ_MODELS,
    Column("message_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("campaign_id", Uuid),
    Column("sequence_id", Uuid),
    Column("enrollment_id", Uuid),
    Column("step", Integer, nullable=False),
    Column("scheduled_at", TIME, nullable=False),
    # What it was at first: among what is due at one instant the earliest of these goes first.
    Column("planned_at", TIME, nullable=False),
    Column("expires_at", TIME),
    Column("retry_at", TIME),
    # Null unless pending and not held: what the claim looks for, and nothing else.
    Column("due_at", TIME),
    Column("send_at", TIME),
    # The day of the slot in the device's time zone, as it was when the slot was given.
    Column("slot_day", Date),
    Column("worker", Text),
    Column("lease_until", TIME),
    Column("attempt", Integer, nullable=False),
    Column("queued_at", TIME),
    Column("answered_at", TIME),
    Column("sent_at", TIME),
    Column("delivered_at", TIME),
    Column("read_at", TIME),
    Column("failed_at", TIME),
    Column("provider_id", Text),
    Column("reason", Text),
    Column("content_id", Text),
    Column("body_sha256", Text),
    # The step whose branches say whether a pending message goes; 0 if it does.
    Column("decided_by", Integer, nullable=False, server_default=text("0")),
    # The status where it is one of ``OFF_PATH``, else null. On the usual way of a message it does
    # not change, as ``status`` does, so that an index of it costs those messages nothing.
    Column("off_path", Text, Computed(f"CASE WHEN {_OFF_PATH} THEN status END", persisted=True)),
    CheckConstraint(f"status IN ({', '.join(repr(s) for s in STATUSES)})", name="status"),
    CheckConstraint("due_at IS NULL OR status = 'pending' AND decided_by = 0", name="due_only"),
    CheckConstraint("status <> 'processing' OR worker IS NOT NULL", name="leased"),
    # A message that somebody wrote to one person has neither.
    CheckConstraint("campaign_id IS NULL OR enrollment_id IS NULL", name="one_origin"),
    Index(
        "broadcast_messages_claim",
        "device_id",
        "due_at",
        "planned_at",
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    # Whose messages, the earliest first: which device wrote to a person first is asked of every
    # lead of an audience, however many messages there were since.
    Index("broadcast_messages_by_lead_and_plan", "lead_id", "planned_at", "message_id"),
    # The list of a device's messages.
    Index("broadcast_messages_by_device", "device_id", "message_id"),
    # The lists of what was not sent.
    Index(
        "broadcast_messages_off_path",
        "off_path",
        "message_id",
        postgresql_where=text("off_path IS NOT NULL"),
    ),
    # The list of those that failed, were cancelled or were put off for a reason. What is sent on
    # the usual way has none, and is never in it.
    Index(
        "broadcast_messages_by_reason",
        "reason",
        "message_id",
        postgresql_where=text("reason IS NOT NULL"),
    ),
    # The list of a time. Rows are written in about that order. A whole range of pages has one
    # entry, so that it costs next to nothing.
    Index(
        "broadcast_messages_by_time",
        "scheduled_at",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": "8", "autosummarize": "on"},
    ),
    # What a message is for: there is one for each, whatever its id.
    Index(
        "broadcast_messages_one_of_campaign",
        "campaign_id",
        "lead_id",
        unique=True,
        postgresql_where=text("campaign_id IS NOT NULL"),
    ),
    Index(
        "broadcast_messages_one_of_step",
        "sequence_id",
        "enrollment_id",
        "step",
        unique=True,
        postgresql_where=text("sequence_id IS NOT NULL"),
    ),
    # What waits for a branch. ``status`` is not named, so that it may change on its page.
    Index(
        "broadcast_messages_undecided",
        "sequence_id",
        "decided_by",
        "enrollment_id",
        postgresql_where=text("decided_by > 0"),
    ),
    # Room on each page for the updates of a life, so that those after the claim stay on it (HOT).
    postgresql_with={"fillfactor": "60"},
)

# What providers call the messages that they took: their receipts may name no id of ours.
provider_ids = Table(
    "provider_ids",
    READ_MODELS,
    # First, because a receipt may be of thousands of devices.
    Column("provider_id", Text, primary_key=True),
    Column("device_id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False),
)

# Indexes beside the primary keys by which events find the rows that they change; every other one
# serves only those who read. Paused campaigns and sequences hold their messages.
HANDLERS_LOOK_UP = ("broadcast_messages_one_of_campaign", "broadcast_messages_one_of_step")

# Read models of earlier versions, which a rebuild drops: their names are not used again.
FORMER_READ_MODELS = ("device_lanes", "device_hand_overs")

REPORT_VIEW = "broadcast_message_report"
_MESSAGE_REPORT = f"""
CREATE OR REPLACE VIEW {REPORT_VIEW} AS
SELECT m.*, l.phone AS recipient_phone, l.name AS recipient_name,
       c.name AS campaign_name, s.name AS sequence_name, d.name AS device_name
FROM broadcast_messages m
JOIN leads l ON l.lead_id = m.lead_id
LEFT JOIN devices d ON d.device_id = m.device_id
LEFT JOIN campaigns c ON c.campaign_id = m.campaign_id
LEFT JOIN sequences s ON s.sequence_id = m.sequence_id
"""


def create_report_view(connection: Connection) -> None:
    """The queue with the names of all that it refers to, for people and their tools."""
    connection.exec_driver_sql(_MESSAGE_REPORT)
