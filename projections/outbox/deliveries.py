"""Deliveries: the events that each subscription has still to be told.

A reader of the log makes them. Its position is tracked, so that no delivery is lost or made twice.
A delivery holds the notification id of its event and nothing of its content. A subscription gets
each at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from eventsourcing.persistence import MapperDeserialisationError, Tracking
from sqlalchemy import Connection

from domain.errors import StorageError
from domain.webhook_events import webhook_event
from projections.database.engine import rows, uuids
from projections.eventstore.encryption import decrypt
from projections.eventstore.mapper import decode
from projections.eventstore.tracking import insert_tracking, position
from projections.outbox.subscriptions import lock_position

# The reader of the log, in the table ``tracking``.
READER = "notifier"
# Events per transaction of ``fan_out``.
PAGE = 5000
# After so many attempts, the last ones an hour apart, a delivery is given up: half a day.
MOST_ATTEMPTS = 20
# Seconds.
_LONGEST_PAUSE = 3600.0

# Columns that are told of the message that an event is of.
_MESSAGE = "message_id, lead_id, device_id, campaign_id, sequence_id, enrollment_id, step"


class Unreadable(str):
    """Why the body of a delivery cannot be made."""


class ClaimedDelivery(NamedTuple):
    """A delivery that its claimer has to make now.

    ``event`` is its name in ``domain.webhook_events``. ``attempt`` counts from 1. ``body`` is the
    JSON object to send, without the delivery's id; None if the subscription is not told of this
    event after all, or if ``error`` says why it cannot be told.
    """

    delivery_id: UUID
    notification_id: int
    event: str
    attempt: int
    body: dict[str, Any] | None
    error: str | None = None


def fan_out(connection: Connection, now: datetime) -> int:
    """Make the deliveries of the next ``PAGE`` events of the log, due at ``now``.

    Returns how many events were read, 0 at the end of the log. Position and deliveries are of one
    transaction.
    """
    lock_position(connection)
    after = position(connection, READER) or 0
    (row,) = rows(
        connection,
        "SELECT max(notification_id) AS last, count(*) AS events FROM ("
        " SELECT notification_id FROM stored_events WHERE notification_id > %(after)s"
        " ORDER BY notification_id LIMIT %(page)s) p",
        after=after,
        page=PAGE,
    )
    if row.last is None:
        return 0
    connection.exec_driver_sql(
        "INSERT INTO deliveries (subscription_id, notification_id, attempts, due_at)"
        " SELECT s.subscription_id, e.notification_id, 0, %(now)s"
        " FROM stored_events e JOIN subscriptions s"
        " ON e.topic = ANY(s.topics) AND e.notification_id > s.after_id"
        " WHERE e.notification_id > %(after)s AND e.notification_id <= %(last)s",
        {"after": after, "last": row.last, "now": now},
    )
    insert_tracking(connection, Tracking(READER, row.last))
    return int(row.events)


def claim(
    connection: Connection, subscription: Any, now: datetime, lease: timedelta, limit: int
) -> list[ClaimedDelivery]:
    """Claim up to ``limit`` deliveries that are due at ``now``, and return them in log order.

    ``subscription`` is a row of ``subscriptions.every``. Deliveries that are not settled within
    ``lease`` are due again.
    """
    claimed = rows(
        connection,
        """
        UPDATE deliveries d SET due_at = %(until)s, attempts = d.attempts + 1
        FROM (SELECT notification_id FROM deliveries
              WHERE subscription_id = %(id)s AND due_at <= %(now)s
              ORDER BY due_at, notification_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED) n
        WHERE d.subscription_id = %(id)s AND d.notification_id = n.notification_id
        RETURNING d.notification_id, d.attempts
        """,
        id=str(subscription.subscription_id),
        now=now,
        until=now + lease,
        limit=limit,
    )
    attempts = {row.notification_id: row.attempts for row in claimed}
    result = []
    for number, body in _bodies(connection, attempts).items():
        delivery_id = uuid5(subscription.subscription_id, str(number))
        if isinstance(body, Unreadable):
            result.append(
                ClaimedDelivery(delivery_id, number, "", attempts[number], None, str(body))
            )
            continue
        event = "" if body is None else body["event"]
        wanted = body if event in subscription.events else None
        result.append(ClaimedDelivery(delivery_id, number, event, attempts[number], wanted))
    return result


def retry(connection: Connection, subscription_id: UUID, now: datetime) -> None:
    """Make every delivery of a subscription due at ``now``, with all its attempts anew.

    That includes deliveries that were given up.
    """
    connection.exec_driver_sql(
        "UPDATE deliveries SET due_at = %(now)s, attempts = 0 WHERE subscription_id = %(id)s",
        {"id": str(subscription_id), "now": now},
    )


def settle(
    connection: Connection,
    subscription_id: UUID,
    delivered: Iterable[int],
    failed: Iterable[tuple[int, str, datetime | None]],
) -> None:
    """Record what became of claimed deliveries.

    ``delivered`` are notification ids; these deliveries are deleted. ``failed`` are (notification
    id, error, instant of the next attempt), where None gives the delivery up.
    """
    key = {"id": str(subscription_id)}
    connection.exec_driver_sql(
        "DELETE FROM deliveries"
        " WHERE subscription_id = %(id)s AND notification_id = ANY(%(numbers)s)",
        {**key, "numbers": list(delivered)},
    )
    for number, error, due_at in failed:
        connection.exec_driver_sql(
            "UPDATE deliveries SET due_at = %(due_at)s, error = %(error)s"
            " WHERE subscription_id = %(id)s AND notification_id = %(number)s",
            {**key, "number": number, "error": error, "due_at": due_at},
        )


def next_try(
    attempt: int, now: datetime, uniform: Callable[[float, float], float]
) -> datetime | None:
    """When to try again after the ``attempt``-th failure, counted from 1.

    In about 5, 10, 20, … seconds, at most about an hour; None after ``MOST_ATTEMPTS``.
    ``uniform(a, b)`` gives a random number from a to b.
    """
    if attempt >= MOST_ATTEMPTS:
        return None
    pause = min(_LONGEST_PAUSE, 2.5 * 2.0**attempt)
    return now + timedelta(seconds=uniform(0.5 * pause, 1.5 * pause))


def _bodies(
    connection: Connection, numbers: Iterable[int]
) -> dict[int, dict[str, Any] | Unreadable | None]:
    """The bodies of these events by notification id, in log order.

    A body is the same whenever it is made. It is None for an event that nobody is told of.
    """
    stored = rows(
        connection,
        "SELECT notification_id, originator_id, originator_version, topic, state"
        " FROM stored_events WHERE notification_id = ANY(%(numbers)s) ORDER BY notification_id",
        numbers=list(numbers),
    )
    messages = {
        row.message_id: row._asdict()
        for row in rows(
            connection,
            f"SELECT {_MESSAGE} FROM broadcast_messages WHERE message_id = ANY(%(ids)s::uuid[])",
            ids=uuids(row.originator_id for row in stored),
        )
    }
    return {row.notification_id: _body(connection, row, messages) for row in stored}


def _body(
    connection: Connection, row: Any, messages: dict[UUID, dict[str, Any]]
) -> dict[str, Any] | Unreadable | None:
    try:
        # One by one, so that an event that was altered does not keep others from being told.
        ((_, _, topic, state),) = decrypt(connection, [(row[1], row[2], row[3], bytes(row[4]))])
        event = decode(topic, state)
    except (StorageError, MapperDeserialisationError):
        return Unreadable(f"event {row.notification_id} cannot be read; see sendtrail audit verify")
    webhook = webhook_event(event)
    if webhook is None:
        return None
    name, facts = webhook
    return {
        "event": name,
        "number": row.notification_id,
        "occurred_at": event.timestamp,
        "data": {**messages.get(event.originator_id, {}), **facts},
    }
