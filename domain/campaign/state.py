"""The state of a campaign: what its events add up to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.campaign.definition import Definition
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
from domain.event import Event, ForeignEventError, folder

Status = Literal["pending", "triggering", "triggered", "finished", "paused", "cancelled"]


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
