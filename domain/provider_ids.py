"""What a provider calls a message, in a form that may be kept for ever.

The WhatsApp Cloud API's ids (``wamid.…``) contain the recipient's phone number in base64, and no
personal data may get into events. Whoever sends and whoever receives about a message know it by the
same digest.
"""

from __future__ import annotations

import hashlib

DIGITS = 40


def digest_of(wamid: str) -> str:
    """``sha256:`` and the first 40 hex digits of the id's SHA-256, 160 bits: two messages never
    share one."""
    return f"sha256:{hashlib.sha256(wamid.encode()).hexdigest()[:DIGITS]}"
