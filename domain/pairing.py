"""A WhatsApp Web session of a device: how a phone is linked to it, and whom that phone knows."""

from __future__ import annotations

import msgspec

from domain.errors import UnsupportedError

# The gateways that hold a WhatsApp Web session, to which a phone can be linked.
GATEWAYS = frozenset({"gowa"})


class QrCode(msgspec.Struct, frozen=True):
    """A QR code that a phone scans: its ``modules`` row by row, true is dark, without the margin;
    ``seconds`` is how long it is good for, None where the gateway does not say."""

    modules: tuple[tuple[bool, ...], ...]
    seconds: int | None = None


class Contact(msgspec.Struct, frozen=True):
    """A person in the address book of a device's phone. ``phone`` is E.164, None where WhatsApp
    names the person without a number."""

    phone: str | None
    name: str

    def __repr__(self) -> str:
        # Neither gets into a log or a traceback.
        return "<contact>"


def require_linking(gateway: str) -> None:
    """Raises UnsupportedError for a gateway to which no phone is linked from here."""
    if gateway not in GATEWAYS:
        raise UnsupportedError(f"a device behind {gateway} is linked to no phone from here")
