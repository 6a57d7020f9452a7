"""Whacenter: incoming messages. Whacenter sends no receipts. Source: its collection at
documenter.getpostman.com/view/8030970/UUy67kCg ("Webhook")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.addresses import wa_id
from domain.inbound import Inbound, Noise, Reply
from projections.intake.providers.payload import derived_id, text, valid_id


def parse(payload: dict[str, Any], received_at: datetime) -> list[Inbound]:
    """The reply in a webhook."""
    person = wa_id(payload.get("from")) or wa_id(payload.get("number"))
    if person is None or "message" not in payload:
        return [Noise("not_understood")]
    words = text(payload.get("message"))
    provider_id = valid_id(payload.get("id")) or derived_id(received_at, person.value, words)
    return [Reply((person,), words, provider_id)]
