"""Addresses: the ways in which providers name a person.

One person may have several addresses, and an address is one person's at a time. The readers take
what a provider wrote, which may be of any type, and never raise.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from domain.phones import canonical

Kind = Literal["phone", "wa_id", "lid", "user_id"]

# How a JID of WhatsApp Web ends: that of a phone, in its two spellings, and that of a LID.
USER_SERVER = "@s.whatsapp.net"
_USER_SERVERS = (USER_SERVER, "@c.us")
_LID_SERVER = "@lid"

# The digits of E.164 (at most 15), which never begin with 0; no number that can write has less
# than 5.
_DIGITS = re.compile("[1-9][0-9]{4,14}")
# A LID is a number that WhatsApp made up: 64 bits at most.
_LID_DIGITS = re.compile("[1-9][0-9]{0,19}")
# Before the server, whatsmeow writes "user", "user:device" or "user.agent:device".
_JID = re.compile(r"([0-9]{1,20})(?:\.[0-9]{1,3})?(?::[0-9]{1,5})?(@[a-z.]{1,20})")
# A country, a full stop and up to 128 letters and digits, with "ENT." between them for a parent's;
# wider than that, but nothing that is not ASCII or cannot be seen.
_USER_ID = re.compile("[!-~]{1,200}")


class Address(msgspec.Struct, frozen=True):
    """One way to name a person.

    ``value`` is E.164 with its plus for ``phone``, in the canonical spelling; the digits as
    WhatsApp writes them for ``wa_id``; digits and ``@lid`` for ``lid``; as it came for ``user_id``.
    ``scope`` says within what the value names one person; empty where it does everywhere. That of
    a suppression may be a device (``domain/suppression``).
    """

    kind: Kind
    value: str
    scope: str = ""

    @property
    def key(self) -> str:
        """By what the person is found: all spellings of one number have the same."""
        return canonical(f"+{self.value}") if self.kind == "wa_id" else self.value

    def __repr__(self) -> str:
        # Who it is does not get into a log or a traceback.
        return f"<address {self.kind}>"


def wa_id(value: Any) -> Address | None:
    """The address of a person's digits as WhatsApp writes them, with or without a plus; None for
    anything else."""
    if type(value) is int and 0 < value < 10**15:
        value = str(value)
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("+")
    return Address("wa_id", digits) if _DIGITS.fullmatch(digits) else None


def user_id(value: Any) -> Address | None:
    """The address of a business-scoped user id, such as ``MY.1349120865530200006``, kept as it
    came; None for anything else."""
    if not isinstance(value, str) or not _USER_ID.fullmatch(value):
        return None
    return Address("user_id", value)


def from_jid(value: Any) -> list[Address]:
    """The addresses in what GOWA writes of one person, each once, in their order.

    That is ``60123456789@s.whatsapp.net`` or ``@c.us``, which is a ``wa_id``;
    ``251556360000035@lid``; either with ``:12`` before the ``@``, which of her devices it was; or
    two of these with `` in `` between them. None at all for anything else: groups, newsletters,
    statuses, and two different people.
    """
    if not isinstance(value, str) or len(value) > 200:
        return []
    found: dict[Kind, Address] = {}
    for part in value.split(" in "):
        address = _of_jid(part)
        if address is None or found.setdefault(address.kind, address) != address:
            return []
    return list(found.values())


def _of_jid(jid: str) -> Address | None:
    parts = _JID.fullmatch(jid)
    if parts is None:
        return None
    user, server = parts.groups()
    if server in _USER_SERVERS:
        return wa_id(user)
    if server == _LID_SERVER and _LID_DIGITS.fullmatch(user):
        return Address("lid", f"{user}{_LID_SERVER}")
    return None
