"""Events as sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from domain import campaign, device, enrollment, lead, sequence
from domain.event import Event
from domain.message import events as message_events


def sentence(event: Event) -> str:
    """What happened, in words, without personal data; never empty."""
    return " ".join(_words(event))


def _words(event: Event) -> Iterator[str]:
    match event:
        case lead.LeadRegistered():
            yield f"lead registered as {event.profile.target_status}"
            yield f"in niche {', '.join(event.profile.niche) or 'none'}"
            yield f"with triggers {', '.join(event.triggers) or 'none'}"
        case lead.LeadUpdated():
            yield f"lead is now {event.profile.target_status}"
            yield f"in niche {', '.join(event.profile.niche) or 'none'}"
        case lead.LeadTriggered():
            yield f"lead got trigger {event.trigger}"
        case lead.LeadTriggerConsumed():
            yield f"enrollment took trigger {event.trigger} from the lead"
        case lead.LeadOptedOut():
            yield "lead opted out"
        case lead.LeadReplied():
            yield "lead replied"
        case lead.LeadErased():
            yield "the person was erased: nothing says any more who it was"
        case device.DeviceTested():
            yield f"a person sent a test message by hand: {event.outcome} {event.detail}"
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
        case campaign.CampaignRevised():
            yield f"campaign revised: text {event.definition.content_id}"
        case campaign.CampaignAudienceExtended():
            yield f"audience extended by {event.scheduled} messages"
        case campaign.CampaignAudienceCompleted():
            yield f"audience complete: {event.scheduled} messages"
        case message_events.MessageScheduled():
            yield f"message planned for {event.scheduled_at.isoformat()}"
        case message_events.MessageClaimed():
            yield f"claimed by {event.worker}, slot at {event.send_at.isoformat()},"
            yield f"lease until {event.lease_until.isoformat()}"
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
