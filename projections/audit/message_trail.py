"""The audit trail of a message, from the events alone.

Why did this person get this message, when, from which number, and what exactly did it say?
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import enrollment, lead, message, rendering, sequence
from domain.application.outreach import Outreach
from domain.campaign import events as campaign_events
from domain.campaign import variants
from domain.content import Content, digest, render
from domain.errors import NotFoundError
from domain.event import Event
from domain.lead.events import (
    LeadConsentWithdrawn,
    LeadContactedByHand,
    LeadErased,
    LeadMerged,
    LeadMessageComposed,
    LeadOptedOut,
    LeadReplied,
    LeadReplyEdited,
    LeadUnreachable,
)
from domain.message import events as message_events
from domain.message.events import MessageQueued
from projections.audit import event_log
from projections.audit.consent_then import ConsentThen, consent_then
from projections.audit.event_log import Entry
from projections.audit.segment_then import NOW
from projections.database.engine import Database
from projections.eventstore import lead_keys

# What a person does, or what becomes of one, that may stop messages or answers them.
ENDINGS = (
    LeadOptedOut,
    LeadConsentWithdrawn,
    LeadReplied,
    LeadReplyEdited,
    LeadContactedByHand,
    LeadUnreachable,
    LeadMerged,
    LeadErased,
)


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one dispatch, rendered again from the recorded content and lead version.

    ``phone`` is the one that it was for. ``proven`` says that its digest is the recorded one,
    ``body_sha256`` in hexadecimal; a ``keyed`` one is made with the lead's digest key. For a person
    who was ``erased`` ``text`` and ``phone`` are None, placeholders stay in ``content``, and
    ``proven`` is None, as it is where the digest key is lost.
    """

    timestamp: datetime
    phone: str | None
    text: str | None
    content: Content
    body_sha256: str
    keyed: bool
    proven: bool | None
    erased: bool


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is the message: the campaign's criteria, the sequence's trigger, or that somebody
    wrote it.

    ``name`` is that of the campaign or sequence. ``lead_version`` is that of the lead that matched.
    ``written_by`` is the actor who wrote the message to this one person.
    ``sequence_version`` and ``step``, from 1, say from what the message was planned.
    """

    lead_version: int
    campaign_id: UUID | None = None
    sequence_id: UUID | None = None
    enrollment_id: UUID | None = None
    name: str = ""
    niche: list[str] = []
    target_status: str | None = None
    trigger: str | None = None
    entry: int | None = None
    sequence_version: int | None = None
    step: int | None = None
    written_by: str | None = None


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that led to a message and became of it.

    ``entries`` are the events in log order. ``hand_overs`` are the dispatches, in order.
    ``consent`` is what the person agreed to at the last of them, or does now if there is none.
    """

    message_id: UUID
    lead_id: UUID
    recipient_phone: str | None
    device_id: UUID
    device_name: str
    status: str
    reason: str | None
    scheduled_at: datetime
    expires_at: datetime | None
    cause: Cause
    consent: ConsentThen | None
    entries: list[Entry]
    hand_overs: list[Dispatch]


def message_trail(outreach: Outreach, database: Database, message_id: UUID) -> Trail:
    """The trail of a message. Raises NotFoundError if there is no such message."""
    own = event_log.history(database, [message_id])
    if not own or not isinstance(own[0][1], message_events.MessageScheduled):
        raise NotFoundError("message", message_id)
    scheduled = own[0][1]
    queued = [e for _, e in own if isinstance(e, message_events.MessageQueued)]
    dispatched = max((n for n, e in own if isinstance(e, MessageQueued)), default=NOW)
    latest = max([scheduled.lead_version, *(event.lead_version for event in queued)])
    origin = [scheduled.campaign_id, scheduled.sequence_id, scheduled.enrollment_id]
    person = outreach.get_lead(scheduled.lead_id)
    ids = [message_id, person.id, person.merged_into, *origin]
    chain = [
        (number, event)
        for number, event in event_log.history(database, filter(None, ids))
        # Of the person's events, those up to the version that was used, and the endings; after a
        # merge these are another lead's.
        if event.originator_id not in (person.id, person.merged_into)
        or (event.originator_id == person.id and event.originator_version <= latest)
        or isinstance(event, ENDINGS)
    ]
    # Nor what was written to the person in other messages.
    chain = [
        (number, event)
        for number, event in chain
        if not isinstance(event, LeadMessageComposed) or event.message_id == message_id
    ]
    with database.transaction() as connection:
        digest_key = lead_keys.digest_key(connection, scheduled.lead_id)
    state = message.fold(None, [event for _, event in own])
    assert state is not None  # noqa: S101 - it has events
    return Trail(
        message_id=message_id,
        lead_id=scheduled.lead_id,
        recipient_phone=person.phone or None,
        device_id=state.device_id,
        device_name=outreach.get_device(state.device_id).configuration.name,
        status=state.status,
        reason=state.reason,
        scheduled_at=scheduled.scheduled_at,
        expires_at=scheduled.expires_at,
        cause=_cause(scheduled, [event for _, event in chain]),
        consent=consent_then(database, scheduled, dispatched),
        entries=event_log.entries(database, chain),
        hand_overs=[prove(outreach, person, event, digest_key) for event in queued],
    )


def _cause(scheduled: message_events.MessageScheduled, chain: list[Event]) -> Cause:
    """The cause that the events of the campaign, of sequence and enrollment, or of the lead
    state."""
    cause = Cause(
        lead_version=scheduled.lead_version,
        campaign_id=scheduled.campaign_id,
        sequence_id=scheduled.sequence_id,
        enrollment_id=scheduled.enrollment_id,
        step=scheduled.step or None,
    )
    for event in chain:
        changes: dict[str, Any] = {}
        match event:
            case (
                campaign_events.CampaignDrafted()
                | campaign_events.CampaignScheduled()
                | campaign_events.CampaignRevised()
            ):
                changes = {"name": event.definition.name}
            case campaign_events.CampaignTriggered():
                changes = {"niche": list(event.niche), "target_status": event.target_status}
            case sequence.SequenceDefined() | sequence.SequenceRevised():
                changes = {"name": event.definition.name}
            case LeadMessageComposed():
                changes = {"written_by": event.actor}
            case enrollment.LeadEnrolled():
                changes = {
                    "trigger": event.trigger,
                    "entry": event.entry,
                    "sequence_version": event.sequence_version,
                }
        cause = msgspec.structs.replace(cause, **changes)
    return cause


def prove(
    outreach: Outreach, person: lead.Lead, queued: MessageQueued, digest_key: bytes | None
) -> Dispatch:
    """Render the content of a dispatch to ``person`` again and compare its digest with the recorded
    one. ``person`` is the message's lead as it is now, ``digest_key`` the lead's."""
    content = _content(outreach, queued.content_id)
    text: str | None = None
    phone: str | None = None
    proven: bool | None = None
    if person.erased_at is None:
        then = lead.fold(None, _events(outreach, person.id, upto=queued.lead_version))
        assert then is not None  # noqa: S101 - a message's lead has events
        names = rendering.names_of(then.profile.name, then.phone, then.profile.attributes)
        content = render(content, names)
        text, phone = content.body, then.phone
        if not queued.keyed:
            proven = digest(content) == queued.body_sha256
        elif digest_key is not None:
            proven = digest(content, digest_key) == queued.body_sha256
    return Dispatch(
        timestamp=queued.timestamp,
        phone=phone,
        text=text,
        content=content,
        body_sha256=queued.body_sha256,
        keyed=queued.keyed,
        proven=proven,
        erased=person.erased_at is not None,
    )


def _content(outreach: Outreach, content_id: str) -> Content:
    """The content that the named event holds."""
    aggregate_id, version, step = content_id.split(":")
    (event,) = _events(outreach, UUID(aggregate_id), after=int(version) - 1, upto=int(version))
    match event:
        case (
            campaign_events.CampaignDrafted()
            | campaign_events.CampaignScheduled()
            | campaign_events.CampaignRevised()
        ):
            texts = variants.texts(event.definition, event.definition.variants)
            return texts[max(0, int(step) - 1)]
        case sequence.SequenceDefined():
            return event.definition.steps[int(step) - 1]
        case sequence.SequenceStepRevised() | sequence.SequenceStepAdded():
            return event.step
        case LeadMessageComposed():
            return event.content
        case _:
            raise NotFoundError("content", content_id)


def _events(
    outreach: Outreach, aggregate_id: UUID, *, after: int | None = None, upto: int | None = None
) -> list[Any]:
    return list(outreach.events.get(aggregate_id, gt=after, lte=upto))
