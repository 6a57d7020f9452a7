"""What may become of a campaign. A decision raises WrongStateError where the status does not allow
it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.campaign.definition import Definition, check
from domain.campaign.events import (
    CampaignAudienceCompleted,
    CampaignAudienceExtended,
    CampaignCancelled,
    CampaignFinished,
    CampaignPaused,
    CampaignReopened,
    CampaignResumed,
    CampaignRevised,
    CampaignScheduled,
    CampaignTriggered,
)
from domain.campaign.state import Campaign, Status, evolve
from domain.errors import InvalidInputError, WrongStateError
from domain.event import Event, first, following


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
