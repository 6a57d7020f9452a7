"""What subscriptions are told about an event: a name and a few facts.

The only personal data is the text of a reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.campaign import events as campaign_events
from domain.event import Event
from domain.lead import events as lead
from domain.message.events import (
    MessageDelivered,
    MessageFailed,
    MessageOutcomeUnknown,
    MessageRead,
    MessageResolved,
    MessageSent,
)

# The topics of the events of which each webhook event is made.
TOPICS: Mapping[str, Sequence[str]] = {
    "message.sent": (MessageSent.TOPIC, MessageResolved.TOPIC),
    "message.failed": (MessageFailed.TOPIC, MessageResolved.TOPIC),
    "message.delivered": (MessageDelivered.TOPIC,),
    "message.read": (MessageRead.TOPIC,),
    "message.unknown": (MessageOutcomeUnknown.TOPIC,),
    "lead.replied": (lead.LeadReplied.TOPIC,),
    "lead.opted_out": (lead.LeadOptedOut.TOPIC,),
    "campaign.finished": (campaign_events.CampaignFinished.TOPIC,),
}


def webhook_event(event: Event) -> tuple[str, dict[str, Any]] | None:
    """The name and the facts that ``event`` itself holds; None where no subscription is told."""
    match event:
        case MessageSent():
            return "message.sent", {"provider_id": event.provider_id}
        case MessageResolved(resolution="sent"):
            return "message.sent", {"provider_id": event.provider_id, "reason": event.reason}
        case MessageFailed():
            return "message.failed", {"code": event.code, "reason": event.reason}
        case MessageResolved(resolution="failed"):
            return "message.failed", {"code": event.reason, "reason": event.reason}
        case MessageDelivered():
            return "message.delivered", {}
        case MessageRead():
            return "message.read", {}
        case MessageOutcomeUnknown():
            return "message.unknown", {"reason": event.reason}
        case lead.LeadReplied():
            facts = {"lead_id": event.originator_id, "message_id": event.message_id}
            return "lead.replied", {**facts, "text": event.text}
        case lead.LeadOptedOut():
            return "lead.opted_out", {"lead_id": event.originator_id}
        case campaign_events.CampaignFinished():
            return "campaign.finished", {"campaign_id": event.originator_id}
        case _:
            return None
