"""Chatwoot's inboxes: which conversation there is with which lead, and what was typed there.

A subscription of this kind has a row of ``chatwoot_inboxes`` beside that of every subscription.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.errors import NotFoundError
from projections.database.engine import rows
from projections.records import credentials

KIND = "chatwoot"
# What a subscription of this kind is told.
EVENTS = ("lead.replied",)
# How long it is known that a message was taken in already. Chatwoot tries for minutes.
KNOWN_FOR = timedelta(days=7)


class Inbox(NamedTuple):
    """An inbox of the kind "API" at a Chatwoot server, by the ids that its pages show."""

    account_id: int
    inbox_id: int


class Person(NamedTuple):
    """What Chatwoot is told of a lead. ``conversation_id`` is None where there is none yet."""

    lead_id: UUID
    name: str
    phone: str
    conversation_id: int | None


def create(
    connection: Connection, subscription_id: UUID, inbox: Inbox, token: str, secret_key: str
) -> None:
    """Store the inbox of a subscription, with the API ``token`` of an agent, which is encrypted."""
    connection.exec_driver_sql(
        "INSERT INTO chatwoot_inboxes (subscription_id, account_id, inbox_id, ciphertext)"
        " VALUES (%(id)s, %(account)s, %(inbox)s, %(ciphertext)s)",
        {
            "id": subscription_id,
            "account": inbox.account_id,
            "inbox": inbox.inbox_id,
            "ciphertext": credentials.encrypt({"token": token}, secret_key),
        },
    )


def token(subscription: Any, reader: credentials.Reader) -> str:
    """The API token of a row of ``subscriptions.every``. Raises SettingsError if another secret key
    encrypted it."""
    return reader.read(subscription.token_ciphertext)["token"]


def remove(connection: Connection, subscription_id: UUID) -> None:
    """Forget the inbox of a subscription that ends, with its conversations."""
    for table in ("chatwoot_inboxes", "chatwoot_conversations", "chatwoot_messages"):
        connection.exec_driver_sql(
            f"DELETE FROM {table} WHERE subscription_id = %(id)s", {"id": subscription_id}
        )


def person(connection: Connection, subscription_id: UUID, lead_id: UUID) -> Person | None:
    """Who the lead is, or whom it was merged into; None for a person who was erased."""
    found = rows(
        connection,
        """
        SELECT l.lead_id, l.name, l.phone, c.conversation_id
        FROM leads known JOIN leads l ON l.lead_id = coalesce(known.merged_into, known.lead_id)
        LEFT JOIN chatwoot_conversations c
            ON c.lead_id = l.lead_id AND c.subscription_id = %(id)s
        WHERE known.lead_id = %(lead)s AND l.erased_at IS NULL
        """,
        id=str(subscription_id),
        lead=str(lead_id),
    )
    return Person(*found[0]) if found else None


def keep(
    connection: Connection, subscription_id: UUID, lead_id: UUID, conversation_id: int
) -> None:
    """Note the conversation that there is with the lead, in place of any before."""
    connection.exec_driver_sql(
        "INSERT INTO chatwoot_conversations (subscription_id, lead_id, conversation_id)"
        " VALUES (%(id)s, %(lead)s, %(conversation)s) ON CONFLICT (subscription_id, lead_id)"
        " DO UPDATE SET conversation_id = excluded.conversation_id",
        {"id": subscription_id, "lead": lead_id, "conversation": conversation_id},
    )


def proven(
    connection: Connection, subscription_id: UUID, secret: str, reader: credentials.Reader
) -> Inbox | None:
    """The inbox of a subscription that has this ``secret``; None for any other."""
    found = rows(
        connection,
        "SELECT account_id, inbox_id, s.ciphertext FROM chatwoot_inboxes"
        " JOIN subscriptions s USING (subscription_id) WHERE subscription_id = %(id)s",
        id=str(subscription_id),
    )
    if not found:
        return None
    wanted = reader.read(found[0].ciphertext)["secret"]
    if not hmac.compare_digest(secret.encode(), wanted.encode()):
        return None
    return Inbox(found[0].account_id, found[0].inbox_id)


def take(
    connection: Connection,
    subscription_id: UUID,
    conversation_id: int,
    message_id: int,
    now: datetime,
) -> UUID | None:
    """Note a message that was typed in a conversation, and return the lead that it is for, or whom
    that was merged into; None if it was noted before. Raises NotFoundError for a conversation that
    is not ours."""
    found = rows(
        connection,
        "SELECT coalesce(l.merged_into, c.lead_id) AS lead_id"
        " FROM chatwoot_conversations c LEFT JOIN leads l USING (lead_id)"
        " WHERE c.subscription_id = %(id)s AND c.conversation_id = %(conversation)s",
        id=str(subscription_id),
        conversation=conversation_id,
    )
    if not found:
        raise NotFoundError("conversation", conversation_id)
    key = {"id": subscription_id, "message": message_id, "now": now, "until": now - KNOWN_FOR}
    connection.exec_driver_sql("DELETE FROM chatwoot_messages WHERE received_at < %(until)s", key)
    noted = connection.exec_driver_sql(
        "INSERT INTO chatwoot_messages (subscription_id, message_id, received_at)"
        " VALUES (%(id)s, %(message)s, %(now)s) ON CONFLICT DO NOTHING",
        key,
    ).rowcount
    lead_id: UUID = found[0].lead_id
    return lead_id if noted else None
