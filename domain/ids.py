"""Ids that follow from what they stand for, and what may be kept of a provider's own."""

from __future__ import annotations

from hashlib import sha1, sha256
from uuid import UUID

import msgspec

# The variant of RFC 9562 in the two highest bits of a hexadecimal digit.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def derived(namespace: UUID, name: str) -> UUID:
    """The version 5 UUID of ``name`` in ``namespace`` (RFC 9562, 5.5): what ``uuid.uuid5`` gives,
    which takes longer than all else that scheduling a message does here."""
    found = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return msgspec.convert(f"{found[:12]}5{found[13:16]}{_VARIANT[found[16]]}{found[17:32]}", UUID)


# Of the SHA-256 of a provider's id, in hex: 160 bits, so that two messages never share one.
_PROVIDER_DIGITS = 40


def digest_of(wamid: str) -> str:
    """``sha256:`` and the first 40 hex digits of the SHA-256 of a WhatsApp Cloud API message id.

    Such an id (``wamid.…``) contains the recipient's phone number in base64, and events hold no
    personal data. Sending and receiving name the message by the same digest.
    """
    return f"sha256:{sha256(wamid.encode()).hexdigest()[:_PROVIDER_DIGITS]}"
