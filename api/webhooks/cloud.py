"""WhatsApp Cloud API: statuses and messages, signed with the app's secret. Source:
developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from api.webhooks import signatures
from api.webhooks.payload import e164, known_id, obj, objects, our_id, text
from api.webhooks.protocol import Inbound, Provider, Reports
from domain.ids import digest_of
from domain.receipts import Kind, Receipt, Reply

KINDS: dict[str, Kind] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
}
# A thumb under a message, and what the platform says itself (a person has a new number).
NO_WORDS = ("reaction", "system")


def parse(inbound: Inbound) -> Reports:
    found: list[Receipt | Reply] = []
    for entry in objects(inbound.json.get("entry")):
        for change in objects(entry.get("changes")):
            value = obj(change.get("value"))
            found += _receipts(value)
            found += _replies(value)
    return found


def answer(query: Mapping[str, str], verify_token: str) -> str | None:
    """What to say when Meta asks whether this URL is ours; None where it does not know the
    token."""
    given = query.get("hub.verify_token", "").encode()
    if query.get("hub.mode") != "subscribe" or not verify_token:
        return None
    known = hmac.compare_digest(given, verify_token.encode())
    return query.get("hub.challenge", "") if known else None


def _receipts(value: dict[str, Any]) -> Iterator[Receipt]:
    for status in objects(value.get("statuses")):
        kind = KINDS.get(text(status.get("status")))
        wamid = known_id(status.get("id"))
        if kind is None or not wamid:
            continue
        code = next((text(error.get("code")) for error in objects(status.get("errors"))), "")
        named = our_id(status.get("biz_opaque_callback_data"))
        yield Receipt(kind, named, digest_of(wamid), code)


def _replies(value: dict[str, Any]) -> Iterator[Reply]:
    for message in objects(value.get("messages")):
        phone, wamid = e164(message.get("from")), known_id(message.get("id"))
        if phone is not None and wamid and message.get("type") not in NO_WORDS:
            yield Reply(phone, _words(message), digest_of(wamid))


def _words(message: dict[str, Any]) -> str:
    """What was written, or which button was pressed, or the caption."""
    kind = text(message.get("type"))
    content = obj(message.get(kind))
    if kind == "interactive":
        content = obj(content.get(text(content.get("type"))))
    words = (content.get(name) for name in ("body", "text", "title", "caption"))
    return next((text(word) for word in words if text(word)), "")


CLOUD = Provider("app_secret", signatures.signed, parse)
