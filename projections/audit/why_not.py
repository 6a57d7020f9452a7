"""Why a lead was not sent a campaign or a sequence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from domain import audience, campaign, enrolling, lead, sequence, values
from domain.application.outreach import Outreach
from domain.audience import Asked
from domain.campaign import events as campaign_events
from domain.campaign.definition import starts_at
from domain.device_choice import UNTIED
from domain.event import Event
from domain.segment_matching import failing
from domain.waiting import Wait
from projections.audit import branch_then, event_log
from projections.audit.consent_then import without_consent
from projections.audit.segment_then import history_then
from projections.audit.sender_then import exclusion_then
from projections.config.settings import Settings
from projections.database.engine import Database, rows
from projections.queries import waiting
from projections.readmodels import devices, enrollments, leads


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """Why a lead was not sent a campaign or a sequence.

    ``reason`` is a code: the recorded one, or the criterion that the lead did not meet. ``story``
    is a sentence for people. For a criterion, ``wanted`` are its values and ``had`` the lead's. For
    a segment, ``clause`` says which of its conditions failed, such as ``all[2]``, and ``saw`` is
    what it saw of the lead, as JSON has it; of ``any`` what each of these saw.
    ``message_ids`` are the messages there are. ``decided_at`` is when the campaigner decided.
    ``waits_for`` is what a pending message waits for.
    """

    lead_id: UUID
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    message_ids: list[UUID] = []
    reason: str
    story: str
    wanted: list[str] = []
    had: list[str] = []
    clause: str | None = None
    saw: Any = None
    decided_at: datetime | None = None
    waits_for: Wait | None = None


def why_not_campaign(
    outreach: Outreach, database: Database, settings: Settings, lead_id: UUID, campaign_id: UUID
) -> WhyNot:
    """Why a campaign did not reach a lead, by what was known when the campaigner came to the lead.

    If there is a message after all, its status is the reason; the story says what it waits for.
    Raises NotFoundError if there is no such lead or campaign.
    """
    about: dict[str, Any] = {"lead_id": lead_id, "campaign_id": campaign_id}
    outreach.get_lead(lead_id)
    state = outreach.get_campaign(campaign_id)
    told = _of_messages(outreach, database, settings, "campaign_id", campaign_id, about)
    if told is not None:
        return told
    log = event_log.history(database, [campaign_id])
    triggered = next((e for _, e in log if isinstance(e, campaign_events.CampaignTriggered)), None)
    if triggered is None:
        story = f"the campaign is {state.status}, and has not started"
        if state.status == "pending":
            if state.awaits_approval:
                story += ": it awaits an approval"
            story += f": it starts at {starts_at(state.definition):%Y-%m-%d %H:%M} UTC"
        return WhyNot(reason="not_triggered", story=story, **about)
    decision = _decision(log, lead_id)
    if decision is None:
        story = f"the campaign is {state.status}: its audience is not complete"
        return WhyNot(reason="not_reached", story=story, **about)
    number, about["decided_at"] = decision
    then = _lead_before(database, lead_id, number)
    asked = None
    if triggered.segment is not None:
        past = history_then(database, lead_id, number)
        asked = Asked(triggered.segment, past, triggered.timestamp)
    explanation = _mismatch(then, triggered.niche, triggered.target_status, asked)
    if explanation is None:
        before = campaign.fold(None, [event for place, event in log if place < number])
        reason = "no_device"
        if then is not None and before is not None:
            explanation = without_consent(database, lead_id, before.definition, number)
            reason = exclusion_then(database, then, campaign_id, before.definition, number)
        left_out = {"reason": reason, "story": f"left out of the audience: {reason}"}
        explanation = explanation or left_out
    return WhyNot(**explanation, **about)


def why_not_sequence(
    outreach: Outreach, database: Database, settings: Settings, lead_id: UUID, sequence_id: UUID
) -> WhyNot:
    """Why a sequence did not reach a lead.

    If there are messages, the status of the one that got least far is the reason. For a lead that
    was never enrolled, or has the trigger again, it is what stands against enrolling the lead now:
    that is what the enroller passes over. Raises NotFoundError if
    there is no such lead or sequence.
    """
    about: dict[str, Any] = {"lead_id": lead_id, "sequence_id": sequence_id}
    person = outreach.get_lead(lead_id)
    state = outreach.get_sequence(sequence_id)
    asked = None
    if state.definition.segment is not None:
        past = history_then(database, lead_id)
        asked = Asked(state.definition.segment, past, outreach.clock())
    with database.transaction() as connection:
        again = _passed_over_again(connection, person, state, asked)
    told = _of_messages(outreach, database, settings, "sequence_id", sequence_id, about)
    if told is not None:
        if again is not None:
            return WhyNot(message_ids=told.message_ids, **again, **about)
        return told
    definition = state.definition
    if state.status != "active":
        story = f"never enrolled: the sequence is {state.status}"
        return WhyNot(reason="not_active", story=story, **about)
    explanation = _mismatch(person, definition.niche, definition.target_status, asked)
    if explanation is None and values.matching(definition.trigger, person.triggers) is None:
        explanation = {
            "reason": "trigger",
            "story": "the lead has not the sequence's trigger",
            "wanted": [definition.trigger],
            "had": list(person.triggers),
        }
    explanation = explanation or without_consent(database, lead_id, definition)
    if explanation is None:
        with database.transaction() as connection:
            statuses = devices.statuses(connection)
            ties = leads.ties(connection, [lead_id], devices.retired(statuses))
        senders = audience.Senders(statuses, device_ids=definition.device_ids)
        sender = senders.admit(lead_id, ties.get(lead_id, UNTIED), opted_out=False)
        if isinstance(sender, UUID):
            story = (
                "the enroller has not looked yet: it looks at the latest in"
                f" {settings.enroll_every:g} seconds"
            )
            explanation = {"reason": "not_reached", "story": story}
        else:
            explanation = {"reason": sender, "story": f"no device can write to the lead: {sender}"}
    return WhyNot(**explanation, **about)


def _passed_over_again(
    connection: Connection, person: lead.Lead, state: sequence.Sequence, asked: Asked | None
) -> dict[str, Any] | None:
    """Fields of WhyNot for a lead that was enrolled and has the trigger again: why the enroller
    passes it over. None if it does not."""
    definition = state.definition
    if values.matching(definition.trigger, person.triggers) is None:
        return None
    if person.opted_out_at is None:
        for earlier in enrollments.earlier(connection, person.id, state.id):
            if enrolling.keeps_out(definition.reentry, earlier):
                return {
                    "reason": "already_enrolled",
                    "story": f"the trigger was given again, but enrollment {earlier.entry} is"
                    f" {earlier.status}, and the sequence lets a lead in {definition.reentry}",
                    "wanted": [definition.reentry],
                    "had": [earlier.status],
                }
    if state.status != "active":
        return None
    return _mismatch(person, definition.niche, definition.target_status, asked)


def _of_messages(
    outreach: Outreach,
    database: Database,
    settings: Settings,
    column: str,
    id_: UUID,
    about: dict[str, Any],
) -> WhyNot | None:
    """Why-not of the lead's messages that have ``id_`` in ``column``, None if there are none: what
    became of the first that is not sent, or of the last, and what it waits for if it is pending.

    The queue is asked: what cannot be recorded may not be read in the log either.
    """
    with database.transaction() as connection:
        found = rows(
            connection,
            f"SELECT * FROM broadcast_messages WHERE lead_id = %(lead)s AND {column} = %(id)s"
            " ORDER BY scheduled_at, step",
            lead=str(about["lead_id"]),
            id=str(id_),
        )
        if not found:
            return None
        unsent = [row for row in found if row.status != "sent"]
        # That a step was removed, or that no branch led to it, says nothing of the others.
        told_of = [row for row in unsent if row.reason not in ("step_removed", "branch_not_taken")]
        unsent = told_of or unsent
        telling = unsent[0] if unsent else found[-1]
        explained = waiting.of_rows(connection, settings, [telling], outreach.clock())
    waits = explained.get(telling.message_id)
    story = f"step {telling.step}" if telling.step else "the message"
    story += f" is {telling.status}"
    # What was recorded of a pending one may be over. And what an operator wrote when it was
    # resolved as sent is no reason for not sending it.
    reason = telling.status
    if waits is not None:
        story += f": it {waits.story}"
    elif telling.reason:
        story += f": {telling.reason}"
        reason = reason if reason == "sent" else telling.reason
        if reason == "branch_not_taken":
            story += f"; {branch_then.decided(database, telling.enrollment_id)}"
    return WhyNot(
        reason=reason,
        story=story,
        message_ids=[row.message_id for row in found],
        waits_for=None if waits is None else waits.wait,
        **about,
    )


def _decision(log: list[tuple[int, Event]], lead_id: UUID) -> tuple[int, datetime] | None:
    """When the campaigner decided about the lead: notification id and instant; None if not yet.

    That is the first chunk whose cursor is at or beyond the lead, else the end of the audience.
    """
    for number, event in log:
        if isinstance(event, campaign_events.CampaignAudienceExtended) and event.cursor >= lead_id:
            return number, event.timestamp
        if isinstance(event, campaign_events.CampaignAudienceCompleted):
            return number, event.timestamp
    return None


def _lead_before(database: Database, lead_id: UUID, number: int) -> lead.Lead | None:
    """The lead before the event of that notification id; None if it was not registered."""
    history = event_log.history(database, [lead_id])
    return lead.fold(None, [event for place, event in history if place < number])


def _mismatch(
    state: lead.Lead | None, niche: tuple[str, ...], target_status: str, asked: Asked | None
) -> dict[str, Any] | None:
    """Fields of WhyNot for the first criterion that the lead does not meet, or None."""
    if state is None:
        return {"reason": "not_registered", "story": "the lead was not registered yet"}
    match audience.mismatch(state, niche, target_status, asked):
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
        case "segment":
            return _outside(state, asked)
    if state.opted_out_at is not None:
        return {"reason": "opted_out", "story": "the lead had opted out"}
    if state.unreachable_at is not None:
        story = f"no message reached the person: {state.unreachable_code}"
        return {"reason": "unreachable", "story": story}
    return None


def _outside(state: lead.Lead, asked: Asked | None) -> dict[str, Any] | None:
    """Fields of WhyNot for the first condition of the segment that keeps the lead out, or None."""
    failure = asked and failing(asked.predicate, state, asked.past, asked.now)
    if asked is None or failure is None:
        return None
    found = failure.seen if isinstance(failure.seen, list) else [failure.seen]
    seen = [", ".join(map(str, each)) if isinstance(each, list) else each for each in found]
    return {
        "reason": "segment",
        "story": f"the lead was not in the segment {asked.predicate.name!r}: {failure.clause}",
        "wanted": [failure.words],
        "had": ["nothing" if each in (None, "") else str(each) for each in seen],
        "clause": failure.clause,
        "saw": failure.seen,
    }
