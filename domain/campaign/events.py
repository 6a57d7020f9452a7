"""The events of a campaign."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from domain.campaign.definition import Definition
from domain.event import Event
from domain.segments import Predicate
from domain.values import TargetFilter

# What a new definition means for the approval: it is needed, there is none, or it is as it was.
ApprovalChange = Literal["needed", "none", "kept"]
# Empty where somebody paused it.
PauseReason = Literal["", "brake"]


class CampaignDrafted(Event, frozen=True, kw_only=True, gc=False):
    """The campaign was written down; it is not planned yet."""

    TOPIC: ClassVar[str] = "campaign.drafted"
    definition: Definition


class CampaignScheduled(Event, frozen=True, kw_only=True, gc=False):
    """The campaign, or a draft, was planned; ``definition`` holds its content."""

    TOPIC: ClassVar[str] = "campaign.scheduled"
    definition: Definition
    approval: ApprovalChange = "kept"


class CampaignRevised(Event, frozen=True, kw_only=True, gc=False):
    """``definition`` replaced the one before it, for every message that was not dispatched."""

    TOPIC: ClassVar[str] = "campaign.revised"
    definition: Definition
    approval: ApprovalChange = "kept"


class CampaignApproved(Event, frozen=True, kw_only=True, gc=False):
    """The actor approved exactly this: the content, whose digest is ``content_sha256``, for the
    leads of ``niche`` and ``target_status`` that are in ``segment``, if there is one."""

    TOPIC: ClassVar[str] = "campaign.approved"
    content_sha256: str
    niche: tuple[str, ...]
    target_status: TargetFilter
    segment: Predicate | None = None


class CampaignTriggered(Event, frozen=True, kw_only=True, gc=False):
    """The campaign started: ``niche`` and ``target_status`` are frozen as its criteria, and
    ``segment`` as its segment was approved or is now, if it has one; times in it count from this
    event. Before ``undo_until`` nothing is sent."""

    TOPIC: ClassVar[str] = "campaign.triggered"
    niche: tuple[str, ...]
    target_status: TargetFilter
    undo_until: datetime | None = None
    segment: Predicate | None = None


class CampaignAudienceExtended(Event, frozen=True, kw_only=True, gc=False):
    """One chunk of leads was looked at, in id order, up to and with the lead ``cursor``. So many
    were ``scheduled`` a message; ``excluded`` counts by reason those that match but get none."""

    TOPIC: ClassVar[str] = "campaign.audience_extended"
    cursor: UUID
    scheduled: int
    excluded: dict[str, int]


class CampaignAudienceCompleted(Event, frozen=True, kw_only=True, gc=False):
    """No lead is left to look at; the counts are the totals of all chunks."""

    TOPIC: ClassVar[str] = "campaign.audience_completed"
    scheduled: int
    excluded: dict[str, int]


class CampaignPaused(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Its pending messages are held. With the reason ``brake`` the campaign held itself: of
    ``tried`` people so many messages ``failed``, so many people ``opted_out``, and ``share`` is the
    one of the two that passed what was set."""

    TOPIC: ClassVar[str] = "campaign.paused"
    reason: PauseReason = ""
    tried: int = 0
    failed: int = 0
    opted_out: int = 0
    share: float = 0.0


class CampaignResumed(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """It goes on where it was paused, and its messages are free. The brake counts anew: so many
    were ``tried``, ``failed`` and ``opted_out`` until then."""

    TOPIC: ClassVar[str] = "campaign.resumed"
    tried: int = 0
    failed: int = 0
    opted_out: int = 0


class CampaignCancelled(Event, frozen=True, kw_only=True, gc=False):
    """For good: nothing more is scheduled, and what is pending will be cancelled."""

    TOPIC: ClassVar[str] = "campaign.cancelled"


class CampaignFinished(Event, frozen=True, kw_only=True, gc=False):
    """None of its messages is pending, processing or queued any more."""

    TOPIC: ClassVar[str] = "campaign.finished"


class CampaignTested(Event, frozen=True, kw_only=True, gc=False):
    """A person sent the content ``content_id`` through ``device_id`` to a phone of their choice, of
    which ``recipient`` has the last two digits. ``outcome`` is what the gateway answered, and
    ``detail`` the provider's id, code or reason."""

    TOPIC: ClassVar[str] = "campaign.tested"
    test_id: UUID
    device_id: UUID
    content_id: str
    recipient: str
    outcome: str
    detail: str


class CampaignReopened(Event, frozen=True, kw_only=True, gc=False):
    """A message of the finished campaign is sent again; the campaign finishes anew after it."""

    TOPIC: ClassVar[str] = "campaign.reopened"
