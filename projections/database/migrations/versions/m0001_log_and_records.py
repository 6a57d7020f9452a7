"""Create what is missing of the log and the records.

A database of before versions were kept has most of it or all, and becomes one of this version.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_LOG = """
CREATE TABLE IF NOT EXISTS stored_events (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    originator_id uuid NOT NULL,
    originator_version integer NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    UNIQUE (originator_id, originator_version)
);
CREATE TABLE IF NOT EXISTS tracking (
    application_name text PRIMARY KEY,
    notification_id bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS installation (
    singleton boolean PRIMARY KEY CHECK (singleton),
    namespace uuid NOT NULL
);
"""

_APPEND_ONLY = """
CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE restrict_violation
        USING MESSAGE = 'stored_events is append-only: ' || TG_OP || ' refused';
END $$;
CREATE TRIGGER stored_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
"""

_EVENT_LOG = """
CREATE VIEW event_log AS
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

_RECORDS = """
CREATE TABLE IF NOT EXISTS api_keys (
    name text PRIMARY KEY,
    role text NOT NULL,
    key_sha256 text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT role CHECK (role IN ('viewer', 'operator', 'admin'))
);
CREATE TABLE IF NOT EXISTS idempotency (
    key_name text NOT NULL,
    idempotency_key text NOT NULL,
    request_sha256 text NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (key_name, idempotency_key)
);
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (created_at);
CREATE TABLE IF NOT EXISTS device_secrets (
    device_id uuid PRIMARY KEY,
    ciphertext bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS early_receipts (
    provider_id text NOT NULL,
    kind text NOT NULL,
    device_id uuid NOT NULL,
    devices uuid[] NOT NULL,
    code text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (provider_id, kind, device_id)
);
CREATE INDEX IF NOT EXISTS early_receipts_by_age ON early_receipts (received_at);
CREATE TABLE IF NOT EXISTS subscriptions (
    subscription_id uuid PRIMARY KEY,
    url text NOT NULL,
    allow_http boolean NOT NULL,
    events text[] NOT NULL,
    topics text[] NOT NULL,
    after_id bigint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    subscription_id uuid NOT NULL,
    notification_id bigint NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz,
    error text,
    PRIMARY KEY (subscription_id, notification_id)
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (subscription_id, due_at);
CREATE TABLE IF NOT EXISTS notary_seals (
    last_id bigserial PRIMARY KEY,
    digest bytea NOT NULL,
    ids bigint[] NOT NULL,
    leaves bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS lead_keys (
    lead_id uuid PRIMARY KEY,
    key bytea NOT NULL
);
"""

_MESSAGE_IS_HELD = """
CREATE FUNCTION message_is_held(
    campaign_status text, sequence_status text, sequence_is_stopped boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(campaign_status IN ('paused', 'cancelled'), false)
    OR coalesce(sequence_status = 'paused' OR sequence_is_stopped, false)
"""

_FOLD_CASE = """
CREATE FUNCTION fold_case(token text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN lower(token {collation})
"""

# The first of these that the server has; see ``projections/schema/functions``.
_COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu", "en_US.utf8")


def upgrade() -> None:
    """Touch nothing that is there."""
    op.execute(_LOG)
    op.execute(_RECORDS)
    if not _exists("to_regprocedure('refuse_rewriting_history()')"):
        op.execute(_APPEND_ONLY)
    if not _exists("to_regclass('event_log')"):
        op.execute(_EVENT_LOG)
    if not _exists("to_regprocedure('fold_case(text)')"):
        op.execute(_FOLD_CASE.format(collation=_collation()))
    if not _exists("to_regprocedure('message_is_held(text, text, boolean)')"):
        op.execute(_MESSAGE_IS_HELD)


def _exists(name: str) -> bool:
    return bool(op.get_bind().exec_driver_sql(f"SELECT {name} IS NOT NULL").scalar_one())


def _collation() -> str:
    found = op.get_bind().exec_driver_sql(
        "SELECT collname FROM pg_collation WHERE collencoding IN (-1, ("
        "SELECT encoding FROM pg_database WHERE datname = current_database()))"
    )
    there = set(found.scalars())
    return next((f'COLLATE "{name}"' for name in _COLLATIONS if name in there), "")
