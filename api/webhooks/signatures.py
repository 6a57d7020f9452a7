"""Does a request come from whom it says? Compared in constant time."""

from __future__ import annotations

import hashlib
import hmac

from api.webhooks.protocol import Inbound

HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def signed(inbound: Inbound, secret: str) -> bool:
    """Whether the header has the HMAC-SHA256 of the raw body, in hex, as GitHub, Meta and GOWA
    write it."""
    given = inbound.headers.get(HEADER, "")
    digest = hmac.new(secret.encode(), inbound.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest((_PREFIX + digest).encode(), given.encode())


def signed_or_known(inbound: Inbound, secret: str) -> bool:
    """The same, or, as Wablas and Whacenter do not sign, the secret itself in the URL that they
    were given: ``?secret=…``."""
    if HEADER in inbound.headers:
        return signed(inbound, secret)
    return hmac.compare_digest(secret.encode(), inbound.query.get("secret", "").encode())
