"""The event store's own tables, the guard that keeps the log as it is, and the view that decodes
it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

LOG = MetaData()

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

# Made once per database. Ids of leads followed from it before there was an identity key.
installation = Table(
    "installation",
    LOG,
    Column("singleton", Boolean, CheckConstraint("singleton"), primary_key=True),
    Column("namespace", Uuid, nullable=False),
)

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


def create_log(connection: Connection) -> None:
    """The event store's own tables, its guard, and the view that decodes it."""
    LOG.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(_APPEND_ONLY)
    connection.exec_driver_sql(_EVENT_LOG)
