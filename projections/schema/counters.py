"""Read models that change with the messages, so that nothing ever scans messages: counters, and the
pace of devices. One batch of events writes each of their rows at most once, in id order."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from domain.message import STATUSES
from projections.schema.columns import READ_MODELS, TIME, count

# What is counted of messages beside their status.
MARKS = ("delivered", "read", "replied", "opted_out")
MESSAGE_COUNTS = (*STATUSES, *MARKS)
# What is counted of a device's messages by the day of their slots.
DAY_COUNTS = ("claimed", "sent", "failed", "unknown")

# Per campaign (step 0) and per step of a sequence; under ``NO_OWNER`` what belongs to neither.
message_counts = Table(
    "message_counts",
    READ_MODELS,
    Column("owner_id", Uuid, primary_key=True),
    Column("step", Integer, primary_key=True),
    *map(count, MESSAGE_COUNTS),
    postgresql_with={"fillfactor": "50"},
)

# What people did after a message: when somebody replied to it first, and when somebody opted out
# after it. It is not taken back, and is there however often it happens again. Reports count these.
message_answers = Table(
    "message_answers",
    READ_MODELS,
    Column("message_id", Uuid, primary_key=True),
    Column("replied_at", TIME),
    Column("opted_out_at", TIME),
)

# What is counted of every quarter of an hour, for charts: what happened then, once and for all.
SERIES = ("sent", "delivered", "read", "replied", "failed", "opted_out")

# Per campaign and sequence. A quarter, because the days of some time zones begin within an hour.
series_counts = Table(
    "series_counts",
    READ_MODELS,
    Column("owner_id", Uuid, primary_key=True),
    Column("at", TIME, primary_key=True),
    *map(count, SERIES),
    Index("series_counts_by_time", "at"),
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
    *map(count, DAY_COUNTS),
    postgresql_with={"fillfactor": "50"},
)

# The pace of a device as it is planned: the latest slot ever given, which is the latest one of the
# highest epoch. Its row is the lock under which one worker at a time gives out the device's slots.
device_slots = Table(
    "device_slots",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("last_slot_at", TIME),
    count("epoch"),
    postgresql_with={"fillfactor": "50"},
)

# The pace of a device as it is kept: the latest dispatch, of the highest epoch. Its row is the lock
# under which one worker at a time dispatches for a device with a pause. It is apart from the slots,
# so that claims and dispatches do not wait for each other.
device_dispatches = Table(
    "device_dispatches",
    READ_MODELS,
    Column("device_id", Uuid, primary_key=True),
    Column("dispatched_at", TIME),
    Column("message_id", Uuid),
    count("epoch"),
    # The latest test through the device, and when its answer came. If it is the latest dispatch,
    # ``message_id`` is its id.
    Column("test_id", Uuid),
    Column("test_answered_at", TIME),
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
    # When the reaper found that the end is later than any lease's: the reaper's own note, which no
    # event makes and no rebuild keeps.
    Column("found_ahead_at", TIME),
    Index("leases_by_end", "lease_until"),
)
