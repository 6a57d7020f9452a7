"""The audit trail: why did this person get this message, when, from which number, and what exactly
did it say? Told from the events alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import campaign, enrollment, lead, message_events, rendering, sequence
from domain.errors import NotFoundError
from domain.event import Event
from domain.outreach import Outreach
from projections.database import Database, rows, uuids
from projections.event_store import decode
from projections.sealing import unseal


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain: what happened, when, by whom, and a sentence for people.
    ``notification_id`` is its place in the log."""

    notification_id: int
    timestamp: datetime
    actor: str
    topic: str
    originator_id: UUID
    originator_version: int
    story: str


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a hand-over, rendered again from the recorded content and lead version;
    ``proven`` says that its SHA-256 is the recorded one."""

    timestamp: datetime
    text: str
    media_url: str | None
    body_sha256: str
    proven: bool


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that led to a message and became of it, in order."""

    message_id: UUID
    lead_id: UUID
    recipient_phone: str
    device_id: UUID
    device_name: str
    entries: list[Entry]
    hand_overs: list[HandOver]


def message_trail(outreach: Outreach, database: Database, message_id: UUID) -> Trail:
    """The whole causal chain of a message. Raises NotFoundError."""
    own = _log(database, [message_id])
    if not own or not isinstance(own[0][1], message_events.MessageScheduled):
        raise NotFoundError("message", message_id)
    scheduled = own[0][1]
    queued = [e for _, e in own if isinstance(e, message_events.MessageQueued)]
    latest = max([scheduled.lead_version, *(event.lead_version for event in queued)])
    origin = [scheduled.campaign_id, scheduled.sequence_id, scheduled.enrollment_id]
    chain = [
        (number, event)
        for number, event in _log(database, [message_id, scheduled.lead_id, *filter(None, origin)])
        # Of the person only what could matter here: what the message used, and what stopped it.
        if event.originator_id != scheduled.lead_id
        or event.originator_version <= latest
        or isinstance(event, lead.LeadOptedOut | lead.LeadReplied)
    ]
    phone = next(e.phone for _, e in chain if isinstance(e, lead.LeadRegistered))
    return Trail(
        message_id=message_id,
        lead_id=scheduled.lead_id,
        recipient_phone=phone,
        device_id=scheduled.device_id,
        device_name=outreach.get_device(scheduled.device_id).configuration.name,
        entries=[_entry(number, event) for number, event in chain],
        hand_overs=[_prove(outreach, scheduled.lead_id, event) for event in queued],
    )


def _log(database: Database, ids: list[UUID]) -> list[tuple[int, Event]]:
    """The events of these aggregates with their notification ids, in the order of the log."""
    with database.transaction() as connection:
        found = rows(
            connection,
            "SELECT originator_id, originator_version, topic, state, notification_id"
            " FROM stored_events"
            " WHERE originator_id = ANY(%(ids)s::uuid[]) ORDER BY notification_id",
            ids=uuids(ids),
        )
        events = unseal(connection, [(row[0], row[1], row[2], bytes(row[3])) for row in found])
    return [
        (row.notification_id, decode(topic, state))
        for row, (_, _, topic, state) in zip(found, events, strict=True)
    ]


def _prove(outreach: Outreach, lead_id: UUID, queued: message_events.MessageQueued) -> HandOver:
    body, media_url = _content(outreach, queued.content_id)
    person = lead.fold(None, _events(outreach, lead_id, upto=queued.lead_version))
    assert person is not None  # noqa: S101 - a message's lead has events
    values = rendering.values_of(person.profile.name, person.phone, person.profile.attributes)
    text = rendering.render(body, values)
    return HandOver(
        timestamp=queued.timestamp,
        text=text,
        media_url=media_url,
        body_sha256=queued.body_sha256,
        proven=rendering.digest(text, media_url) == queued.body_sha256,
    )


def _content(outreach: Outreach, content_id: str) -> tuple[str, str | None]:
    """The text and media URL that the named event holds."""
    aggregate_id, version, step = content_id.split(":")
    (event,) = _events(outreach, UUID(aggregate_id), after=int(version) - 1, upto=int(version))
    match event:
        case campaign.CampaignScheduled() | campaign.CampaignRevised():
            return event.definition.body, event.definition.media_url
        case sequence.SequenceDefined():
            content = event.definition.steps[int(step) - 1]
            return content.body, content.media_url
        case sequence.SequenceStepRevised():
            return event.step.body, event.step.media_url
        case _:
            raise NotFoundError("content", content_id)


def _events(
    outreach: Outreach, aggregate_id: UUID, *, after: int | None = None, upto: int | None = None
) -> list[Any]:
    return list(outreach.events.get(aggregate_id, gt=after, lte=upto))


def _entry(notification_id: int, event: Event) -> Entry:
    return Entry(
        notification_id=notification_id,
        timestamp=event.timestamp,
        actor=event.actor,
        topic=event.TOPIC,
        originator_id=event.originator_id,
        originator_version=event.originator_version,
        story=" ".join(_story(event)),
    )


def _story(event: Event) -> Iterator[str]:
    match event:
        case lead.LeadRegistered():
            yield f"lead registered as {event.profile.target_status}"
            yield f"in niche {', '.join(event.profile.niche) or 'none'}"
            yield f"with triggers {', '.join(event.triggers) or 'none'}"
        case lead.LeadTriggered():
            yield f"lead got trigger {event.trigger}"
        case lead.LeadTriggerConsumed():
            yield f"enrollment took trigger {event.trigger} from the lead"
        case lead.LeadOptedOut():
            yield "lead opted out"
        case lead.LeadReplied():
            yield "lead replied"
        case sequence.SequenceDefined():
            yield f"sequence {event.definition.name!r} defined for trigger"
            yield f"{event.definition.trigger}, {len(event.definition.steps)} steps"
        case sequence.SequenceStepRevised():
            yield f"step {event.number} got new content"
        case enrollment.LeadEnrolled():
            yield f"lead (version {event.lead_version}) enrolled by trigger {event.trigger}"
            yield f"in the sequence (version {event.sequence_version}), entry {event.entry}"
        case enrollment.EnrollmentStopped():
            yield f"enrollment stopped: {event.reason}"
        case campaign.CampaignScheduled():
            yield f"campaign {event.definition.name!r} scheduled for"
            yield event.definition.scheduled_at.isoformat()
        case campaign.CampaignTriggered():
            yield f"campaign triggered for niche {', '.join(event.niche) or 'any'},"
            yield f"target status {event.target_status}"
        case campaign.CampaignAudienceCompleted():
            yield f"audience complete: {event.scheduled} messages"
        case message_events.MessageScheduled():
            yield f"message planned for {event.scheduled_at.isoformat()}"
        case message_events.MessageClaimed():
            yield f"claimed, slot at {event.send_at.isoformat()}"
        case message_events.MessageReleased():
            yield f"released: {event.reason}"
        case message_events.MessageQueued():
            yield f"handed over, text {event.content_id}, lead version {event.lead_version}"
        case message_events.MessageSent():
            yield f"accepted by the gateway as {event.provider_id}"
        case message_events.MessageFailed():
            yield f"failed with {event.code}: {event.reason}"
        case message_events.MessageDeferred():
            yield f"deferred ({event.reason}) until {event.retry_at.isoformat()}"
        case message_events.MessageOutcomeUnknown():
            yield f"outcome unknown: {event.reason}"
        case message_events.MessageResolved():
            yield f"resolved as {event.resolution}: {event.reason}"
        case message_events.MessageCancelled():
            yield f"cancelled: {event.reason}"
        case _:
            yield event.TOPIC.replace(".", " ").replace("_", " ")
