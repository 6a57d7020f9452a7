"""Whacenter: incoming messages; it tells nothing about those that it sent. Source: its collection
at documenter.getpostman.com/view/8030970/UUy67kCg ("Webhook")."""

from __future__ import annotations

from api.webhooks import signatures
from api.webhooks.payload import e164, known_id, made_id, text
from api.webhooks.protocol import Inbound, Provider, Reports
from domain.receipts import Reply


def parse(inbound: Inbound) -> Reports:
    said = inbound.json
    phone = e164(said.get("from")) or e164(said.get("number"))
    if phone is None or "message" not in said:
        return ()
    words = text(said.get("message"))
    provider_id = known_id(said.get("id")) or made_id(inbound.now, phone, words)
    return [Reply(phone, words, provider_id)]


WHACENTER = Provider("webhook_secret", signatures.signed_or_known, parse)
