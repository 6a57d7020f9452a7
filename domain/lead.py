"""A lead: a person, known by an E.164 phone number. All personal data is in these events.

An erased lead refuses every change with WrongStateError. Only of a reply, of consuming a trigger
and of erasing again nothing follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from domain import values
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.ids import derived
from domain.values import TargetStatus


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a lead besides phone and triggers; it is replaced as a whole.

    ``device_id`` is the lead's own device, the only one that writes to it. ``timezone`` is an IANA
    name. Placeholders may name ``attributes``.
    """

    name: str = ""
    niche: tuple[str, ...] = ()
    target_status: TargetStatus = "prospect"
    device_id: UUID | None = None
    timezone: str | None = None
    attributes: dict[str, str] = {}


class LeadRegistered(Event, frozen=True, kw_only=True, gc=False):
    """The lead exists; ``phone`` is in E.164."""

    TOPIC: ClassVar[str] = "lead.registered"
    phone: str
    triggers: tuple[str, ...]
    profile: Profile


class LeadUpdated(Event, frozen=True, kw_only=True, gc=False):
    """``profile`` replaced the one before it."""

    TOPIC: ClassVar[str] = "lead.updated"
    profile: Profile


class LeadTriggered(Event, frozen=True, kw_only=True, gc=False):
    """The lead got one more trigger."""

    TOPIC: ClassVar[str] = "lead.triggered"
    trigger: str


class LeadTriggerConsumed(Event, frozen=True, kw_only=True, gc=False):
    """The lead lost ``trigger``, spelt as the lead had it, to the enrollments that it began."""

    TOPIC: ClassVar[str] = "lead.trigger_consumed"
    trigger: str
    enrollment_ids: tuple[UUID, ...]


class LeadOptedOut(Event, frozen=True, kw_only=True, gc=False):
    """The lead must not be written to; ``evidence`` proves the wish."""

    TOPIC: ClassVar[str] = "lead.opted_out"
    evidence: str


class LeadOptedIn(Event, frozen=True, kw_only=True, gc=False):
    """The lead may be written to again; ``evidence`` proves the wish."""

    TOPIC: ClassVar[str] = "lead.opted_in"
    evidence: str


class LeadReplied(Event, frozen=True, kw_only=True, gc=False):
    """The lead wrote to us. ``provider_id`` is the provider's id of the text. ``message_id`` is the
    message that it answers: the latest one dispatched to the lead, None if there was none."""

    TOPIC: ClassVar[str] = "lead.replied"
    text: str
    provider_id: str
    message_id: UUID | None = None


class LeadErased(Event, frozen=True, kw_only=True, gc=False):
    """The personal data is unreadable, in this lead's earlier events too; this is the receipt."""

    TOPIC: ClassVar[str] = "lead.erased"


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """A lead's state; ``replied_at`` and ``replied_to`` are of the latest reply. An erased lead has
    no phone, name, attributes or triggers, and stays erased."""

    id: UUID
    version: int
    phone: str
    triggers: tuple[str, ...]
    profile: Profile
    opted_out_at: datetime | None = None
    replied_at: datetime | None = None
    replied_to: UUID | None = None
    registered_at: datetime
    erased_at: datetime | None = None


class Tagged(msgspec.Struct, frozen=True):
    """As much of a lead's state as consuming its triggers needs."""

    id: UUID
    version: int
    triggers: tuple[str, ...]


def lead_id(namespace: UUID, phone: str) -> UUID:
    """The id, which follows from the installation's namespace and the phone in E.164: one phone is
    one lead."""
    return derived(namespace, phone)


def evolve(state: Lead | None, event: Event) -> Lead:
    """The lead after ``event``."""
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
            changes: dict[str, object] = {"profile": event.profile}
        case Lead(), LeadTriggered():
            changes = {"triggers": (*state.triggers, event.trigger)}
        case Lead(), LeadTriggerConsumed():
            changes = {"triggers": tuple(t for t in state.triggers if t != event.trigger)}
        case Lead(), LeadOptedOut():
            changes = {"opted_out_at": event.timestamp}
        case Lead(), LeadOptedIn():
            changes = {"opted_out_at": None}
        case Lead(), LeadReplied():
            changes = {"replied_at": event.timestamp, "replied_to": event.message_id}
        case Lead(), LeadErased():
            changes = {
                "phone": "",
                "profile": msgspec.structs.replace(state.profile, name="", attributes={}),
                "triggers": (),
                "opted_out_at": state.opted_out_at or event.timestamp,
                "erased_at": event.timestamp,
            }
        case _:
            raise ForeignEventError("a lead", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def profile(
    *,
    name: str = "",
    niche: tuple[str, ...] | list[str] = (),
    target_status: str = "prospect",
    device_id: UUID | None = None,
    timezone: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> Profile:
    """A checked profile. Raises InvalidInputError naming a value that is wrong."""
    if timezone is not None:
        values.zone(timezone)
    for key, value in (attributes or {}).items():
        if not (key.isascii() and key.isidentifier() and len(key) <= 100):
            raise InvalidInputError("attributes", "ASCII identifiers as keys, e.g. order_number")
        values.text(f"attributes.{key}", value, longest=10_000, allow_empty=True)
    return Profile(
        name=values.text("name", name, longest=500, allow_empty=True).strip(),
        niche=values.tokens("niche", niche),
        target_status=values.target_status(target_status),
        device_id=device_id,
        timezone=timezone,
        attributes=dict(attributes or {}),
    )


def register(
    id: UUID,  # noqa: A002 - the field's own name
    phone: str,
    triggers: tuple[str, ...] | list[str],
    profile: Profile,
    *,
    now: datetime,
    actor: str,
) -> LeadRegistered:
    """A new lead. ``phone`` and ``profile`` are checked already; triggers are checked here."""
    checked = values.tokens("triggers", triggers)
    return first(LeadRegistered, id, now, actor, phone=phone, triggers=checked, profile=profile)


def update(lead: Lead, profile: Profile, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Replace the profile; nothing follows where nothing changes."""
    _require_present(lead, "update")
    if profile == lead.profile:
        return ()
    return (following(lead, LeadUpdated, now, actor, profile=profile),)


def add_trigger(lead: Lead, trigger: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Give the lead a trigger; nothing follows where the lead has it, in any case, already."""
    (token,) = values.tokens("trigger", [trigger])
    _require_present(lead, "give a trigger to")
    if values.matching(token, lead.triggers) is not None:
        return ()
    return (following(lead, LeadTriggered, now, actor, trigger=token),)


def consume_trigger(
    lead: Lead | Tagged,
    trigger: str,
    enrollment_ids: tuple[UUID, ...],
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Take ``trigger``, in any case, from the lead, for the enrollments that it began. The lead's
    other triggers stay; nothing follows where the lead does not have this one."""
    own = values.matching(trigger, lead.triggers)
    if own is None:
        return ()
    consumed = {"trigger": own, "enrollment_ids": enrollment_ids}
    return (following(lead, LeadTriggerConsumed, now, actor, **consumed),)


def opt_out(lead: Lead, evidence: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Record the wish not to be written to; nothing follows where it is recorded already.
    ``evidence`` proves the wish, e.g. with the words of the reply."""
    _require_present(lead, "opt out")
    values.text("evidence", evidence, longest=10_000)
    if lead.opted_out_at is not None:
        return ()
    return (following(lead, LeadOptedOut, now, actor, evidence=evidence),)


def opt_in(lead: Lead, evidence: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Withdraw an opt-out; nothing follows where there is none. ``evidence`` proves the wish."""
    _require_present(lead, "opt in")
    values.text("evidence", evidence, longest=10_000)
    if lead.opted_out_at is None:
        return ()
    return (following(lead, LeadOptedIn, now, actor, evidence=evidence),)


def reply(
    lead: Lead,
    text: str,
    provider_id: str,
    message_id: UUID | None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Record a reply to ``message_id``, or to no message of ours. What an erased lead writes is not
    kept: nothing follows."""
    if lead.erased_at is not None:
        return ()
    return (
        following(
            lead,
            LeadReplied,
            now,
            actor,
            text=values.cleaned(text),
            provider_id=values.cleaned(provider_id, 500),
            message_id=message_id,
        ),
    )


def erase(lead: Lead, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Forget the person; nothing follows where the lead is erased already. Whoever erases destroys
    the key of the personal data too."""
    if lead.erased_at is not None:
        return ()
    return (following(lead, LeadErased, now, actor),)


def _require_present(lead: Lead, wanted: str) -> None:
    if lead.erased_at is not None:
        raise WrongStateError("lead", "erased", wanted)
