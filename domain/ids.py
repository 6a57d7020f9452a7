"""Ids that are derived from what they name, and the digest that is kept of a provider's id."""

from __future__ import annotations

from hashlib import sha1, sha256
from uuid import UUID

import msgspec

# The variant of RFC 9562 in the two highest bits of a hexadecimal digit.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def derived(namespace: UUID, name: str) -> UUID:
    """The version 5 UUID of ``name`` in ``namespace`` (RFC 9562, 5.5), as ``uuid.uuid5`` gives it.

    ``uuid.uuid5`` takes longer than everything else that scheduling a message does in the domain.
    """
    digits = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return msgspec.convert(
        f"{digits[:12]}5{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:32]}", UUID
    )


# Hex digits of the SHA-256 that are kept: 160 bits, so that two messages never share a digest.
_PROVIDER_DIGITS = 40


def digest_of(wamid: str) -> str:
    """``sha256:`` and the first 40 hex digits of the SHA-256 of a WhatsApp Cloud API message id.

    Such an id (``wamid.…``) contains the recipient's phone number in base64, and the events of a
    message hold no personal data. The gateway and the webhook name the message by the same digest.
    """
    return f"sha256:{sha256(wamid.encode()).hexdigest()[:_PROVIDER_DIGITS]}"
