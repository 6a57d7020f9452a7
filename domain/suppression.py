"""A suppression: an address that said no and belongs to no lead yet; whoever is registered with it
starts opted out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain import values
from domain.addresses import Address
from domain.event import Event, ForeignEventError, first, folder, following


class AddressSuppressed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Nobody with ``address`` may be written to; ``evidence`` proves the wish. The person said so
    at ``said_at``, to ``device_id``; None where somebody else did. An address whose ``scope`` is a
    device may not be written to by that one; see ``name``."""

    TOPIC: ClassVar[str] = "suppression.address_suppressed"
    address: Address
    evidence: str
    said_at: datetime | None = None
    device_id: UUID | None = None


class AddressReleased(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The address may be written to again; ``evidence`` proves the wish, which was said to
    ``device_id``; None where somebody else said so."""

    TOPIC: ClassVar[str] = "suppression.address_released"
    evidence: str
    device_id: UUID | None = None


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """A suppression's state; ``since`` the address is suppressed, and at ``said_at`` somebody said
    so last, the person herself if ``by_person``. ``device_id`` is the device to which it was said
    first, as far as one is known. One that is not ``in_force`` was released."""

    id: UUID
    version: int
    address: Address
    evidence: str
    since: datetime
    said_at: datetime
    by_person: bool = False
    in_force: bool = True
    device_id: UUID | None = None

    @property
    def is_forgotten(self) -> bool:
        """Whether the person with the address was erased: nobody can read which one it was."""
        return not self.address.value


def name(key: str, scope: str = "") -> str:
    """By what the suppression of an address with that ``key`` is found. With a ``scope``, the id of
    a device, it is another one: the person is other devices', so what was said to that device alone
    holds for no other."""
    return f"{key} {scope}" if scope else key


def evolve(state: Suppression | None, event: Event) -> Suppression:
    """The suppression after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, AddressSuppressed():
            return Suppression(
                id=event.originator_id,
                version=1,
                address=event.address,
                evidence=event.evidence,
                since=event.timestamp,
                said_at=event.said_at or event.timestamp,
                by_person=event.said_at is not None,
                device_id=event.device_id,
            )
        case Suppression(), AddressSuppressed():
            said_at = event.said_at or event.timestamp
            changes = {"said_at": said_at, "by_person": event.said_at is not None}
            if state.in_force:
                changes["said_at"] = max(said_at, state.said_at)
            else:
                changes |= {
                    "in_force": True,
                    "address": event.address,
                    "evidence": event.evidence,
                    "since": event.timestamp,
                    "device_id": event.device_id,
                }
        case Suppression(), AddressReleased():
            changes = {"in_force": False}
        case _:
            raise ForeignEventError("a suppression", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def suppress(
    state: Suppression | None,
    id: UUID,  # noqa: A002 - the field's own name
    address: Address,
    evidence: str,
    said_at: datetime | None = None,
    device_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Remember that ``address`` said no, at ``said_at`` and to the device if the person did.
    ``state`` is None before the first time.

    Where that is in force already, only a later no of the person is remembered, and what somebody
    else says after the person, so that no START from before takes it back.
    """
    said: dict[str, Any] = {
        "address": address,
        "evidence": values.cleaned(evidence),
        "said_at": said_at,
        "device_id": device_id,
    }
    if state is None:
        return (first(AddressSuppressed, id, now, actor, **said),)
    if state.in_force and not _says_more(state, said_at):
        return ()
    return (following(state, AddressSuppressed, now, actor, **said),)


def _says_more(state: Suppression, said_at: datetime | None) -> bool:
    if said_at is None:
        return state.by_person
    return values.surely_before(state.said_at, said_at)


def release(
    state: Suppression,
    evidence: str,
    device_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Forget it, as was said to the device; nothing follows where it is released already."""
    if not state.in_force:
        return ()
    said = {"evidence": values.cleaned(evidence), "device_id": device_id}
    return (following(state, AddressReleased, now, actor, **said),)
