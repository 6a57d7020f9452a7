"""Wablas: tracking and incoming messages, as JSON or as a form. Source: wablas.com/documentation
("Webhook")."""

from __future__ import annotations

from api.webhooks import signatures
from api.webhooks.payload import derived_id, e164, own_id, text, valid_id
from api.webhooks.protocol import InboundEvents, Provider, WebhookRequest
from domain.receipts import Kind, Receipt, Reply

KINDS: dict[str, Kind] = {
    "sent": "sent",
    "delivered": "delivered",
    "received": "delivered",
    "read": "read",
    "cancel": "failed",
    "reject": "failed",
    "rejected": "failed",
}


def parse(request: WebhookRequest) -> InboundEvents:
    """The receipt or the reply in a request, if there is one. What we wrote ourselves and what was
    written in a group are no replies."""
    payload = request.payload
    provider_id = valid_id(payload.get("id"))
    if "status" in payload:
        status = text(payload.get("status")).lower()
        kind = KINDS.get(status)
        if kind is None or not provider_id:
            return ()
        message_id = own_id(payload.get("ref_id"))
        return [Receipt(kind, message_id, provider_id, status if kind == "failed" else "")]
    phone = e164(payload.get("phone"))
    if phone is None or "message" not in payload or _is_true(payload.get("isFromMe")):
        return ()
    if _is_true(payload.get("isGroup")):
        return ()
    words = text(payload.get("message"))
    return [Reply(phone, words, provider_id or derived_id(request.now, phone, words))]


def _is_true(value: object) -> bool:
    """In JSON or in a form."""
    return value is True or text(value).lower() in ("true", "1")


WABLAS = Provider("webhook_secret", signatures.verify_signature_or_secret, parse)
