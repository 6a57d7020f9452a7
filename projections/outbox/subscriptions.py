"""Subscriptions: the user's own systems that are told what happens, by signed requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import NotFoundError
from domain.webhook_events import TOPICS
from projections.database import secret_check
from projections.database.engine import rows
from projections.outbox import chatwoot, signatures
from projections.records import credentials

# How long the secret that was replaced signs beside the new one.
FORMER_SIGNS_FOR = timedelta(hours=24)


def create(
    connection: Connection,
    new_id: UUID,
    url: str,
    events: Sequence[str],
    allow_http: bool,
    secret_key: str,
    now: datetime,
    in_url: bool = False,
) -> str:
    """Store a subscription to the ``events`` that happen from now on.

    ``events`` are names of ``domain.webhook_events``. Returns the secret that signs its requests;
    it is stored encrypted with ``secret_key`` and never shown again. ``in_url``: it has a place in
    a URL. Raises OtherSecretKeyError if the database has another secret key by now.
    """
    secret = _new_secret(in_url=in_url)
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


def rotate(connection: Connection, subscription_id: UUID, secret_key: str, now: datetime) -> str:
    """Give a subscription a new secret, and return it; it is never shown again.

    The secret that it had signs beside the new one for ``FORMER_SIGNS_FOR`` from ``now``; one that
    was replaced before signs no more. Both are stored encrypted with ``secret_key``. Raises
    NotFoundError if there is no such subscription, and OtherSecretKeyError if the database has
    another secret key by now.
    """
    secret_check.hold(connection)
    found = rows(
        connection,
        "SELECT ciphertext, EXISTS (SELECT FROM chatwoot_inboxes i"
        " WHERE i.subscription_id = s.subscription_id) AS in_url"
        " FROM subscriptions s WHERE subscription_id = %(id)s FOR UPDATE",
        id=str(subscription_id),
    )
    if not found:
        raise NotFoundError("subscription", subscription_id)
    secret = _new_secret(in_url=found[0].in_url)
    connection.exec_driver_sql(
        "INSERT INTO former_secrets (subscription_id, ciphertext, until)"
        " VALUES (%(id)s, %(former)s, %(until)s) ON CONFLICT (subscription_id)"
        " DO UPDATE SET ciphertext = excluded.ciphertext, until = excluded.until",
        {
            "id": str(subscription_id),
            "former": found[0].ciphertext,
            "until": now + FORMER_SIGNS_FOR,
        },
    )
    connection.exec_driver_sql(
        "UPDATE subscriptions SET ciphertext = %(ciphertext)s WHERE subscription_id = %(id)s",
        {
            "id": str(subscription_id),
            "ciphertext": credentials.encrypt({"secret": secret}, secret_key),
        },
    )
    return secret


def _new_secret(*, in_url: bool) -> str:
    """What signs, as the libraries of subscribers read it, or what proves a request by its URL, in
    which no character of it means anything."""
    return token_urlsafe(signatures.KEY_BYTES) if in_url else signatures.new_secret()


def remove(connection: Connection, subscription_id: UUID) -> None:
    """Delete a subscription with its secrets and its deliveries. Raises NotFoundError if there is
    none."""
    key = {"id": str(subscription_id)}
    # First, so that a rotation under way has ended before its former secret is deleted.
    removed = connection.exec_driver_sql(
        "DELETE FROM subscriptions WHERE subscription_id = %(id)s", key
    ).rowcount
    if not removed:
        raise NotFoundError("subscription", subscription_id)
    chatwoot.remove(connection, subscription_id)
    for table in ("former_secrets", "deliveries"):
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE subscription_id = %(id)s", key)


def forget_former(connection: Connection, now: datetime) -> None:
    """Delete the replaced secrets that sign no more at ``now``."""
    connection.exec_driver_sql("DELETE FROM former_secrets WHERE until <= %(now)s", {"now": now})


def signing(subscription: Any, reader: credentials.Reader, now: datetime) -> list[str]:
    """The secrets that sign at ``now``, the present one first.

    ``subscription`` is a row of ``every``. Raises SettingsError if another secret key encrypted
    them.
    """
    ciphertexts = [subscription.ciphertext]
    if subscription.former_signs_until is not None and subscription.former_signs_until > now:
        ciphertexts.append(subscription.former_ciphertext)
    return [reader.read(ciphertext)["secret"] for ciphertext in ciphertexts]


def every(connection: Connection) -> list[Any]:
    """Every subscription's row, the oldest first.

    Beside its columns: how many deliveries are ``waiting`` and how many were ``given_up``, and
    ``last_error`` of the newest event whose delivery failed, or None; ``former_ciphertext`` of the
    secret that was replaced, and ``former_signs_until``, or None; ``account_id``, ``inbox_id`` and
    ``token_ciphertext`` of an inbox of Chatwoot, None for any other subscription.
    """
    return rows(
        connection,
        """
        SELECT s.*, coalesce(d.waiting, 0) AS waiting, coalesce(d.given_up, 0) AS given_up,
            d.last_error, f.ciphertext AS former_ciphertext, f.until AS former_signs_until,
            i.account_id, i.inbox_id, i.ciphertext AS token_ciphertext
        FROM subscriptions s LEFT JOIN former_secrets f USING (subscription_id)
        LEFT JOIN chatwoot_inboxes i USING (subscription_id)
        LEFT JOIN LATERAL (
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
