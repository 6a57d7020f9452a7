"""A campaign: one message to every lead that matches at the scheduled instant.

pending -> triggering -> triggered -> finished; paused and cancelled from any of the first three.
It starts at its instant (triggering); when every lead was looked at it is triggered. A decision
raises WrongStateError where the status does not allow it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from domain.campaign_definition import Definition, check
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, ForeignEventError, first, folder, following
from domain.values import TargetFilter

Status = Literal["pending", "triggering", "triggered", "finished", "paused", "cancelled"]


class CampaignScheduled(Event, frozen=True, kw_only=True, gc=False):
    """The campaign was planned; ``definition`` holds its content."""

    TOPIC: ClassVar[str] = "campaign.scheduled"
    definition: Definition


class CampaignRevised(Event, frozen=True, kw_only=True, gc=False):
    """``definition`` replaced the one before it, for every message that was not dispatched."""

    TOPIC: ClassVar[str] = "campaign.revised"
    definition: Definition


class CampaignTriggered(Event, frozen=True, kw_only=True, gc=False):
    """The campaign started: ``niche`` and ``target_status`` are frozen as its criteria."""

    TOPIC: ClassVar[str] = "campaign.triggered"
    niche: tuple[str, ...]
    target_status: TargetFilter


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


class CampaignPaused(Event, frozen=True, kw_only=True, gc=False):
    """Its pending messages are held."""

    TOPIC: ClassVar[str] = "campaign.paused"


class CampaignResumed(Event, frozen=True, kw_only=True, gc=False):
    """It goes on where it was paused, and its messages are free."""

    TOPIC: ClassVar[str] = "campaign.resumed"


class CampaignCancelled(Event, frozen=True, kw_only=True, gc=False):
    """For good: nothing more is scheduled, and what is pending will be cancelled."""

    TOPIC: ClassVar[str] = "campaign.cancelled"


class CampaignFinished(Event, frozen=True, kw_only=True, gc=False):
    """None of its messages is pending, processing or queued any more."""

    TOPIC: ClassVar[str] = "campaign.finished"


class CampaignReopened(Event, frozen=True, kw_only=True, gc=False):
    """A message of the finished campaign is sent again; the campaign finishes anew after it."""

    TOPIC: ClassVar[str] = "campaign.reopened"


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's state. A paused one goes on as ``paused_from``. It started at ``triggered_at``.
    ``scheduled`` and ``excluded`` count up to ``cursor``, the last lead that was looked at."""

    id: UUID
    version: int
    status: Status
    definition: Definition
    paused_from: Status | None = None
    triggered_at: datetime | None = None
    cursor: UUID | None = None
    scheduled: int = 0
    excluded: dict[str, int] = {}
    audience_completed: bool = False


def evolve(state: Campaign | None, event: Event) -> Campaign:
    """The campaign after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, CampaignScheduled():
            return Campaign(
                id=event.originator_id, version=1, status="pending", definition=event.definition
            )
        case Campaign(), CampaignRevised():
            changes = {"definition": event.definition}
        case Campaign(), CampaignTriggered():
            changes = {"status": "triggering", "triggered_at": event.timestamp}
        case Campaign(), CampaignAudienceExtended():
            excluded = dict(state.excluded)
            for reason, count in event.excluded.items():
                excluded[reason] = excluded.get(reason, 0) + count
            changes = {
                "cursor": event.cursor,
                "scheduled": state.scheduled + event.scheduled,
                "excluded": excluded,
            }
        case Campaign(), CampaignAudienceCompleted():
            changes = {"status": "triggered", "audience_completed": True}
        case Campaign(), CampaignPaused():
            changes = {"status": "paused", "paused_from": state.status}
        case Campaign(), CampaignResumed():
            changes = {"status": state.paused_from, "paused_from": None}
        case Campaign(), CampaignCancelled():
            changes = {"status": "cancelled", "paused_from": None}
        case Campaign(), CampaignFinished():
            changes = {"status": "finished"}
        case Campaign(), CampaignReopened():
            changes = {"status": "triggered"}
        case _:
            raise ForeignEventError("a campaign", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


fold = folder(evolve)


def schedule(id: UUID, definition: Definition, *, now: datetime, actor: str) -> CampaignScheduled:  # noqa: A002
    """Plan a campaign. One whose instant has passed already is planned too, and starts at once."""
    return first(CampaignScheduled, id, now, actor, definition=check(id, 1, definition))


def revise(
    campaign: Campaign, definition: Definition, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """New content and pace for what is not dispatched yet; nothing follows where nothing changes.
    After the start criteria, instant, expiry and devices are frozen: their change is refused."""
    _require(campaign, "revise", "pending", "triggering", "triggered", "paused")
    present = campaign.definition
    checked = check(campaign.id, campaign.version + 1, definition, present)
    if msgspec.structs.replace(checked, content_id=present.content_id) == present:
        return ()
    frozen = (
        "niche",
        "target_status",
        "scheduled_at",
        "local_time",
        "expires_after_hours",
        "device_ids",
    )
    if campaign.triggered_at is not None:
        for field in frozen:
            if getattr(checked, field) != getattr(present, field):
                raise WrongStateError("campaign", campaign.status, f"change the {field} of")
    return (following(campaign, CampaignRevised, now, actor, definition=checked),)


def start(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Freeze the criteria of a pending campaign; refused before ``scheduled_at``."""
    _require(campaign, "start", "pending")
    if campaign.definition.scheduled_at > now:
        raise WrongStateError("campaign", campaign.status, "start (before its time)")
    criteria = {
        "niche": campaign.definition.niche,
        "target_status": campaign.definition.target_status,
    }
    return (following(campaign, CampaignTriggered, now, actor, **criteria),)


def extend_audience(
    campaign: Campaign,
    cursor: UUID,
    scheduled: int,
    excluded: dict[str, int],
    *,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Count one chunk of leads, in the transaction that schedules its messages. A ``cursor`` that
    is not after the last one is refused: the chunk was counted already."""
    _require(campaign, "extend the audience of", "triggering")
    if campaign.cursor is not None and cursor <= campaign.cursor:
        raise InvalidInputError("cursor", "a lead id after the last one looked at")
    chunk = {"cursor": cursor, "scheduled": scheduled, "excluded": excluded}
    return (following(campaign, CampaignAudienceExtended, now, actor, **chunk),)


def complete_audience(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Every lead was looked at. A campaign without a message is finished at once."""
    _require(campaign, "complete the audience of", "triggering")
    totals = {"scheduled": campaign.scheduled, "excluded": campaign.excluded}
    completed = following(campaign, CampaignAudienceCompleted, now, actor, **totals)
    if campaign.scheduled:
        return (completed,)
    return (completed, *finish(evolve(campaign, completed), now=now, actor=actor))


def pause(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Hold every pending message."""
    _require(campaign, "pause", "pending", "triggering", "triggered")
    return (following(campaign, CampaignPaused, now, actor),)


def resume(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Free what was held. The devices keep their pace: nothing is made up for."""
    _require(campaign, "resume", "paused")
    return (following(campaign, CampaignResumed, now, actor),)


def cancel(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Cancel for good; the reaper cancels what is pending as ``campaign_cancelled``."""
    _require(campaign, "cancel", "pending", "triggering", "triggered", "paused")
    return (following(campaign, CampaignCancelled, now, actor),)


def finish(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """End a triggered campaign of which nothing is pending, processing or queued any more."""
    _require(campaign, "finish", "triggered")
    return (following(campaign, CampaignFinished, now, actor),)


def reopen(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Let a finished campaign go on, for a message that is sent again. Nothing follows of another
    status."""
    if campaign.status != "finished":
        return ()
    return (following(campaign, CampaignReopened, now, actor),)


def _require(campaign: Campaign, wanted: str, *allowed: Status) -> None:
    if campaign.status not in allowed:
        raise WrongStateError("campaign", campaign.status, wanted)
