"""What is neither events nor made of them, and never rebuilt: credentials, stored responses,
subscriptions and what they are still to be told, the notary's hash chain, what was put aside, wrong
tries, and how the processes fare."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from projections.schema import access, outbox  # noqa: F401 - their tables belong to KEPT
from projections.schema.columns import KEPT, TIME, texts

# First answers to POST requests with an Idempotency-Key, for a day. A secret in ``body`` is null.
# Of the key, and of the request, only an HMAC-SHA256 under the identity key is kept, in hex: both
# may name a person, and nobody finds a phone or a password in them by trying.
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

# Which devices have which webhook secret, or had it until ``until``, for thirty days. ``secret_id``
# is an HMAC-SHA256 of the secret under the identity key, so that nobody finds a secret in it by
# trying.
webhook_secrets = Table(
    "webhook_secrets",
    KEPT,
    Column("secret_id", Uuid, primary_key=True),
    Column("device_id", Uuid, primary_key=True),
    Column("until", TIME),
    Index("webhook_secrets_by_device", "device_id"),
)

# Receipts that came before it was recorded how the provider calls the message, for an hour.
early_receipts = Table(
    "early_receipts",
    KEPT,
    Column("provider_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # The device of the webhook's URL. They may also be of whoever has the secret, or of those that
    # a version before the secrets had ids listed.
    Column("device_id", Uuid, primary_key=True),
    Column("devices", ARRAY(Uuid), nullable=False),
    Column("code", Text, nullable=False),
    Column("received_at", TIME, nullable=False),
    Column("secret_id", Uuid),
    Index("early_receipts_by_age", "received_at"),
)

# What providers told us and the receiver has not recorded yet, in the order in which it came.
# ``payload`` is JSON: the provider's own, or, if ``parsed``, a list of ``domain.inbound`` values.
# ``item_id`` names it in quarantine. Whoever has the secret of ``secret_id``, which proved it, is
# spoken for, and so are the ``devices`` that a version before the secrets had ids listed.
inbound = Table(
    "inbound",
    KEPT,
    Column("inbound_id", BigInteger, Identity(), primary_key=True),
    Column("item_id", Uuid, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("device_id", Uuid),
    Column("devices", ARRAY(Uuid), nullable=False),
    Column("received_at", TIME, nullable=False),
    Column("due_at", TIME, nullable=False),
    Column("parsed", Boolean, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("secret_id", Uuid),
    Index("inbound_by_due", "due_at"),
)

# What became of all that came, by gateway.
inbound_counts = Table(
    "inbound_counts",
    KEPT,
    Column("gateway", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# Replies of people that nobody knows, for 30 days. ``sender`` are all of the addresses.
unattributed_replies = Table(
    "unattributed_replies",
    KEPT,
    Column("reply_id", Uuid, primary_key=True),
    Column("device_id", Uuid, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("provider_sha256", LargeBinary, nullable=False),
    Column("sender", JSONB, nullable=False),
    Column("text", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sent_at", TIME),
    Column("received_at", TIME, nullable=False),
    # By what the edits of it are known.
    Column("edits", ARRAY(LargeBinary), nullable=False),
    UniqueConstraint("device_id", "provider_sha256"),
    Index("unattributed_replies_by_age", "received_at"),
)

# The links of the hash chain over the log; see ``projections/audit/hash_chain``.
hash_chain_links = Table(
    "hash_chain_links",
    KEPT,
    Column("last_id", BigInteger, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("ids", ARRAY(BigInteger), nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("chained_at", TIME, nullable=False),
)

# A value encrypted with SENDTRAIL_SECRET_KEY, for processes to check that theirs is the same.
secret_check = Table(
    "secret_check",
    KEPT,
    Column("singleton", Boolean, CheckConstraint("singleton"), primary_key=True),
    Column("token", LargeBinary, nullable=False),
)

# The installation's identity key, from which ids of leads follow: 32 bytes, encrypted with
# SENDTRAIL_SECRET_KEY: nonce and ciphertext, 60 bytes. It never changes.
identity_key = Table(
    "identity_key",
    KEPT,
    Column("singleton", Boolean, CheckConstraint("singleton"), primary_key=True),
    Column("key", LargeBinary, nullable=False),
)

# One key per lead, with which the personal data in its events is encrypted; erasing the person is
# destroying it. ``key`` is itself encrypted with SENDTRAIL_SECRET_KEY: nonce and ciphertext, 60
# bytes; 32 bytes are a key that an earlier version stored as it is. ``digest_key``, of 32 bytes,
# keys the digests of texts; it opens nothing, and is in the clear because dispatches read it.
lead_keys = Table(
    "lead_keys",
    KEPT,
    Column("lead_id", Uuid, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("digest_key", LargeBinary),
)

# What could not be recorded and was put aside, so that it stops nothing else. ``notification_id``
# is 0 unless it is one event that cannot be read. ``dispatched`` is what a worker handed over and
# the log has lost, to be recorded again.
quarantine = Table(
    "quarantine",
    KEPT,
    Column("kind", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("notification_id", BigInteger, primary_key=True),
    Column("runner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", TIME, nullable=False),
    Column("dispatched", JSONB),
    # What a message that was handed over is for: planned anew it has another id.
    Column("lead_id", Uuid),
    Column("owner_id", Uuid),
    Column("step", Integer),
    Index(
        "quarantine_by_origin",
        "lead_id",
        "owner_id",
        "step",
        postgresql_where=text("lead_id IS NOT NULL"),
    ),
)

# The processes that run runners: who lives, how each runner fares, and the server whose log was
# last compared with what the process had handed over.
runner_processes = Table(
    "runner_processes",
    KEPT,
    Column("process", Text, primary_key=True),
    texts("runners"),
    Column("started_at", TIME, nullable=False),
    Column("seen_at", TIME, nullable=False),
    Column("server", Text),
    Column("states", JSONB, nullable=False),
)

# What an operator has to know of the database, such as that it went back.
incidents = Table(
    "incidents",
    KEPT,
    Column("incident_id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("noticed_at", TIME, nullable=False),
    Column("process", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)

# Wrong API keys and signatures, counted by who tried them and at what. Many clients share a bucket,
# so the table has a bound and names no client. It is unlogged: no archive and no standby has it,
# its commits wait for no disk, and a crash of the server empties it. ``since`` is the first of
# ``tries`` wrong ones.
wrong_tries = Table(
    "wrong_tries",
    KEPT,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("since", TIME, nullable=False),
    Column("tries", Integer, nullable=False),
    CheckConstraint("bucket BETWEEN 0 AND 65535", name="bucket"),
    prefixes=["UNLOGGED"],
)


# What the links were called before databases had a schema version. A program of that time cannot
# refuse a newer schema: it would make its table again and begin another chain in it. No table can
# have the name of a type, so such a program does not start.
_GUARD = "CREATE DOMAIN notary_seals AS text"


def create_kept(connection: Connection) -> None:
    """What is kept beside the events and their read models, in a database without it."""
    KEPT.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(_GUARD)
