"""The state of a campaign: what its events add up to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.campaign.definition import Definition
from domain.campaign.events import (
    CampaignApproved,
    CampaignAudienceCompleted,
    CampaignAudienceExtended,
    CampaignCancelled,
    CampaignDrafted,
    CampaignFinished,
    CampaignPaused,
    CampaignReopened,
    CampaignResumed,
    CampaignRevised,
    CampaignScheduled,
    CampaignTested,
    CampaignTriggered,
    PauseReason,
)
from domain.event import Event, ForeignEventError, folder
from domain.segments import Predicate

Status = Literal["draft", "pending", "triggering", "triggered", "finished", "paused", "cancelled"]


class Approval(msgspec.Struct, frozen=True):
    """Who approved the campaign as it is, and when; ``segment`` is what its segment was then."""

    by: str
    at: datetime
    segment: Predicate | None = None


class Counted(msgspec.Struct, frozen=True):
    """How many of a campaign's messages were tried, that is sent or failed, how many of these
    failed, and how many people opted out after one."""

    tried: int = 0
    failed: int = 0
    opted_out: int = 0

    def since(self, before: Counted) -> Counted:
        """What came after ``before``. Receipts may take back a failure that was counted."""
        return Counted(
            max(0, self.tried - before.tried),
            max(0, self.failed - before.failed),
            max(0, self.opted_out - before.opted_out),
        )


NOTHING = Counted()


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's state. ``made_by`` and ``changed_by`` are the actors who wrote it and who last
    changed what it says or to whom. With ``awaits_approval`` nothing is sent before another one
    approved it. A paused one goes on as ``paused_from``; ``pause_reason`` says whether it held
    itself. The brake does not count what was ``counted_before``. It started at ``triggered_at``,
    which froze ``segment``. Before ``undo_until`` nothing is sent. ``scheduled`` and ``excluded``
    count up to ``cursor``, the last lead that was looked at."""

    id: UUID
    version: int
    status: Status
    definition: Definition
    made_by: str = ""
    changed_by: str = ""
    awaits_approval: bool = False
    approved: Approval | None = None
    paused_from: Status | None = None
    pause_reason: PauseReason = ""
    counted_before: Counted = NOTHING
    triggered_at: datetime | None = None
    undo_until: datetime | None = None
    segment: Predicate | None = None
    cursor: UUID | None = None
    scheduled: int = 0
    excluded: dict[str, int] = {}
    audience_completed: bool = False


def evolve(state: Campaign | None, event: Event) -> Campaign:
    """The campaign after ``event``."""
    changes: dict[str, object]
    match state, event:
        case None, CampaignDrafted() | CampaignScheduled():
            status: Status = "draft" if isinstance(event, CampaignDrafted) else "pending"
            return Campaign(
                id=event.originator_id,
                version=1,
                status=status,
                definition=event.definition,
                made_by=event.actor,
                changed_by=event.actor,
                awaits_approval=isinstance(event, CampaignScheduled) and event.approval == "needed",
            )
        case Campaign(status="draft"), CampaignScheduled():
            changes = {"status": "pending", "definition": event.definition, **_unapproved(event)}
        case Campaign(), CampaignRevised():
            changes = {"definition": event.definition, **_unapproved(event)}
        case Campaign(), CampaignApproved():
            approved = Approval(event.actor, event.timestamp, event.segment)
            changes = {"approved": approved, "awaits_approval": False}
        case Campaign(), CampaignTriggered():
            changes = {
                "status": "triggering",
                "triggered_at": event.timestamp,
                "undo_until": event.undo_until,
                "segment": event.segment,
            }
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
            changes = {
                "status": "paused",
                "paused_from": state.status,
                "pause_reason": event.reason,
            }
        case Campaign(), CampaignResumed():
            changes = {
                "status": state.paused_from,
                "paused_from": None,
                "pause_reason": "",
                "counted_before": Counted(event.tried, event.failed, event.opted_out),
            }
        case Campaign(), CampaignCancelled():
            changes = {"status": "cancelled", "paused_from": None, "pause_reason": ""}
        case Campaign(), CampaignFinished():
            changes = {"status": "finished"}
        case Campaign(), CampaignReopened():
            changes = {"status": "triggered"}
        case Campaign(), CampaignTested():
            changes = {}
        case _:
            raise ForeignEventError("a campaign", event)
    return msgspec.structs.replace(state, version=event.originator_version, **changes)


def _unapproved(event: CampaignScheduled | CampaignRevised) -> dict[str, object]:
    """What becomes of an approval by a new definition."""
    if event.approval == "kept":
        return {}
    return {
        "approved": None,
        "awaits_approval": event.approval == "needed",
        "changed_by": event.actor,
    }


fold = folder(evolve)
