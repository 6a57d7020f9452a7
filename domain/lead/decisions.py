"""What may happen to a lead: state and plain values in, the events that follow out.

An erased lead refuses every change with WrongStateError. Only of what the person or the provider
says, of consuming a trigger and of erasing again nothing follows. A lead that was merged into
another hears what the person wishes, and refuses every other change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import values
from domain.addresses import Address
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, first, following
from domain.lead.events import (
    LeadAbsorbed,
    LeadAddressLearned,
    LeadContactedByHand,
    LeadErased,
    LeadMerged,
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
from domain.lead.state import Lead, Tagged
from domain.lead.wishes import require_present

# As many as a file may have columns.
MOST_ATTRIBUTES = 1000


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
    if len(attributes or {}) > MOST_ATTRIBUTES:
        raise InvalidInputError("attributes", f"at most {MOST_ATTRIBUTES}")
    for key, value in (attributes or {}).items():
        if not (key.isascii() and key.isidentifier() and len(key) <= 100):
            raise InvalidInputError("attributes", "ASCII identifiers as keys, e.g. order_number")
        values.text(f"attributes.{key}", value, longest=10_000, allow_empty=True)
    return Profile(
        name=values.name("name", name, longest=500, allow_empty=True),
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
    renewed_consent: str | None = None,
    *,
    now: datetime,
    actor: str,
) -> LeadRegistered:
    """A new lead. ``phone`` and ``profile`` are checked already; triggers, and the evidence of a
    ``renewed_consent``, are checked here."""
    fields: dict[str, Any] = {"phone": phone, "profile": profile}
    fields["triggers"] = values.tokens("triggers", triggers)
    if renewed_consent is not None:
        evidence = values.text("renewed_consent", renewed_consent, longest=10_000)
        fields["renewed_consent"] = evidence
    return first(LeadRegistered, id, now, actor, **fields)


def update(lead: Lead, profile: Profile, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Replace the profile; nothing follows where nothing changes."""
    _require_own(lead, "update")
    if profile == lead.profile:
        return ()
    return (following(lead, LeadUpdated, now, actor, profile=profile),)


def add_trigger(lead: Lead, trigger: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Give the lead a trigger; nothing follows where the lead has it, in any case, already."""
    (token,) = values.tokens("trigger", [trigger])
    _require_own(lead, "give a trigger to")
    if values.matching(token, lead.triggers) is not None:
        return ()
    return (following(lead, LeadTriggered, now, actor, trigger=token),)


def remove_trigger(lead: Lead, trigger: str, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Take ``trigger``, in any case, from the lead; nothing follows where the lead has none such.
    What it began goes on."""
    (token,) = values.tokens("trigger", [trigger])
    _require_own(lead, "take a trigger from")
    own = values.matching(token, lead.triggers)
    if own is None:
        return ()
    return (following(lead, LeadTriggerRemoved, now, actor, trigger=own),)


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


def reply(lead: Lead, text: str, provider_id: str, **facts: Any) -> tuple[Event, ...]:
    """Record a reply; ``facts`` are further fields of LeadReplied, with ``now`` and ``actor``. What
    an erased lead writes is not kept: nothing follows."""
    if lead.erased_at is not None:
        return ()
    now, actor = facts.pop("now"), facts.pop("actor")
    said = {"text": values.cleaned(text), "provider_id": values.cleaned(provider_id, 500)}
    return (following(lead, LeadReplied, now, actor, **said, **facts),)


def edit_reply(
    lead: Lead,
    text: str,
    provider_id: str,
    edit_id: str,
    device_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """The person replaced the words of the reply ``provider_id``, by what the provider calls
    ``edit_id`` and came through the device."""
    if lead.erased_at is not None:
        return ()
    named = {"provider_id": provider_id, "edit_id": edit_id}
    said = {"text": values.cleaned(text), **{k: values.cleaned(v, 500) for k, v in named.items()}}
    return (following(lead, LeadReplyEdited, now, actor, **said, device_id=device_id),)


def learn_address(
    lead: Lead, address: Address, device_id: UUID | None = None, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """A provider, through the device, calls the person by ``address``, which the lead is not known
    to have yet.

    Nothing follows from a ``wa_id`` that only repeats the digits of the phone.
    """
    if lead.erased_at is not None:
        return ()
    if address.kind == "wa_id" and address.value in (lead.phone.removeprefix("+"), lead.wa_id):
        return ()
    learned = {"address": address, "device_id": device_id}
    return (following(lead, LeadAddressLearned, now, actor, **learned),)


def change_phone(
    lead: Lead,
    phone: str,
    evidence: str,
    changed_at: datetime | None = None,
    device_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """The person has a new ``phone``, in E.164, since ``changed_at`` by the clock of the provider,
    who said so through the device. Nothing follows where it is the same, or changed again since."""
    _require_own(lead, "change the phone of")
    values.text("evidence", evidence, longest=10_000)
    if phone == lead.phone or (
        changed_at and values.surely_before(changed_at, lead.phone_changed_at)
    ):
        return ()
    moved = {"phone": phone, "evidence": evidence, "changed_at": changed_at}
    return (following(lead, LeadPhoneChanged, now, actor, **moved, device_id=device_id),)


def contact_by_hand(
    lead: Lead,
    device_id: UUID,
    provider_id: str,
    sent_at: datetime,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Somebody wrote to the person on the phone of ``device_id`` itself."""
    if lead.erased_at is not None:
        return ()
    written = {"device_id": device_id, "provider_id": provider_id, "sent_at": sent_at}
    return (following(lead, LeadContactedByHand, now, actor, **written),)


def lose_contact(
    lead: Lead,
    code: str,
    message_id: UUID | None,
    device_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """The provider says by ``code``, through the device, that no message reaches the person;
    nothing follows where that is known."""
    if lead.erased_at is not None or lead.unreachable_at is not None:
        return ()
    of = {"message_id": message_id, "device_id": device_id}
    return (following(lead, LeadUnreachable, now, actor, code=code, **of),)


def find_again(
    lead: Lead,
    message_id: UUID | None,
    device_id: UUID | None = None,
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """A message reached the person, was said through the device; nothing follows where nobody
    thought otherwise."""
    if lead.erased_at is not None or lead.unreachable_at is None:
        return ()
    of = {"message_id": message_id, "device_id": device_id}
    return (following(lead, LeadReachable, now, actor, **of),)


def absorb(lead: Lead, other: Lead, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """``lead`` goes on for ``other`` too. Raises WrongStateError where one of them is erased or
    merged already, and InvalidInputError where both are the same."""
    _require_own(lead, "merge")
    _require_own(other, "merge")
    if lead.id == other.id:
        raise InvalidInputError("with", "the id of another lead")
    return (following(lead, LeadAbsorbed, now, actor, lead_id=other.id),)


def join(lead: Lead, into: UUID, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """The lead is only the past of ``into`` from now on."""
    if lead.erased_at is not None:
        return ()
    return (following(lead, LeadMerged, now, actor, into=into),)


def erase(
    lead: Lead,
    also: tuple[UUID, ...] = (),
    unreadable: tuple[int, ...] = (),
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Forget the person; nothing follows where the lead is erased already. Whoever erases destroys
    the key of the personal data too. ``also`` and ``unreadable`` are those of LeadErased."""
    if lead.erased_at is not None:
        return ()
    return (following(lead, LeadErased, now, actor, also=also, unreadable=unreadable),)


def _require_own(lead: Lead, wanted: str) -> None:
    require_present(lead, wanted)
    if lead.merged_into is not None:
        raise WrongStateError("lead", f"merged into {lead.merged_into}", wanted)
