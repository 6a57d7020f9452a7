"""What a person agreed to at an earlier point of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import lead, sequence
from domain.campaign import events as campaign_events
from domain.campaign.definition import Definition
from domain.event import Event
from domain.lead.events import LeadConsentGiven, LeadMerged
from domain.message.events import MessageScheduled
from projections.audit import event_log
from projections.audit.segment_then import NOW
from projections.database.engine import Database


class ConsentThen(msgspec.Struct, frozen=True, kw_only=True):
    """What a person agreed to when a message was dispatched.

    If the campaign or sequence ``required`` a consent, ``purpose`` is that one, and the other
    fields are None where there was none in force. If it did not, it is the latest that was in
    force. ``event`` is the notification id of the event that recorded it, ``withdrawn_at`` when the
    person withdrew it since. Once the person is erased source and words are None.
    """

    required: bool
    purpose: str
    given_at: datetime | None = None
    source: str | None = None
    words: str | None = None
    event: int | None = None
    withdrawn_at: datetime | None = None


def consent_then(
    database: Database, scheduled: MessageScheduled, number: int = NOW
) -> ConsentThen | None:
    """What the recipient of a message agreed to before the event of that notification id. None if
    no consent was required, and there was none."""
    ids = [scheduled.lead_id, scheduled.campaign_id, scheduled.sequence_id]
    log = event_log.history(database, filter(None, ids))
    into = next(
        (e.into for n, e in log if n < number and isinstance(e, LeadMerged)), scheduled.lead_id
    )
    if into != scheduled.lead_id:
        log = [*log, *event_log.history(database, [into])]
    before = [event for place, event in log if place < number]
    own = [(place, event) for place, event in log if event.originator_id == into]
    purpose = _required(before)
    found = lead.held(lead.ledger(e for n, e in own if n < number), purpose)
    if found is None:
        return None if purpose is None else ConsentThen(required=True, purpose=purpose)
    places = {e.originator_version: n for n, e in own if isinstance(e, LeadConsentGiven)}
    today = next(each for each in lead.ledger(e for _, e in own) if each.version == found.version)
    merged = next((e for _, e in own if isinstance(e, LeadMerged)), None)
    return ConsentThen(
        required=purpose is not None,
        purpose=found.purpose,
        given_at=found.given_at,
        source=found.source or None,
        words=found.words or None,
        event=places[found.version],
        withdrawn_at=today.withdrawn_at or _withdrawn_later(database, today, merged),
    )


def _withdrawn_later(
    database: Database, consent: lead.Consent, merged: LeadMerged | None
) -> datetime | None:
    """When the consent was withdrawn of the lead that its own lead was ``merged`` into, where it
    goes on; and so on."""
    while merged is not None:
        log = [event for _, event in event_log.history(database, [merged.into])]
        passed = [
            each
            for each in lead.ledger(log)
            if (each.from_lead, each.purpose, each.given_at)
            == (merged.originator_id, consent.purpose, consent.given_at)
        ]
        if any(each.withdrawn_at is not None for each in passed):
            return min(each.withdrawn_at for each in passed if each.withdrawn_at is not None)
        merged = next((event for event in log if isinstance(event, LeadMerged)), None)
    return None


def _required(events: list[Event]) -> str | None:
    """The purpose that the campaign or the sequence asks for after these events."""
    purpose: str | None = None
    for event in events:
        if isinstance(
            event,
            campaign_events.CampaignDrafted
            | campaign_events.CampaignScheduled
            | campaign_events.CampaignRevised
            | sequence.SequenceDefined
            | sequence.SequenceRevised,
        ):
            purpose = event.definition.requires_consent
    return purpose


def without_consent(
    database: Database,
    lead_id: UUID,
    definition: Definition | sequence.Definition,
    number: int = NOW,
) -> dict[str, Any] | None:
    """Fields of WhyNot if, before the event of that notification id, the person did not agree to
    what the campaign or sequence asks for; ``saw`` is the latest consent of that purpose, if any.
    None if the person did, or if nothing is asked for."""
    purpose = definition.requires_consent
    if purpose is None:
        return None
    log = event_log.history(database, [lead_id])
    consents = lead.ledger(event for place, event in log if place < number)
    if lead.held(consents, purpose) is not None:
        return None
    latest = next((each for each in reversed(consents) if each.purpose == purpose), None)
    story = f"the person had not agreed to {purpose}"
    if latest is not None:
        story = f"the person had withdrawn the consent to {purpose}"
    return {
        "reason": "no_consent",
        "story": story,
        "wanted": [purpose],
        "had": sorted({each.purpose for each in consents if each.in_force}),
        "saw": latest and {"given_at": latest.given_at, "withdrawn_at": latest.withdrawn_at},
    }
