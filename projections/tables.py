"""Every table and view. Read models hold nothing that the events do not.

Statements name tables without a schema: the live read models are in ``public``, and a rebuild puts
another schema in front of the search path and fills that with the very same statements.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.message import STATUSES

LOG = MetaData()
READ_MODELS = MetaData()
# What is neither events nor made of them: never rebuilt.
KEPT = MetaData()

TIME = DateTime(timezone=True)


def _texts(name: str) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False)


stored_events = Table(
    "stored_events",
    LOG,
    Column("notification_id", BigInteger, Identity(always=True), primary_key=True),
    Column("originator_id", Uuid, nullable=False),
    Column("originator_version", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
    UniqueConstraint("originator_id", "originator_version"),
)

# How far each asynchronous reader of the log has come.
tracking = Table(
    "tracking",
    LOG,
    Column("application_name", Text, primary_key=True),
    Column("notification_id", BigInteger, nullable=False),
)

# Made once per database; every lead's id follows from it.
installation = Table(
    "installation",
    LOG,
    Column("singleton", Boolean, CheckConstraint("singleton"), primary_key=True),
    Column("namespace", Uuid, nullable=False),
)

leads = Table(
    "leads",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    # Null once the person is erased.
    Column("phone", Text),
    Column("name", Text, nullable=False),
    _texts("niche"),
    _texts("niche_keys"),
    Column("target_status", Text, nullable=False),
    _texts("triggers"),
    _texts("trigger_keys"),
    Column("device_id", Uuid),
    Column("timezone", Text),
    Column("attributes", JSONB, nullable=False),
    Column("opted_out_at", TIME),
    Column("replied_at", TIME),
    Column("replied_to", Uuid),
    Column("registered_at", TIME, nullable=False),
    Column("erased_at", TIME),
    UniqueConstraint("phone"),
    Index("leads_by_trigger", "trigger_keys", postgresql_using="gin"),
)

sequences = Table(
    "sequences",
    READ_MODELS,
    Column("sequence_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("cancel_pending", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("trigger_key", Text, nullable=False),
    _texts("niche_keys"),
    Column("target_status", Text, nullable=False),
    Column("min_delay_seconds", Double, nullable=False),
    Column("max_delay_seconds", Double, nullable=False),
    Column("definition", JSONB, nullable=False),
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
    Column("trigger", Text, nullable=False),
    Column("reason", Text),
    Column("enrolled_at", TIME, nullable=False),
    Column("ended_at", TIME),
    UniqueConstraint("lead_id", "sequence_id", "entry"),
    CheckConstraint("status IN ('active', 'completed', 'stopped')", name="status"),
)

campaigns = Table(
    "campaigns",
    READ_MODELS,
    Column("campaign_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("paused_from", Text),
    Column("name", Text, nullable=False),
    Column("scheduled_at", TIME, nullable=False),
    _texts("niche_keys"),
    Column("target_status", Text, nullable=False),
    Column("min_delay_seconds", Double, nullable=False),
    Column("max_delay_seconds", Double, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("triggered_at", TIME),
    Column("cursor", Uuid),
    Column("scheduled", Integer, nullable=False),
    Column("excluded", JSONB, nullable=False),
    Column("audience_completed", Boolean, nullable=False),
    CheckConstraint(
        "status IN ('pending', 'triggering', 'triggered', 'finished', 'paused', 'cancelled')",
        name="status",
    ),
    CheckConstraint("(status = 'paused') = (paused_from IS NOT NULL)", name="paused_from"),
)

devices = Table(
    "devices",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("name", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("min_delay_seconds", Double, nullable=False),
    Column("max_delay_seconds", Double, nullable=False),
    Column("daily_limit", Integer),
    Column("timezone", Text, nullable=False),
    CheckConstraint("status IN ('online', 'offline', 'retired')", name="status"),
)

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
    CheckConstraint(f"status IN ({', '.join(repr(s) for s in STATUSES)})", name="status"),
    CheckConstraint("due_at IS NULL OR status = 'pending'", name="due_only_when_pending"),
    CheckConstraint("status <> 'processing' OR worker IS NOT NULL", name="leased"),
    CheckConstraint("(campaign_id IS NULL) <> (enrollment_id IS NULL)", name="one_origin"),
    Index(
        "broadcast_messages_claim",
        "device_id",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index("broadcast_messages_by_lead", "lead_id"),
    Index(
        "broadcast_messages_by_campaign",
        "campaign_id",
        postgresql_where=text("campaign_id IS NOT NULL"),
    ),
    Index(
        "broadcast_messages_by_sequence",
        "sequence_id",
        postgresql_where=text("sequence_id IS NOT NULL"),
    ),
    # Room on each page for the updates of a life, so that those after the claim stay on it (HOT).
    postgresql_with={"fillfactor": "60"},
)

# What providers call the messages that they took: their receipts may name no id of ours.
provider_ids = Table(
    "provider_ids",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("message_id", Uuid, nullable=False),
)

# Which replies are known: webhooks come several times. Digests of the providers' ids.
replies = Table(
    "replies",
    READ_MODELS,
    Column("lead_id", Uuid, primary_key=True),
    Column("reply_sha256", LargeBinary, primary_key=True),
)

# The counts below change with the messages, in id order, so that nothing ever scans messages.

# Per campaign (step 0) and per step of a sequence.
message_counts = Table(
    "message_counts",
    READ_MODELS,
    Column("owner_id", Uuid, primary_key=True),
    Column("step", Integer, primary_key=True),
    *(Column(status, Integer, nullable=False, server_default="0") for status in STATUSES),
    *(
        Column(mark, Integer, nullable=False, server_default="0")
        for mark in ("delivered", "read", "replied")
    ),
    postgresql_with={"fillfactor": "50"},
)

# Why messages failed, were cancelled or are unknown.
reason_counts = Table(
    "reason_counts",
    READ_MODELS,
    Column("owner_id", Uuid, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    postgresql_with={"fillfactor": "50"},
)

# What each device did on each day of its own time zone, by the days of the slots.
device_days = Table(
    "device_days",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    *(
        Column(name, Integer, nullable=False, server_default="0")
        for name in ("claimed", "sent", "failed", "unknown")
    ),
    postgresql_with={"fillfactor": "50"},
)

# The pace of a device as it is planned: the latest slot ever given. Its row is the lock under which
# one worker at a time gives out the device's slots.
device_lanes = Table(
    "device_lanes",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("last_slot_at", TIME),
    postgresql_with={"fillfactor": "50"},
)

# The pace of a device as it is kept: the latest hand-over. Its row is the lock under which one
# worker at a time hands over for a device with a pause; apart from the lane, so that whoever claims
# and whoever hands over are not in each other's way.
device_hand_overs = Table(
    "device_hand_overs",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("handed_over_at", TIME),
    Column("message_id", Uuid),
    postgresql_with={"fillfactor": "50"},
)

# How many messages of an active enrollment have not ended; the row goes when the enrollment ends.
enrollment_progress = Table(
    "enrollment_progress",
    READ_MODELS,
    Column("enrollment_id", Uuid, primary_key=True),
    Column("open", Integer, nullable=False),
    Index("enrollment_progress_done", "enrollment_id", postgresql_where=text("open = 0")),
    postgresql_with={"fillfactor": "50"},
)

# One row per claim: where the reaper looks for what was not finished. A hint that the reaper clears
# when all of it is settled; the truth is in the messages.
leases = Table(
    "leases",
    READ_MODELS,
    Column("worker", Text, primary_key=True),
    Column("lease_until", TIME, primary_key=True),
    Column("message_ids", ARRAY(Uuid), nullable=False),
    Index("leases_by_end", "lease_until"),
)

# Indexes beside the primary keys by which events find the rows that they change; every other one
# serves only those who read. Paused campaigns and sequences hold their messages.
HANDLERS_LOOK_UP = ("broadcast_messages_by_campaign", "broadcast_messages_by_sequence")

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

# First answers to POST requests with an Idempotency-Key, for a day.
idempotency = Table(
    "idempotency",
    KEPT,
    Column("key_name", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", TIME, nullable=False),
    Index("idempotency_by_age", "created_at"),
)

# Credentials of devices, encrypted with SENDTRAIL_SECRET_KEY (Fernet).
device_secrets = Table(
    "device_secrets",
    KEPT,
    Column("device_id", Uuid, primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False),
)

# Receipts that came before it was recorded how the provider calls the message, for an hour.
early_receipts = Table(
    "early_receipts",
    KEPT,
    Column("provider_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # Whose they may be, and the first of these.
    Column("device_id", Uuid, primary_key=True),
    Column("devices", ARRAY(Uuid), nullable=False),
    Column("code", Text, nullable=False),
    Column("received_at", TIME, nullable=False),
    Index("early_receipts_by_age", "received_at"),
)

# Who is told what happens: announcements by name, and of which topics they may be.
subscriptions = Table(
    "subscriptions",
    KEPT,
    Column("subscription_id", Uuid, primary_key=True),
    Column("url", Text, nullable=False),
    Column("allow_http", Boolean, nullable=False),
    _texts("events"),
    _texts("topics"),
    # Nothing is told of what happened up to this event.
    Column("after_id", BigInteger, nullable=False),
    # The secret that signs, encrypted with SENDTRAIL_SECRET_KEY.
    Column("ciphertext", LargeBinary, nullable=False),
    Column("created_at", TIME, nullable=False),
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

# The notary's chain over the log; see ``notary.py``.
notary_seals = Table(
    "notary_seals",
    KEPT,
    Column("last_id", BigInteger, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("ids", ARRAY(BigInteger), nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("sealed_at", TIME, nullable=False),
)

# One key per lead, with which the personal data in its events is encrypted; erasing the person is
# destroying it.
lead_keys = Table(
    "lead_keys",
    KEPT,
    Column("lead_id", Uuid, primary_key=True),
    Column("key", LargeBinary, nullable=False),
)

_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation
        USING MESSAGE = 'stored_events is append-only: ' || TG_OP || ' refused';
END $$;
CREATE OR REPLACE TRIGGER stored_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
"""

# Lower case in every alphabet, also in a database whose own locale knows only ASCII (C, which
# is what a server set up without any gets): by the first of these collations that there is.
_COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu", "en_US.utf8")


def _create_fold_case(connection: Connection) -> None:
    found = {
        row.collname
        for row in connection.exec_driver_sql(
            "SELECT collname FROM pg_collation WHERE collencoding IN (-1, ("
            "SELECT encoding FROM pg_database WHERE datname = current_database()))"
        )
    }
    collation = next((f'COLLATE "{name}"' for name in _COLLATIONS if name in found), "")
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION fold_case(token text) RETURNS text"
        f" LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN lower(token {collation})"
    )


_EVENT_LOG = """
CREATE OR REPLACE VIEW event_log AS
SELECT notification_id,
       topic,
       originator_id,
       originator_version,
       (convert_from(state, 'UTF8')::jsonb ->> 'timestamp')::timestamptz AS "timestamp",
       convert_from(state, 'UTF8')::jsonb ->> 'actor' AS actor,
       convert_from(state, 'UTF8')::jsonb
           - '{originator_id,originator_version,timestamp,actor}'::text[] AS data
FROM stored_events
"""

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


def create_log(connection: Connection) -> None:
    """The event store's own tables, its guard, and the view that decodes it."""
    LOG.create_all(connection)
    connection.exec_driver_sql(_APPEND_ONLY)
    connection.exec_driver_sql(_EVENT_LOG)
    _create_fold_case(connection)


def create_kept(connection: Connection) -> None:
    """What is kept beside the events and their read models, where it is missing."""
    KEPT.create_all(connection)


def create_read_models(connection: Connection) -> None:
    """The read models, in the first schema of the connection's search path."""
    READ_MODELS.create_all(connection, checkfirst=False)
    create_report_view(connection)


def create_report_view(connection: Connection) -> None:
    """The queue with the names of all that it refers to, for people and their tools."""
    connection.exec_driver_sql(_MESSAGE_REPORT)


def outdated(connection: Connection) -> list[str]:
    """Columns of the read models that the database does not have yet: it was made by an earlier
    version, and a rebuild adds them."""
    found = connection.exec_driver_sql(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    )
    there = {row[0] for row in found}
    wanted = (str(c) for table in READ_MODELS.sorted_tables for c in table.columns)
    return [column for column in wanted if column not in there]
