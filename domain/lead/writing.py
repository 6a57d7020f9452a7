"""A message that somebody writes to one person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain import content
from domain.content import Content
from domain.errors import WrongStateError
from domain.event import following
from domain.lead.events import LeadMessageComposed
from domain.lead.state import Lead
from domain.lead.wishes import require_present

WRITE = "write to"


def require_writable(lead: Lead) -> None:
    """Raises WrongStateError for a lead that nobody may write to, or that nothing reaches."""
    require_present(lead, WRITE)
    if lead.merged_into is not None:
        raise WrongStateError("lead", f"merged into {lead.merged_into}", WRITE)
    if lead.opted_out_at is not None:
        raise WrongStateError("lead", "opted_out", WRITE)
    if lead.unreachable_at is not None:
        raise WrongStateError("lead", "unreachable", WRITE)


def compose(
    lead: Lead,
    written: Content,
    message_id: UUID,
    device_id: UUID,
    *,
    now: datetime,
    actor: str,
) -> LeadMessageComposed:
    """Keep the text that is written to the person: that of the message ``message_id``, which
    ``device_id`` sends."""
    require_writable(lead)
    checked = content.checked(written)
    return following(
        lead,
        LeadMessageComposed,
        now,
        actor,
        message_id=message_id,
        device_id=device_id,
        body=checked.body,
        media_url=checked.media_url,
        rules=checked.rules,
    )
