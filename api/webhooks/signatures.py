"""Checks that a request comes from the provider. Secrets are compared in constant time."""

from __future__ import annotations

import hmac

from api.webhooks.protocol import WebhookRequest

HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def verify_signature(request: WebhookRequest, secret: str) -> bool:
    """Whether the header ``X-Hub-Signature-256`` is the HMAC-SHA256 of the raw body, in hex after
    ``sha256=``, as GitHub, Meta and GOWA write it."""
    signature = request.headers.get(HEADER, "")
    digest = hmac.digest(secret.encode(), request.body, "sha256").hex()
    return hmac.compare_digest((_PREFIX + digest).encode(), signature.encode())


def verify_signature_or_secret(request: WebhookRequest, secret: str) -> bool:
    """Whether the signature is right, or, where the request has none, whether its URL has the
    secret as ``?secret=…``. Wablas and Whacenter do not sign; the secret is in the URL that a user
    gives them."""
    if HEADER in request.headers:
        return verify_signature(request, secret)
    return hmac.compare_digest(secret.encode(), request.query.get("secret", "").encode())
