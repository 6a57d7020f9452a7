"""WhatsApp Cloud API: the question whether a URL is ours. Source: developers.facebook.com/
documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint."""

from __future__ import annotations

import hmac
from collections.abc import Mapping


def challenge(query: Mapping[str, str], verify_token: str) -> str | None:
    """The response to Meta's question whether the URL is ours: the challenge in ``query``, or None
    where ``query`` has not the device's token."""
    token = query.get("hub.verify_token", "").encode()
    if query.get("hub.mode") != "subscribe" or not verify_token:
        return None
    known = hmac.compare_digest(token, verify_token.encode())
    return query.get("hub.challenge", "") if known else None
