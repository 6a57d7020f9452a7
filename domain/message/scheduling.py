"""How a message begins: planned for a campaign, for a step of an enrollment, or written by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.event import first
from domain.message.events import MessageScheduled
from domain.message.state import campaign_message_id, composed_message_id, step_message_id


def schedule_for_campaign(
    campaign_id: UUID,
    campaign_at: datetime,
    lead_id: UUID,
    lead_version: int,
    device_id: UUID,
    scheduled_at: datetime,
    expires_at: datetime | None,
    *,
    now: datetime,
    actor: str,
) -> MessageScheduled:
    """Plan the campaign's message to a lead, due at ``scheduled_at``.

    ``campaign_at`` is when the campaign is scheduled. ``lead_version`` is the version that matched.
    From ``expires_at`` on, unless it is None, the message is not wanted any more.
    """
    return first(
        MessageScheduled,
        campaign_message_id(campaign_id, campaign_at, lead_id),
        now,
        actor,
        lead_id=lead_id,
        lead_version=lead_version,
        device_id=device_id,
        campaign_id=campaign_id,
        scheduled_at=scheduled_at,
        expires_at=expires_at,
    )


def schedule_for_step(
    enrollment_id: UUID,
    enrolled_at: datetime,
    sequence_id: UUID,
    step: int,
    lead_id: UUID,
    lead_version: int,
    device_id: UUID,
    scheduled_at: datetime,
    decided_by: int = 0,
    *,
    now: datetime,
    actor: str,
) -> MessageScheduled:
    """Plan the message of one step, from 1, of an enrollment, due at ``scheduled_at``.
    ``lead_version`` is the version that matched. Unless ``decided_by`` is 0, the branches of
    the step of that number say whether the message goes."""
    return first(
        MessageScheduled,
        step_message_id(enrollment_id, enrolled_at, lead_id, step),
        now,
        actor,
        lead_id=lead_id,
        lead_version=lead_version,
        device_id=device_id,
        sequence_id=sequence_id,
        enrollment_id=enrollment_id,
        step=step,
        scheduled_at=scheduled_at,
        decided_by=decided_by,
    )


def schedule_composed(
    lead_id: UUID, lead_version: int, device_id: UUID, *, now: datetime, actor: str
) -> MessageScheduled:
    """Plan the message that somebody wrote to one lead, due at once. ``lead_version`` is that of
    the lead's event with the text."""
    return first(
        MessageScheduled,
        composed_message_id(now, lead_id, lead_version),
        now,
        actor,
        lead_id=lead_id,
        lead_version=lead_version,
        device_id=device_id,
        scheduled_at=now,
    )
