"""Subscriptions: the user's own systems that are told what happens, by signed requests."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import NotFoundError
from domain.webhook_events import TOPICS
from projections.database import secret_check
from projections.database.engine import rows
from projections.records import credentials


def create(
    connection: Connection,
    new_id: UUID,
    url: str,
    events: Sequence[str],
    allow_http: bool,
    secret_key: str,
    now: datetime,
) -> str:
    """Store a subscription to the ``events`` that happen from now on.

    ``events`` are names of ``domain.webhook_events``. Returns the secret that signs its requests;
    it is stored encrypted with ``secret_key`` and never shown again. Raises OtherSecretKeyError if
    the database has another secret key by now.
    """
    secret = secrets.token_urlsafe(32)
    secret_check.hold(connection)
    lock_position(connection)
    connection.exec_driver_sql(
        "INSERT INTO subscriptions (subscription_id, url, allow_http, events, topics, after_id,"
        " ciphertext, created_at) SELECT %(id)s, %(url)s, %(allow_http)s, %(events)s, %(topics)s,"
        " coalesce(max(notification_id), 0), %(ciphertext)s, %(now)s FROM stored_events",
        {
            "id": str(new_id),
            "url": url,
            "allow_http": allow_http,
            "events": list(events),
            "topics": sorted({topic for event in events for topic in TOPICS[event]}),
            "ciphertext": credentials.encrypt({"secret": secret}, secret_key),
            "now": now,
        },
    )
    return secret


def remove(connection: Connection, subscription_id: UUID) -> None:
    """Delete a subscription and its deliveries. Raises NotFoundError if there is none."""
    key = {"id": str(subscription_id)}
    connection.exec_driver_sql("DELETE FROM deliveries WHERE subscription_id = %(id)s", key)
    removed = connection.exec_driver_sql(
        "DELETE FROM subscriptions WHERE subscription_id = %(id)s", key
    ).rowcount
    if not removed:
        raise NotFoundError("subscription", subscription_id)


def every(connection: Connection) -> list[Any]:
    """Every subscription's row, the oldest first.

    Beside its columns: how many deliveries are ``waiting`` and how many were ``given_up``, and
    ``last_error`` of the newest event whose delivery failed, or None.
    """
    return rows(
        connection,
        """
        SELECT s.*, coalesce(d.waiting, 0) AS waiting, coalesce(d.given_up, 0) AS given_up,
            d.last_error
        FROM subscriptions s LEFT JOIN LATERAL (
            SELECT count(due_at) AS waiting, count(*) - count(due_at) AS given_up,
                (array_agg(error ORDER BY notification_id DESC)
                    FILTER (WHERE error IS NOT NULL))[1] AS last_error
            FROM deliveries d WHERE d.subscription_id = s.subscription_id
        ) d ON true ORDER BY s.created_at, s.subscription_id
        """,
    )


def lock_position(connection: Connection) -> None:
    """Keep others from moving the notifier's position in the log, until the transaction ends.

    So a subscription begins exactly where the reader of the log stands.
    """
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('sendtrail notifier'))")
