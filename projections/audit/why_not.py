"""Why a lead was not sent a campaign or a sequence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import audience, campaign, device, lead, message, rendering, values
from domain import template as templates
from domain.application.outreach import Outreach
from domain.content import Content
from domain.errors import NotFoundError
from domain.event import Event
from projections.audit import event_log
from projections.database.engine import Database, rows
from projections.readmodels import devices


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """Why a lead was not sent a campaign or a sequence.

    ``reason`` is a code: the recorded one, or the criterion that the lead did not meet. ``story``
    is a sentence for people. For a criterion, ``wanted`` are its values and ``had`` the lead's.
    ``message_ids`` are the messages there are. ``decided_at`` is when the campaigner decided.
    """

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
    """Why a campaign did not reach a lead, by what was known when the campaigner came to the lead.

    If there is a message after all, its status is the reason. Raises NotFoundError if there is no
    such lead or campaign.
    """
    about: dict[str, Any] = {"lead_id": lead_id, "campaign_id": campaign_id}
    outreach.get_lead(lead_id)
    state = outreach.get_campaign(campaign_id)
    message_id = message.campaign_message_id(campaign_id, lead_id)
    try:
        return _of_messages([outreach.get_message(message_id)], about)
    except NotFoundError:
        pass
    log = event_log.history(database, [campaign_id])
    triggered = next((e for _, e in log if isinstance(e, campaign.CampaignTriggered)), None)
    if triggered is None:
        story = f"the campaign is {state.status}: not triggered"
        return WhyNot(reason="not_triggered", story=story, **about)
    decision = _decision(log, lead_id)
    if decision is None:
        story = f"the campaign is {state.status}: its audience is not complete"
        return WhyNot(reason="not_reached", story=story, **about)
    number, about["decided_at"] = decision
    then = _lead_before(database, lead_id, number)
    explanation = _mismatch(then, triggered.niche, triggered.target_status)
    if explanation is None:
        before = campaign.fold(None, [event for place, event in log if place < number])
        written = None if before is None else before.definition
        reason = _device_reason(database, then, number, written)
        explanation = {"reason": reason, "story": f"left out of the audience: {reason}"}
    return WhyNot(**explanation, **about)


def why_not_sequence(
    outreach: Outreach, database: Database, lead_id: UUID, sequence_id: UUID
) -> WhyNot:
    """Why a sequence did not reach a lead.

    If there are messages, the status of the one that got least far is the reason. For a lead that
    was never enrolled it is what stands against enrolling the lead now. Raises NotFoundError if
    there is no such lead or sequence.
    """
    about: dict[str, Any] = {"lead_id": lead_id, "sequence_id": sequence_id}
    person = outreach.get_lead(lead_id)
    state = outreach.get_sequence(sequence_id)
    with database.transaction() as connection:
        messages = rows(
            connection,
            "SELECT message_id FROM broadcast_messages"
            " WHERE lead_id = %(lead)s AND sequence_id = %(sequence)s ORDER BY scheduled_at, step",
            lead=str(lead_id),
            sequence=str(sequence_id),
        )
    if messages:
        return _of_messages([outreach.get_message(row.message_id) for row in messages], about)
    definition = state.definition
    if state.status != "active":
        story = f"never enrolled: the sequence is {state.status}"
        return WhyNot(reason="not_active", story=story, **about)
    explanation = _mismatch(person, definition.niche, definition.target_status)
    if explanation is None and values.matching(definition.trigger, person.triggers) is None:
        explanation = {
            "reason": "trigger",
            "story": "the lead has not the sequence's trigger",
            "wanted": [definition.trigger],
            "had": list(person.triggers),
        }
    if explanation is None:
        with database.transaction() as connection:
            statuses = devices.statuses(connection)
        sender = audience.Senders(statuses).admit(
            lead_id, person.profile.device_id, opted_out=False
        )
        if isinstance(sender, UUID):
            explanation = {"reason": "not_reached", "story": "the enroller has not looked yet"}
        else:
            explanation = {"reason": sender, "story": f"no device can write to the lead: {sender}"}
    return WhyNot(**explanation, **about)


def _of_messages(messages: list[message.Message], about: dict[str, Any]) -> WhyNot:
    """Why-not of messages that there are: what became of the first that is not sent, or of the
    last."""
    unsent = [state for state in messages if state.status != "sent"]
    state = unsent[0] if unsent else messages[-1]
    which = f"step {state.step}" if state.step else "the message"
    story = f"{which} is {state.status}"
    if state.reason:
        story += f": {state.reason}"
    # What an operator wrote when it was resolved as sent is no reason for not sending it.
    reason = state.status if state.status == "sent" else state.reason or state.status
    return WhyNot(
        reason=reason,
        story=story,
        message_ids=[each.id for each in messages],
        **about,
    )


def _decision(log: list[tuple[int, Event]], lead_id: UUID) -> tuple[int, datetime] | None:
    """When the campaigner decided about the lead: notification id and instant; None if not yet.

    That is the first chunk whose cursor is at or beyond the lead, else the end of the audience.
    """
    for number, event in log:
        if isinstance(event, campaign.CampaignAudienceExtended) and event.cursor >= lead_id:
            return number, event.timestamp
        if isinstance(event, campaign.CampaignAudienceCompleted):
            return number, event.timestamp
    return None


def _lead_before(database: Database, lead_id: UUID, number: int) -> lead.Lead | None:
    """The lead before the event of that notification id; None if it was not registered."""
    history = event_log.history(database, [lead_id])
    return lead.fold(None, [event for place, event in history if place < number])


def _mismatch(
    state: lead.Lead | None, niche: tuple[str, ...], target_status: str
) -> dict[str, Any] | None:
    """Fields of WhyNot for the first criterion that the lead does not meet, or None."""
    if state is None:
        return {"reason": "not_registered", "story": "the lead was not registered yet"}
    match audience.mismatch(state, niche, target_status):
        case "erased":
            return {"reason": "erased", "story": "the person had been erased"}
        case "merged":
            return {"reason": "merged", "story": "the lead had been merged into another"}
        case "niche":
            return {
                "reason": "niche",
                "story": "the lead's niche did not match",
                "wanted": list(niche),
                "had": list(state.profile.niche),
            }
        case "target_status":
            return {
                "reason": "target_status",
                "story": "the lead's target status did not match",
                "wanted": [target_status],
                "had": [state.profile.target_status],
            }
    if state.opted_out_at is not None:
        return {"reason": "opted_out", "story": "the lead had opted out"}
    if state.unreachable_at is not None:
        story = f"no message reached the person: {state.unreachable_code}"
        return {"reason": "unreachable", "story": story}
    return None


def _device_reason(
    database: Database, state: lead.Lead | None, number: int, written: Content | None
) -> str:
    """Why no device could write ``written`` to a lead that matched, before the event of that id."""
    own = None if state is None else state.profile.device_id
    lacks = state is not None and written is not None and _lacks_a_value(state, written)
    if own is None:
        return "template_variable_missing" if lacks else "no_device"
    history = event_log.history(database, [own])
    events = [event for place, event in history if place < number]
    state_then = device.fold(None, events)
    retired = state_then is not None and state_then.status == "retired"
    if retired:
        return "device_retired"
    return "template_variable_missing" if lacks and state_then is not None else "no_device"


def _lacks_a_value(state: lead.Lead, written: Content) -> bool:
    profile = state.profile
    names = rendering.names_of(profile.name, state.phone, profile.attributes)
    template = written.template
    return template is not None and templates.lacks_a_value(template, names, written.rules)
