"""What a lead is after its events."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import Event, ForeignEventError, folder
from domain.ids import keyed
from domain.lead.events import (
    LeadAbsorbed,
    LeadAddressLearned,
    LeadConsentGiven,
    LeadConsentWithdrawn,
    LeadContactedByHand,
    LeadErased,
    LeadMerged,
    LeadMessageComposed,
    LeadOptedIn,
    LeadOptedOut,
    LeadPhoneChanged,
    LeadReachable,
    LeadRegistered,
    LeadReplied,
    LeadReplyEdited,
    LeadTriggerConsumed,
    LeadTriggered,
    LeadTriggerRemoved,
    LeadUnreachable,
    LeadUpdated,
    Profile,
)
from domain.phones import canonical


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """A lead's state; ``replied_at`` and ``replied_to`` are of the latest reply, and
    ``replied_through`` is the device whose number the lead wrote to last, as far as it is known.

    ``wa_id`` is how WhatsApp spells the phone, in digits, if it is known to differ. The
    ``opt_out_…`` fields are of the opt-out in force; it was said at ``opt_out_said_at``, the latest
    opt-in at ``opted_in_at``, and the phone is another one since ``moved_at``, by the clock of
    whoever changed it since ``phone_changed_at``. The
    ``unreachable_…`` fields say that no message reaches the person. A lead that is ``merged_into``
    another one is only that one's past. An erased lead has no phone, name, attributes or triggers,
    and stays erased.
    """

    id: UUID
    version: int
    phone: str
    triggers: tuple[str, ...]
    profile: Profile
    wa_id: str | None = None
    opted_out_at: datetime | None = None
    opt_out_evidence: str | None = None
    opt_out_via: str | None = None
    opt_out_said_at: datetime | None = None
    opted_in_at: datetime | None = None
    moved_at: datetime | None = None
    phone_changed_at: datetime | None = None
    unreachable_at: datetime | None = None
    unreachable_code: str | None = None
    replied_at: datetime | None = None
    replied_to: UUID | None = None
    replied_through: UUID | None = None
    registered_at: datetime
    merged_into: UUID | None = None
    erased_at: datetime | None = None


class Tagged(msgspec.Struct, frozen=True):
    """As much of a lead's state as consuming its triggers needs."""

    id: UUID
    version: int
    triggers: tuple[str, ...]


def lead_id(key: bytes, phone: str, life: int = 1) -> UUID:
    """The id, which follows from the installation's identity ``key`` of 32 bytes and the canonical
    ``phone`` in E.164. Another ``life``, from 1, gives another id for the same phone."""
    return keyed(key, f"lead {phone}" if life == 1 else f"lead {phone} {life}")


_OPTED_IN: dict[str, object] = {
    "opted_out_at": None,
    "opt_out_evidence": None,
    "opt_out_via": None,
    "opt_out_said_at": None,
}
_REACHABLE: dict[str, object] = {"unreachable_at": None, "unreachable_code": None}


def evolve(state: Lead | None, event: Event) -> Lead:
    """The lead after ``event``."""
    changes: dict[str, object] = {}
    match state, event:
        case None, LeadRegistered():
            return Lead(
                id=event.originator_id,
                version=1,
                phone=event.phone,
                triggers=event.triggers,
                profile=event.profile,
                registered_at=event.timestamp,
            )
        case Lead(), LeadUpdated():
            changes = {"profile": event.profile}
        case Lead(), LeadTriggered():
            changes = {"triggers": (*state.triggers, event.trigger)}
        case Lead(), LeadTriggerConsumed() | LeadTriggerRemoved():
            changes = {"triggers": tuple(t for t in state.triggers if t != event.trigger)}
        case Lead(), LeadOptedOut():
            said_at = event.said_at or event.timestamp
            changes = {
                "opted_out_at": state.opted_out_at or event.timestamp,
                "opt_out_said_at": max(said_at, state.opt_out_said_at or said_at),
            }
            # What the platform may take back never stands in the place of another wish.
            if state.opted_out_at is None or event.via != "platform":
                changes |= {"opt_out_evidence": event.evidence, "opt_out_via": event.via}
        case Lead(), LeadOptedIn():
            changes = {**_OPTED_IN, "opted_in_at": event.said_at or event.timestamp}
        case Lead(), LeadReplied():
            changes = {
                "replied_at": event.timestamp,
                "replied_to": event.message_id,
                "replied_through": event.device_id or state.replied_through,
                **_REACHABLE,
            }
        case Lead(), LeadAddressLearned():
            changes = _spelt(state.phone, event) or {}
        case Lead(), LeadPhoneChanged():
            changes = {
                "phone": event.phone,
                "wa_id": None,
                "moved_at": event.timestamp,
                "phone_changed_at": event.changed_at or event.timestamp,
                **_REACHABLE,
            }
        case Lead(), LeadUnreachable():
            changes = {"unreachable_at": event.timestamp, "unreachable_code": event.code}
        case Lead(), LeadReachable():
            changes = _REACHABLE
        case Lead(), (
            LeadReplyEdited()
            | LeadContactedByHand()
            | LeadAbsorbed()
            | LeadMessageComposed()
            | LeadConsentGiven()
            | LeadConsentWithdrawn()
        ):
            pass
        case Lead(), LeadMerged():
            changes = {"merged_into": event.into, "triggers": ()}
        case Lead(), LeadErased():
            changes = {
                "phone": "",
                "profile": msgspec.structs.replace(state.profile, name="", attributes={}),
                "triggers": (),
                "wa_id": None,
                "opted_out_at": state.opted_out_at or event.timestamp,
                "opt_out_evidence": None,
                "erased_at": event.timestamp,
            }
        case _:
            raise ForeignEventError("a lead", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def _spelt(phone: str, event: LeadAddressLearned) -> dict[str, object] | None:
    """The spelling of the lead's own phone, if that is what was learned."""
    if event.address.kind == "wa_id" and event.address.key == canonical(phone):
        return {"wa_id": event.address.value}
    return None
