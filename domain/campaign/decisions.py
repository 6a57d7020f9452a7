"""What may become of a campaign. A decision raises WrongStateError where the status does not allow
it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain import values
from domain.campaign.definition import (
    FROZEN,
    LONGEST_NAME,
    Definition,
    approved_content,
    check,
    starts_at,
)
from domain.campaign.events import (
    ApprovalChange,
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
)
from domain.campaign.state import NOTHING, Campaign, Counted, Status, evolve
from domain.errors import InvalidInputError, NotAllowedError, WrongStateError
from domain.event import Event, first, following
from domain.segments import Predicate
from domain.trial_events import DeviceTestBegun
from domain.trials import TrialResult


def draft(id: UUID, definition: Definition, *, now: datetime, actor: str) -> CampaignDrafted:  # noqa: A002
    """Write a campaign down. Nothing of it happens before it is planned."""
    return first(CampaignDrafted, id, now, actor, definition=check(id, 1, definition))


def copy(
    campaign: Campaign,
    id: UUID,  # noqa: A002
    name: str | None = None,
    *,
    now: datetime,
    actor: str,
) -> CampaignDrafted:
    """Write a draft of that ``id`` that says the same to the same, by the rules under which it was
    written; when it starts is to be said anew. Without a ``name`` it is called a copy."""
    present = campaign.definition
    if name is None:
        name = f"{present.name[: LONGEST_NAME - 7]} (copy)"
    definition = msgspec.structs.replace(present, name=name, scheduled_at=None, local_time=None)
    return first(CampaignDrafted, id, now, actor, definition=check(id, 1, definition, present))


def schedule(
    id: UUID,  # noqa: A002
    definition: Definition,
    *,
    four_eyes: bool = False,
    now: datetime,
    actor: str,
) -> CampaignScheduled:
    """Plan a campaign. One whose instant has passed already is planned too, and starts at once.
    With ``four_eyes`` it starts only when another one than ``actor`` has approved it."""
    checked = _with_instant(check(id, 1, definition))
    approval = "needed" if four_eyes else "kept"
    return first(CampaignScheduled, id, now, actor, definition=checked, approval=approval)


def schedule_draft(
    campaign: Campaign,
    definition: Definition,
    *,
    four_eyes: bool = False,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Plan a draft, as ``definition`` says it now. What was approved as a draft stays so, if it
    still says the same."""
    _require(campaign, "schedule", "draft")
    present = campaign.definition
    checked = _with_instant(check(campaign.id, campaign.version + 1, definition, present))
    approval = _approval(campaign, checked, four_eyes=four_eyes)
    if four_eyes and campaign.approved is None:
        approval = "needed"
    return (
        following(campaign, CampaignScheduled, now, actor, definition=checked, approval=approval),
    )


def _with_instant(definition: Definition) -> Definition:
    if definition.scheduled_at is None:
        raise InvalidInputError("scheduled_at", "when the campaign is to start")
    return definition


def revise(
    campaign: Campaign,
    definition: Definition,
    *,
    four_eyes: bool = False,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """New content and pace for what is not dispatched yet; nothing follows where nothing changes.
    With ``four_eyes`` another text or audience is sent only when it is approved.
    After the start criteria, instant, expiry and devices are frozen: their change is refused."""
    _require(campaign, "revise", "draft", "pending", "triggering", "triggered", "paused")
    present = campaign.definition
    checked = check(campaign.id, campaign.version + 1, definition, present)
    if msgspec.structs.replace(checked, content_id=present.content_id) == present:
        return ()
    if campaign.status != "draft":
        _with_instant(checked)
    if campaign.triggered_at is not None:
        for field in FROZEN:
            if getattr(checked, field) != getattr(present, field):
                raise WrongStateError("campaign", campaign.status, f"change the {field} of")
        if [v.share for v in checked.variants] != [v.share for v in present.variants]:
            raise WrongStateError("campaign", campaign.status, "change the shares of")
    approval = _approval(campaign, checked, four_eyes=four_eyes and campaign.status != "draft")
    return (
        following(campaign, CampaignRevised, now, actor, definition=checked, approval=approval),
    )


def _approval(campaign: Campaign, new: Definition, *, four_eyes: bool) -> ApprovalChange:
    """What becomes of the campaign's approval when ``new`` is its definition."""
    if approved_content(new) != approved_content(campaign.definition):
        return "needed" if four_eyes else "none"
    return "kept" if four_eyes or not campaign.awaits_approval else "none"


def approve(
    campaign: Campaign,
    segment: Predicate | None = None,
    *,
    seen: int | None = None,
    now: datetime,
    actor: str,
) -> tuple[Event, ...]:
    """Approve exactly what the campaign says now, and to whom: ``segment`` is what its segment is
    now, and stays what it asks. Nothing follows if it is approved.
    Raises NotAllowedError for who wrote it or changed it last."""
    _require(campaign, "approve", "draft", "pending", "triggering", "triggered", "paused")
    if seen not in (None, campaign.version):
        raise WrongStateError(
            "campaign", f"at version {campaign.version}", "approve what you saw of"
        )
    if actor in (campaign.made_by, campaign.changed_by):
        raise NotAllowedError("approve this campaign: you wrote it, or changed it last")
    if campaign.approved is not None:
        return ()
    definition = campaign.definition
    what = {
        "content_sha256": approved_content(definition).hex(),
        "niche": definition.niche,
        "target_status": definition.target_status,
        "segment": segment,
    }
    return (following(campaign, CampaignApproved, now, actor, **what),)


def note_test(
    campaign: Campaign,
    begun: DeviceTestBegun,
    content_id: str,
    result: TrialResult,
    *,
    now: datetime,
    actor: str,
) -> CampaignTested:
    """Note a test of the campaign's content, which may be made in any status."""
    facts = {"test_id": begun.test_id, "device_id": begun.originator_id, "content_id": content_id}
    came = {"recipient": begun.recipient, "outcome": result.outcome}
    detail = values.cleaned(result.detail, 500)
    return following(campaign, CampaignTested, now, actor, **facts, **came, detail=detail)


def start(
    campaign: Campaign, segment: Predicate | None = None, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Freeze the criteria of a pending campaign, and its segment, if it has one: as it was
    approved, else ``segment``, which it is now. Refused before ``scheduled_at``. Raises
    InvalidInputError without a segment that it has."""
    _require(campaign, "start", "pending")
    if campaign.awaits_approval:
        raise WrongStateError("campaign", "not approved", "start")
    if starts_at(campaign.definition) > now:
        raise WrongStateError("campaign", campaign.status, "start (before its time)")
    undo_seconds = campaign.definition.undo_seconds
    if campaign.approved is not None:
        segment = campaign.approved.segment
    if (campaign.definition.segment_id is None) != (segment is None):
        raise InvalidInputError("segment_id", "a segment that there is")
    criteria = {
        "segment": segment,
        "niche": campaign.definition.niche,
        "target_status": campaign.definition.target_status,
        "undo_until": now + timedelta(seconds=undo_seconds) if undo_seconds else None,
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


def brake(campaign: Campaign, counted: Counted, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Pause a campaign of which too much fails, or too many opt out, by what was ``counted`` of it.
    Nothing follows where its brake says so."""
    limits = campaign.definition.brake
    if limits is None or campaign.status not in ("triggering", "triggered"):
        return ()
    new = counted.since(campaign.counted_before)
    if new.tried < limits.at_least:
        return ()
    for count, limit in ((new.opted_out, limits.opt_outs), (new.failed, limits.failures)):
        share = count / new.tried
        if limit is not None and share > limit:
            facts = {**msgspec.structs.asdict(new), "share": round(share, 4)}
            return (following(campaign, CampaignPaused, now, actor, reason="brake", **facts),)
    return ()


def resume(
    campaign: Campaign, counted: Counted = NOTHING, *, now: datetime, actor: str
) -> tuple[Event, ...]:
    """Free what was held. The devices keep their pace: nothing is made up for. What was
    ``counted`` of it does not count for the brake any more."""
    _require(campaign, "resume", "paused")
    before = msgspec.structs.asdict(counted)
    return (following(campaign, CampaignResumed, now, actor, **before),)


def cancel(campaign: Campaign, *, now: datetime, actor: str) -> tuple[Event, ...]:
    """Cancel for good; the reaper cancels what is pending as ``campaign_cancelled``."""
    _require(campaign, "cancel", "draft", "pending", "triggering", "triggered", "paused")
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
