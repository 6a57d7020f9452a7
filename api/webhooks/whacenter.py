"""Whacenter: incoming messages. Whacenter sends no receipts. Source: its collection at
documenter.getpostman.com/view/8030970/UUy67kCg ("Webhook")."""

from __future__ import annotations

from api.webhooks import signatures
from api.webhooks.payload import derived_id, e164, text, valid_id
from api.webhooks.protocol import InboundEvents, Provider, WebhookRequest
from domain.receipts import Reply


def parse(request: WebhookRequest) -> InboundEvents:
    """The reply in a request, if there is one."""
    payload = request.payload
    phone = e164(payload.get("from")) or e164(payload.get("number"))
    if phone is None or "message" not in payload:
        return ()
    words = text(payload.get("message"))
    provider_id = valid_id(payload.get("id")) or derived_id(request.now, phone, words)
    return [Reply(phone, words, provider_id)]


WHACENTER = Provider("webhook_secret", signatures.verify_signature_or_secret, parse)
