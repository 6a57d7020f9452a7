"""Ids that follow from what they stand for."""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID

import msgspec

# The variant of RFC 9562 in the two highest bits of a hexadecimal digit.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def derived(namespace: UUID, name: str) -> UUID:
    """The version 5 UUID of ``name`` in ``namespace`` (RFC 9562, 5.5): what ``uuid.uuid5`` gives,
    which takes longer than all else that scheduling a message does here."""
    found = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return msgspec.convert(f"{found[:12]}5{found[13:16]}{_VARIANT[found[16]]}{found[17:32]}", UUID)
