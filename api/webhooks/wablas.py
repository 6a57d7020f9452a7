"""Wablas: tracking and incoming messages, as JSON or as a form. Source: wablas.com/documentation
("Webhook")."""

from __future__ import annotations

from api.webhooks import signatures
from api.webhooks.payload import e164, known_id, made_id, our_id, text
from api.webhooks.protocol import Inbound, Provider, Reports
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


def parse(inbound: Inbound) -> Reports:
    said = inbound.json
    provider_id = known_id(said.get("id"))
    if "status" in said:
        status = text(said.get("status")).lower()
        kind = KINDS.get(status)
        if kind is None or not provider_id:
            return ()
        named = our_id(said.get("ref_id"))
        return [Receipt(kind, named, provider_id, status if kind == "failed" else "")]
    phone = e164(said.get("phone"))
    if phone is None or "message" not in said or _yes(said.get("isFromMe")):
        return ()
    if _yes(said.get("isGroup")):
        return ()
    words = text(said.get("message"))
    return [Reply(phone, words, provider_id or made_id(inbound.now, phone, words))]


def _yes(value: object) -> bool:
    return value is True or text(value).lower() in ("true", "1")


WABLAS = Provider("webhook_secret", signatures.signed_or_known, parse)
