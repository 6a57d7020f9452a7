"""Why a lead was not sent a campaign or a sequence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import campaign, device, device_choice, lead, message, values
from domain.application.outreach import Outreach
from domain.errors import NotFoundError
from domain.event import Event
from projections.audit import event_log
from projections.database.engine import Database, rows
from projections.readmodels import devices


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """Why a lead was not sent something. ``reason`` is the recorded one, or what did not match at
    the time; ``wanted`` and ``had`` say what that was compared with what."""

    lead_id: UUID
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    message_ids: list[UUID] = []
    reason: str
    story: str
    wanted: list[str] = []
    had: list[str] = []
    decided_at: datetime | None = None


def why_not_campaign(
    outreach: Outreach, database: Database, lead_id: UUID, campaign_id: UUID
) -> WhyNot:
    """Raises NotFoundError for a lead or campaign that there is not."""
    about: dict[str, Any] = {"lead_id": lead_id, "campaign_id": campaign_id}
    outreach.get_lead(lead_id)
    planned = outreach.get_campaign(campaign_id)
    message_id = message.campaign_message_id(campaign_id, lead_id)
    try:
        return _of_messages([outreach.get_message(message_id)], about)
    except NotFoundError:
        pass
    log = event_log.history(database, [campaign_id])
    triggered = next((e for _, e in log if isinstance(e, campaign.CampaignTriggered)), None)
    if triggered is None:
        return WhyNot(
            reason="not_triggered",
            story=f"the campaign is {planned.status}: not triggered",
            **about,
        )
    looked = _looked_at(log, lead_id)
    if looked is None:
        story = f"the campaign is {planned.status}: its audience is not complete"
        return WhyNot(reason="not_reached", story=story, **about)
    number, at = looked
    about["decided_at"] = at
    then = _as_of(database, lead_id, number)
    found = _mismatch(then, triggered.niche, triggered.target_status)
    if found is None:
        reason = _device_reason(database, then, number)
        found = {"reason": reason, "story": f"left out of the audience: {reason}"}
    return WhyNot(**found, **about)


def why_not_sequence(
    outreach: Outreach, database: Database, lead_id: UUID, sequence_id: UUID
) -> WhyNot:
    """For a lead that was never enrolled, what stands against it now. Raises NotFoundError for a
    lead or sequence that there is not."""
    about: dict[str, Any] = {"lead_id": lead_id, "sequence_id": sequence_id}
    now = outreach.get_lead(lead_id)
    planned = outreach.get_sequence(sequence_id)
    with database.transaction() as connection:
        found = rows(
            connection,
            "SELECT message_id FROM broadcast_messages"
            " WHERE lead_id = %(lead)s AND sequence_id = %(sequence)s ORDER BY scheduled_at, step",
            lead=str(lead_id),
            sequence=str(sequence_id),
        )
    if found:
        return _of_messages([outreach.get_message(row.message_id) for row in found], about)
    definition = planned.definition
    if planned.status != "active":
        story = f"never enrolled: the sequence is {planned.status}"
        return WhyNot(reason="not_active", story=story, **about)
    against = _mismatch(now, definition.niche, definition.target_status)
    if against is None and values.matching(definition.trigger, now.triggers) is None:
        against = {
            "reason": "trigger",
            "story": "the lead has not the sequence's trigger",
            "wanted": [definition.trigger],
            "had": list(now.triggers),
        }
    if against is None:
        with database.transaction() as connection:
            statuses = devices.statuses(connection)
        writer = device_choice.choose(lead_id, now.profile.device_id, statuses)
        if isinstance(writer, UUID):
            against = {"reason": "not_reached", "story": "the enroller has not looked yet"}
        else:
            against = {"reason": writer, "story": f"no device can write to the lead: {writer}"}
    return WhyNot(**against, **about)


def _of_messages(found: list[message.Message], about: dict[str, Any]) -> WhyNot:
    """There are messages: what became of the one that got least far is the reason."""
    unsent = [state for state in found if state.status != "sent"]
    state = unsent[0] if unsent else found[-1]
    which = f"step {state.step}" if state.step else "the message"
    story = f"{which} is {state.status}"
    if state.reason:
        story += f": {state.reason}"
    # What an operator wrote when it was resolved as sent is no reason for not sending it.
    reason = state.status if state.status == "sent" else state.reason or state.status
    return WhyNot(
        reason=reason,
        story=story,
        message_ids=[each.id for each in found],
        **about,
    )


def _looked_at(log: list[tuple[int, Event]], lead_id: UUID) -> tuple[int, datetime] | None:
    """When the campaigner looked at that lead, or would have: the chunk whose cursor is at or
    beyond it, else the end of the audience."""
    for number, event in log:
        if isinstance(event, campaign.CampaignAudienceExtended) and event.cursor >= lead_id:
            return number, event.timestamp
        if isinstance(event, campaign.CampaignAudienceCompleted):
            return number, event.timestamp
    return None


def _as_of(database: Database, aggregate_id: UUID, number: int) -> lead.Lead | None:
    history = event_log.history(database, [aggregate_id])
    return lead.fold(None, [event for place, event in history if place < number])


def _mismatch(
    state: lead.Lead | None, niche: tuple[str, ...], target_status: str
) -> dict[str, Any] | None:
    """Which criterion the lead did not meet."""
    if state is None:
        return {"reason": "not_registered", "story": "the lead was not registered yet"}
    if state.erased_at is not None:
        return {"reason": "erased", "story": "the person had been erased"}
    if niche and not any(values.matching(each, state.profile.niche) for each in niche):
        return {
            "reason": "niche",
            "story": "the lead's niche did not match",
            "wanted": list(niche),
            "had": list(state.profile.niche),
        }
    if target_status not in ("all", state.profile.target_status):
        return {
            "reason": "target_status",
            "story": "the lead's target status did not match",
            "wanted": [target_status],
            "had": [state.profile.target_status],
        }
    if state.opted_out_at is not None:
        return {"reason": "opted_out", "story": "the lead had opted out"}
    return None


def _device_reason(database: Database, state: lead.Lead | None, number: int) -> str:
    """Why no device could write to a lead that matched."""
    own = None if state is None else state.profile.device_id
    if own is None:
        return "no_device"
    history = event_log.history(database, [own])
    events = [event for place, event in history if place < number]
    found = device.fold(None, events)
    return "device_retired" if found is not None and found.status == "retired" else "no_device"
