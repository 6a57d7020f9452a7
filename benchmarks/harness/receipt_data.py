"""Receipts as the WhatsApp Cloud API sends them, and installations that get them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from benchmarks.harness import seed_data
from projections.container import Container
from projections.records import credentials

# All devices have it, as the numbers of one app of Meta do.
APP_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of no worth anywhere
KINDS = ("sent", "delivered", "read")
# So many messages later comes each kind of receipt: the receipts of one message are seldom in one
# batch of the receiver.
LATER = {"sent": 0, "delivered": 700, "read": 7000}


def webhook(kind: str, message_id: str, phone: str, device_id: str) -> bytes:
    """What Meta sends of one message, which went to the ``phone``."""
    wamid = f"wamid.{message_id}"
    status = {
        "id": wamid,
        "status": kind,
        "timestamp": "1772438400",
        "recipient_id": phone.removeprefix("+"),
        "biz_opaque_callback_data": message_id,
        "conversation": {"id": hashlib.sha256(wamid.encode()).hexdigest()[:32]},
        "pricing": {"billable": True, "pricing_model": "PMP", "category": "marketing"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "60123456789", "phone_number_id": device_id},
        "statuses": [status],
    }
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signature(body: bytes) -> str:
    """The header ``X-Hub-Signature-256`` of that body."""
    return f"sha256={hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()}"


def register_devices(container: Container, count: int) -> UUID:
    """Register so many devices of the Cloud API, which all have one app; the id of one of them."""
    seed_data.register_devices(container, count, gateway="cloud")
    secrets = {"access_token": "benchmark", "app_secret": APP_SECRET}
    with container.database.transaction() as connection:
        found = connection.exec_driver_sql(
            "UPDATE devices SET settings = settings"
            " || jsonb_build_object('phone_number_id', device_id::text) RETURNING device_id"
        ).all()
        for row in found:
            credentials.put(
                connection, row.device_id, secrets, container.secret_key, seed_data.DUE_AT
            )
    return min(UUID(str(row.device_id)) for row in found)


def of_messages(container: Container) -> Sequence[bytes]:
    """Three receipts of every message that was sent, each a webhook of its own, in the order in
    which they come."""
    with container.database.transaction() as connection:
        sent = connection.exec_driver_sql(
            "SELECT message_id::text, l.phone, m.device_id::text"
            " FROM broadcast_messages m JOIN leads l USING (lead_id)"
            " WHERE m.status = 'sent' ORDER BY m.sent_at, message_id"
        ).all()
    return [body for _, body in sorted(_placed(sent), key=lambda placed: placed[0])]


def _placed(sent: Sequence[Any]) -> Iterator[tuple[int, bytes]]:
    for place, message in enumerate(sent):
        for kind in KINDS:
            yield place + LATER[kind], webhook(kind, *message)


def put(container: Container, webhooks: Sequence[bytes]) -> None:
    """Put these webhooks into the inbox, as requests of the app's one URL would."""
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO inbound (item_id, gateway, device_id, devices, secret_id, received_at,"
            " due_at, parsed, payload) SELECT gen_random_uuid(), 'cloud', d.device_id, '{}',"
            " d.secret_id, %(now)s, %(now)s, false, convert_to(w.payload, 'UTF8')"
            " FROM (SELECT device_id, secret_id FROM webhook_secrets ORDER BY device_id LIMIT 1) d,"
            " unnest(%(payloads)s::text[]) WITH ORDINALITY AS w(payload, place) ORDER BY w.place",
            {"payloads": [body.decode() for body in webhooks], "now": now},
        )
