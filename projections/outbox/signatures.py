"""The signatures of deliveries, by which a subscriber knows that they come from Sendtrail.

They follow Standard Webhooks (https://www.standardwebhooks.com). The header of earlier versions is
beside them.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_bytes
from uuid import UUID

from standardwebhooks import Webhook

# What a secret begins with; the base64 of its key follows. Secrets that earlier versions made have
# no such beginning.
PREFIX = "whsec_"
KEY_BYTES = 32
# The header of earlier versions, which the next version leaves out.
FORMER_HEADER = "X-Sendtrail-Signature-256"


def new_secret() -> str:
    """A new secret, as a subscriber gives it to its library."""
    return PREFIX + b64encode(token_bytes(KEY_BYTES)).decode()


def headers(secrets: Sequence[str], delivery_id: UUID, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove a delivery with the JSON ``body``, which is sent at ``at``.

    ``secrets`` are all that sign now, the present one first: each gives one signature in
    ``webhook-signature``. The header of earlier versions has room for one; it is keyed by the
    present secret's text, ``whsec_`` included.
    """
    at, text = at.astimezone(UTC), body.decode()
    signed = [_webhook(secret).sign(str(delivery_id), at, text) for secret in secrets]
    former = hmac.new(secrets[0].encode(), body, hashlib.sha256).hexdigest()
    return {
        "webhook-id": str(delivery_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signed),
        FORMER_HEADER: f"sha256={former}",
    }


def _webhook(secret: str) -> Webhook:
    # The text of an older secret is the key itself: it is no base64 that every library reads.
    return Webhook(secret if secret.startswith(PREFIX) else secret.encode())
