"""The events of a lead. All personal data of a person is in them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from domain.addresses import Address
from domain.content import Content
from domain.event import Event
from domain.values import TargetStatus

# How an opt-out came: the person's own words, the platform's signal, or somebody on their behalf.
OptOutVia = Literal["reply", "platform", "operator", "import", "suppression", "merge"]
OptInVia = Literal["reply", "platform", "operator"]
ReplyKind = Literal[
    "text",
    "button",
    "interactive",
    "image",
    "video",
    "document",
    "audio",
    "sticker",
    "location",
    "contact",
]


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


class LeadRegistered(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The lead exists; ``phone`` is in E.164. Where the person with that phone was erased,
    ``renewed_consent`` is the evidence that the person agreed since."""

    TOPIC: ClassVar[str] = "lead.registered"
    phone: str
    triggers: tuple[str, ...]
    profile: Profile
    renewed_consent: str | None = None


class LeadUpdated(Event, frozen=True, kw_only=True, gc=False):
    """``profile`` replaced the one before it."""

    TOPIC: ClassVar[str] = "lead.updated"
    profile: Profile


class LeadTriggered(Event, frozen=True, kw_only=True, gc=False):
    """The lead got one more trigger."""

    TOPIC: ClassVar[str] = "lead.triggered"
    trigger: str


class LeadTriggerRemoved(Event, frozen=True, kw_only=True, gc=False):
    """Somebody took ``trigger``, spelt as the lead had it, from the lead."""

    TOPIC: ClassVar[str] = "lead.trigger_removed"
    trigger: str


class LeadTriggerConsumed(Event, frozen=True, kw_only=True, gc=False):
    """The lead lost ``trigger``, spelt as the lead had it, to the enrollments that it began."""

    TOPIC: ClassVar[str] = "lead.trigger_consumed"
    trigger: str
    enrollment_ids: tuple[UUID, ...]


class LeadOptedOut(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The lead must not be written to; ``evidence`` proves the wish.

    ``device_id`` and ``gateway`` are those through which it came; ``said_at`` is when the person
    said so, by the provider's clock. ``message_id`` is our message after which an opted-in person
    said so.
    """

    TOPIC: ClassVar[str] = "lead.opted_out"
    evidence: str
    via: OptOutVia = "operator"
    device_id: UUID | None = None
    gateway: str = ""
    said_at: datetime | None = None
    message_id: UUID | None = None


class LeadOptedIn(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The lead may be written to again; ``evidence`` proves the wish, which was said at
    ``said_at``, through ``device_id`` and ``gateway``."""

    TOPIC: ClassVar[str] = "lead.opted_in"
    evidence: str
    via: OptInVia = "operator"
    said_at: datetime | None = None
    device_id: UUID | None = None
    gateway: str = ""


class LeadReplied(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The lead wrote to us. ``provider_id`` is the provider's id of the text.

    ``message_id`` is the message that the person quotes, else the latest one dispatched to the
    lead, None if there was none. ``sent_at`` is the provider's instant. An ``automatic`` reply came
    so soon after a message that no person wrote it. ``sender`` is the address that it came from.
    """

    TOPIC: ClassVar[str] = "lead.replied"
    text: str
    provider_id: str
    message_id: UUID | None = None
    reply_id: UUID | None = None
    kind: ReplyKind = "text"
    automatic: bool = False
    sent_at: datetime | None = None
    device_id: UUID | None = None
    gateway: str = ""
    sender: Address | None = None


class LeadReplyEdited(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """``text`` replaced the words of the reply that the provider calls ``provider_id``; the edit
    itself, which came through ``device_id``, it calls ``edit_id``."""

    TOPIC: ClassVar[str] = "lead.reply_edited"
    text: str
    provider_id: str
    edit_id: str = ""
    device_id: UUID | None = None


class LeadAddressLearned(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A provider, through ``device_id``, calls the person by ``address`` too."""

    TOPIC: ClassVar[str] = "lead.address_learned"
    address: Address
    device_id: UUID | None = None


class LeadPhoneChanged(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The person has a new phone, in E.164, as the provider, through ``device_id``, or an operator
    said: ``evidence``. By the provider's clock it changed at ``changed_at``."""

    TOPIC: ClassVar[str] = "lead.phone_changed"
    phone: str
    evidence: str
    changed_at: datetime | None = None
    device_id: UUID | None = None


class LeadContactedByHand(Event, frozen=True, kw_only=True, gc=False):
    """Somebody wrote to the person on the phone itself, at ``sent_at`` by the provider's clock."""

    TOPIC: ClassVar[str] = "lead.contacted_by_hand"
    device_id: UUID
    provider_id: str
    sent_at: datetime


class LeadUnreachable(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """No message reaches the person, says the provider through ``device_id`` by ``code`` of
    ``message_id``."""

    TOPIC: ClassVar[str] = "lead.unreachable"
    code: str
    message_id: UUID | None = None
    device_id: UUID | None = None


class LeadReachable(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A message reached the person after all, through ``device_id``."""

    TOPIC: ClassVar[str] = "lead.reachable"
    message_id: UUID | None = None
    device_id: UUID | None = None


class LeadMessageComposed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Somebody wrote the message ``message_id`` to this one person, outside every campaign and
    sequence. The text may name the person, and so it is here, with the ``rules`` by which its
    placeholders are read. ``device_id`` sends it."""

    TOPIC: ClassVar[str] = "lead.message_composed"
    message_id: UUID
    device_id: UUID
    body: str
    media_url: str | None = None
    rules: int = 0

    @property
    def content(self) -> Content:
        """What was written."""
        return Content(
            content_id=f"{self.originator_id}:{self.originator_version}:0",
            body=self.body,
            media_url=self.media_url,
            rules=self.rules,
        )


class LeadConsentGiven(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The person agreed at ``given_at`` to what is sent for the ``purpose``: at the ``source``, in
    these ``words``. ``reply_id`` is the reply that said so, if one did; ``from_lead`` the lead that
    has it in its own ledger, and turned out to be the same person."""

    TOPIC: ClassVar[str] = "lead.consent_given"
    purpose: str
    source: str
    words: str
    given_at: datetime
    reply_id: UUID | None = None
    from_lead: UUID | None = None


class LeadConsentWithdrawn(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The person agrees no more to what is sent for the ``purpose``; ``evidence`` proves that. It
    was withdrawn of the lead ``from_lead``, which turned out to be the same person, if there is
    one."""

    TOPIC: ClassVar[str] = "lead.consent_withdrawn"
    purpose: str
    evidence: str
    from_lead: UUID | None = None


class LeadMerged(Event, frozen=True, kw_only=True, gc=False):
    """The lead turned out to be the same person as the lead ``into``, which goes on for both."""

    TOPIC: ClassVar[str] = "lead.merged"
    into: UUID


class LeadAbsorbed(Event, frozen=True, kw_only=True, gc=False):
    """The lead goes on for the lead ``lead_id`` too, which is the same person."""

    TOPIC: ClassVar[str] = "lead.absorbed"
    lead_id: UUID


class LeadErased(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The personal data is unreadable, in this lead's earlier events too; this is the receipt.

    ``also`` are the ids that new leads with the person's other numbers would get, and those that
    the person's other addresses give: nobody is registered with one of these either.
    ``unreadable`` are the versions of earlier events that could not be read: an address that only
    they have is not known as erased.
    """

    TOPIC: ClassVar[str] = "lead.erased"
    also: tuple[UUID, ...] = ()
    unreadable: tuple[int, ...] = ()
