"""Ids that are derived from what they name, and the digest that is kept of a provider's id."""

from __future__ import annotations

from datetime import UTC, datetime
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


def of_moment(at: datetime, near: UUID, name: bytes) -> UUID:
    """The version 8 UUID (RFC 9562) of ``name`` at the instant ``at``: its milliseconds since 1970,
    in 48 bits, the first 18 bits of the id ``near``, and 56 bits of a digest of the name.

    What is made in the order of instants and of ids lies together, and in that order, in every
    index.
    """
    place = near.int >> 110
    digits = sha1(name, usedforsecurity=False).hexdigest()
    milliseconds = max(0, int(at.timestamp() * 1000))
    return msgspec.convert(
        f"{milliseconds:012x}8{place >> 6:03x}{0x80 | place & 63:02x}{digits[:14]}",
        UUID,
    )


def within(namespace: UUID, near: UUID, name: str) -> UUID:
    """The version 8 UUID of ``name`` in ``namespace``: the first 32 bits of the namespace, the
    first 28 of the id ``near``, and 62 bits of a digest of both and the name.

    All of a namespace lie together in every index, in the order of the ids that they are near.
    """
    digits = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    place = near.hex
    return msgspec.convert(
        f"{namespace.hex[:8]}{place[:4]}8{place[4:7]}{_VARIANT[digits[0]]}{digits[1:16]}", UUID
    )


def time_ordered(at: datetime, name: str) -> UUID:
    """The version 8 UUID (RFC 9562) of ``name`` at the instant ``at``: first its milliseconds, in
    48 bits, then a digest of the name."""
    milliseconds = int(at.timestamp() * 1000)
    digits = sha256(name.encode(errors="surrogatepass")).hexdigest()
    return UUID(f"{milliseconds:012x}8{digits[:3]}{_VARIANT[digits[3]]}{digits[4:19]}")


def instant_of(id_: UUID) -> datetime | None:
    """The instant in an id that ``time_ordered`` made, without what is less than a millisecond;
    None for an id of another version."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC) if id_.version == 8 else None


# What HMAC combines a key with, byte by byte, for its inner and its outer hash (RFC 2104).
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The HMAC-SHA256 of ``message``, as ``hmac.digest`` gives it; ``key`` has 64 bytes at most.

    ``hmac.digest`` takes twice as long, and every dispatch makes one.
    """
    block = key.ljust(64, b"\0")
    inner = sha256(block.translate(_INNER) + message).digest()
    return sha256(block.translate(_OUTER) + inner).digest()


def keyed(key: bytes, name: str) -> UUID:
    """The version 8 UUID of ``name`` under the installation's identity ``key`` of 32 bytes: the
    beginning of an HMAC-SHA256 (RFC 9562, 5.8).

    Who does not have the key cannot find the name by trying names. The first word of ``name`` says
    what kind of thing it is, so that things of two kinds never share an id.
    """
    digits = hmac_sha256(key, name.encode()).hex()
    return msgspec.convert(
        f"{digits[:12]}8{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:32]}", UUID
    )


# Hex digits of the SHA-256 that are kept: 160 bits, so that two messages never share a digest.
_PROVIDER_DIGITS = 40


def digest_of(wamid: str) -> str:
    """``sha256:`` and the first 40 hex digits of the SHA-256 of a WhatsApp Cloud API message id.

    Such an id (``wamid.…``) contains the recipient's phone number in base64, and the events of a
    message hold no personal data. The gateway and the webhook name the message by the same digest.
    """
    return f"sha256:{sha256(wamid.encode()).hexdigest()[:_PROVIDER_DIGITS]}"
