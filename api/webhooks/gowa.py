"""GOWA: ``message.ack`` and ``message``, signed. Source: the project's docs/webhook-payload.md."""

from __future__ import annotations

from api.webhooks import signatures
from api.webhooks.payload import e164, json_object, text, valid_id
from api.webhooks.protocol import InboundEvents, Provider, WebhookRequest
from domain.receipts import Kind, Receipt, Reply

KINDS: dict[str, Kind] = {
    "delivered": "delivered",
    "read": "read",
    # Of a voice message or a video.
    "played": "read",
}
# Chats of groups, of everybody (a person's status), and of channels.
TO_MANY = ("@g.us", "@broadcast", "@newsletter")


def parse(request: WebhookRequest) -> InboundEvents:
    """The receipts or the reply in a request. What we wrote ourselves, and what was written to
    many, are no replies."""
    payload = json_object(request.payload.get("payload"))
    match request.payload.get("event"):
        case "message.ack":
            kind = KINDS.get(text(payload.get("receipt_type")))
            ids = payload.get("ids")
            if kind is None or not isinstance(ids, list):
                return ()
            return [Receipt(kind, provider_id=valid_id(provider_id)) for provider_id in ids]
        case "message" if payload.get("is_from_me") is not True:
            return _replies(payload)
        case _:
            return ()


def _replies(payload: dict[str, object]) -> InboundEvents:
    """One reply, or none. A picture may come without words."""
    if text(payload.get("chat_id")).endswith(TO_MANY):
        return ()
    phone = e164(payload.get("from")) or e164(payload.get("chat_id"))
    provider_id = valid_id(payload.get("id"))
    if phone is None or not provider_id:
        return ()
    return [Reply(phone, text(payload.get("body")), provider_id)]


GOWA = Provider("webhook_secret", signatures.verify_signature, parse)
