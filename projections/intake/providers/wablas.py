"""Wablas: tracking and incoming messages. Source: wablas.com/documentation ("Webhook")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.addresses import wa_id
from domain.inbound import Inbound, Noise, Receipt, ReceiptKind, Reply
from projections.intake.providers.payload import derived_id, own_id, text, valid_id

KINDS: dict[str, ReceiptKind] = {
    "sent": "sent",
    "delivered": "delivered",
    "received": "delivered",
    "read": "read",
    "cancel": "failed",
    "reject": "failed",
    "rejected": "failed",
}


def parse(payload: dict[str, Any], received_at: datetime) -> list[Inbound]:
    """The receipt or the reply in a webhook."""
    provider_id = valid_id(payload.get("id"))
    person = wa_id(payload.get("phone"))
    if "status" in payload:
        status = text(payload.get("status")).lower()
        kind = KINDS.get(status)
        if kind is None or not provider_id:
            return [Noise("not_understood")]
        code = status if kind == "failed" else ""
        return [Receipt(kind, own_id(payload.get("ref_id")), provider_id, code)]
    if _is_true(payload.get("isGroup")):
        return [Noise("group")]
    if person is None or "message" not in payload:
        return [Noise("not_understood")]
    if _is_true(payload.get("isFromMe")):
        # What Sendtrail sent comes back too, under an id that says nothing.
        return [Noise("own_message")]
    words = text(payload.get("message"))
    provider_id = provider_id or derived_id(received_at, person.value, words)
    return [Reply((person,), words, provider_id)]


def _is_true(value: object) -> bool:
    """In JSON or in a form."""
    return value is True or text(value).lower() in ("true", "1")
