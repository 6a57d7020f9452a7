"""WhatsApp Cloud API: statuses and messages, signed with the app's secret. Source:
developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from api.webhooks import signatures
from api.webhooks.payload import e164, json_object, json_objects, own_id, text, valid_id
from api.webhooks.protocol import InboundEvents, Provider, WebhookRequest
from domain.ids import digest_of
from domain.receipts import Kind, Receipt, Reply

KINDS: dict[str, Kind] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
}
# Types of messages that are no replies: a reaction to a message, and what the platform says itself,
# such as that a person has a new number.
NO_REPLIES = ("reaction", "system")


def parse(request: WebhookRequest) -> InboundEvents:
    """The receipts and replies in every change of every entry, in their order. A provider id is
    stored as its digest, because it holds the phone."""
    events: list[Receipt | Reply] = []
    for entry in json_objects(request.payload.get("entry")):
        for change in json_objects(entry.get("changes")):
            value = json_object(change.get("value"))
            events += _receipts(value)
            events += _replies(value)
    return events


def challenge(query: Mapping[str, str], verify_token: str) -> str | None:
    """The response to Meta's question whether the URL is ours: the challenge in ``query``, or None
    where ``query`` has not the device's token."""
    token = query.get("hub.verify_token", "").encode()
    if query.get("hub.mode") != "subscribe" or not verify_token:
        return None
    known = hmac.compare_digest(token, verify_token.encode())
    return query.get("hub.challenge", "") if known else None


def _receipts(value: dict[str, Any]) -> Iterator[Receipt]:
    for status in json_objects(value.get("statuses")):
        kind = KINDS.get(text(status.get("status")))
        wamid = valid_id(status.get("id"))
        if kind is None or not wamid:
            continue
        code = next((text(error.get("code")) for error in json_objects(status.get("errors"))), "")
        message_id = own_id(status.get("biz_opaque_callback_data"))
        yield Receipt(kind, message_id, digest_of(wamid), code)


def _replies(value: dict[str, Any]) -> Iterator[Reply]:
    for message in json_objects(value.get("messages")):
        phone, wamid = e164(message.get("from")), valid_id(message.get("id"))
        if phone is not None and wamid and message.get("type") not in NO_REPLIES:
            yield Reply(phone, _words(message), digest_of(wamid))


def _words(message: dict[str, Any]) -> str:
    """The text, the title of the button that was pressed, or the caption."""
    kind = text(message.get("type"))
    content = json_object(message.get(kind))
    if kind == "interactive":
        content = json_object(content.get(text(content.get("type"))))
    words = (content.get(name) for name in ("body", "text", "title", "caption"))
    return next((text(word) for word in words if text(word)), "")


CLOUD = Provider("app_secret", signatures.verify_signature, parse)
