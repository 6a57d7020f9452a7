"""Events as sentences for people."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain import access, device, enrollment, sequence, suppression, trial_events
from domain.campaign import events as campaign_events
from domain.campaign.definition import starts_at
from domain.event import Event
from domain.lead import events as lead
from domain.message import events as message_events
from domain.segments import Predicate


def sentence(event: Event) -> str:
    """What happened, in words, without personal data; never empty."""
    return " ".join(_story(event))


def words(event: Event) -> str | None:
    """What the person said, what somebody wrote to the person alone, or what proves the wish or the
    number: personal data. None where there are no words, and once the person is erased."""
    match event:
        case lead.LeadReplied() | lead.LeadReplyEdited():
            return event.text or None
        case lead.LeadOptedOut() | lead.LeadOptedIn():
            return event.evidence or None
        case lead.LeadMessageComposed():
            return event.body or None
        case lead.LeadConsentGiven():
            return event.words or None
        case lead.LeadConsentWithdrawn():
            return event.evidence or None
        case lead.LeadRegistered():
            return event.renewed_consent
        case lead.LeadPhoneChanged():
            return f"{event.phone}: {event.evidence}" if event.phone else None
        case _:
            return None


def source(event: Event) -> str | None:
    """Where the person said the ``words``, if that was written down: personal data, too."""
    return (event.source or None) if isinstance(event, lead.LeadConsentGiven) else None


def through(event: Event) -> tuple[str | None, UUID | None]:
    """The gateway and the device that said so, or that somebody wrote to the person with by hand;
    None for what is not known."""
    match event:
        case lead.LeadReplied() | lead.LeadOptedOut() | lead.LeadOptedIn():
            return event.gateway or None, event.device_id
        case (
            lead.LeadReplyEdited()
            | lead.LeadAddressLearned()
            | lead.LeadPhoneChanged()
            | lead.LeadContactedByHand()
            | lead.LeadUnreachable()
            | lead.LeadReachable()
            | suppression.AddressSuppressed()
            | suppression.AddressReleased()
            | message_events.MessageSent()
            | message_events.MessageFailed()
            | message_events.MessageResolved()
            | message_events.MessageDelivered()
            | message_events.MessageRead()
        ):
            return None, event.device_id
        case _:
            return None, None


def _story(event: Event) -> Iterator[str]:
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
        case lead.LeadTriggerRemoved():
            yield f"trigger {event.trigger} was taken from the lead"
        case lead.LeadTriggerConsumed():
            yield f"enrollment took trigger {event.trigger} from the lead"
        case lead.LeadOptedOut():
            yield f"lead opted out, via {event.via}"
        case lead.LeadOptedIn():
            yield f"lead opted in, via {event.via}"
        case lead.LeadReplied():
            yield "something answered for the lead" if event.automatic else "lead replied"
            if event.kind != "text":
                yield f"with a {event.kind}"
        case lead.LeadReplyEdited():
            yield "lead changed the words of a reply"
        case lead.LeadAddressLearned():
            yield f"the provider calls the person by a {event.address.kind} too"
        case lead.LeadPhoneChanged():
            yield "lead has another phone"
        case lead.LeadContactedByHand():
            yield "somebody wrote to the lead on the phone itself"
        case lead.LeadUnreachable():
            yield f"no message reaches the lead: {event.code}"
        case lead.LeadReachable():
            yield "a message reached the lead after all"
        case lead.LeadMessageComposed():
            yield f"somebody wrote to the lead: message {event.message_id}"
        case lead.LeadConsentGiven():
            yield f"the person agreed to {event.purpose}"
            yield f"at {event.given_at.isoformat()}"
            if event.reply_id is not None:
                yield f"by reply {event.reply_id}"
            if event.from_lead is not None:
                yield f"as lead {event.from_lead}, which is the same person"
        case lead.LeadConsentWithdrawn():
            yield f"the person agrees no more to {event.purpose}"
            if event.from_lead is not None:
                yield f"as lead {event.from_lead}, which is the same person"
        case lead.LeadMerged():
            yield f"lead is the same person as {event.into}, which goes on for both"
        case lead.LeadAbsorbed():
            yield f"lead goes on for {event.lead_id} too, which is the same person"
        case suppression.AddressSuppressed():
            if event.address.scope:
                yield f"a {event.address.kind} said no to a device that its person does not know"
            else:
                yield f"a {event.address.kind} that nobody is registered with said no"
        case suppression.AddressReleased():
            yield "the address may be written to again"
        case lead.LeadErased():
            yield "the person was erased: nothing says any more who it was"
        case trial_events.DeviceTestBegun():
            yield f"a person sends a test message to a phone that ends in {event.recipient[1:]}"
        case trial_events.DeviceTested():
            yield f"a person sent a test message by hand: {event.outcome} {event.detail}"
        case campaign_events.CampaignTested():
            yield f"text {event.content_id} tested on a phone that ends in {event.recipient[1:]}:"
            yield f"{event.outcome} {event.detail}"
        case device.DeviceRetired():
            yield "device retired: what waits on it"
            if event.move_pending:
                yield f"moves to device {event.move_to}" if event.move_to else "moves to others"
            else:
                yield "is cancelled"
        case device.DeviceAddressLearned():
            yield f"the gateway calls the device's own number {event.address}"
        case access.KeyCreated():
            yield f"API key {event.name} of role {event.role} made"
        case access.KeyRevoked():
            yield f"API key {event.name} revoked"
        case access.SubscriptionCreated():
            yield f"subscription {event.subscription_id} made: {event.host} is told of"
            yield ", ".join(event.events)
        case access.SubscriptionDeleted():
            yield f"subscription {event.subscription_id} removed"
        case access.DeviceCredentialsChanged():
            yield f"credentials of device {event.device_id} changed: it has"
            yield ", ".join(event.names) or "none"
        case access.SecretRotated():
            if event.subscription_id is None:
                yield "the secret key replaced by another"
            else:
                yield f"the secret of subscription {event.subscription_id} replaced by another"
        case access.SegmentSaved():
            yield f"segment {event.predicate.name!r} saved"
        case access.SegmentDeleted():
            yield f"segment {event.segment_id} deleted"
        case sequence.SequenceDefined():
            yield f"sequence {event.definition.name!r} defined for trigger"
            yield f"{event.definition.trigger}, {len(event.definition.steps)} steps"
        case sequence.SequenceStepRevised():
            yield f"step {event.number} got new content"
            if event.replans:
                yield "and is planned anew for those under way"
        case sequence.SequenceStepAdded():
            yield f"step {event.step.number} added"
            yield "at the end" if event.before is None else f"before step {event.before}"
        case sequence.SequenceStepRemoved():
            yield f"step {event.number} removed"
        case sequence.SequenceDeleted():
            yield "draft deleted"
        case sequence.SequenceRevised():
            yield f"sequence {event.definition.name!r} revised"
            if event.replans:
                yield "and planned anew for those under way"
        case enrollment.LeadEnrolled():
            yield f"lead (version {event.lead_version}) enrolled"
            yield f"by trigger {event.trigger}" if event.trigger else "by a person"
            yield f"in the sequence (version {event.sequence_version}), entry {event.entry}"
        case enrollment.EnrollmentBranched():
            yield f"after step {event.step}"
            if event.branch == 0:
                yield "no branch held: the next step comes"
            elif event.then is None:
                yield f"branch {event.branch} held: nothing follows"
            else:
                yield f"branch {event.branch} held: step {event.then} comes next"
        case enrollment.EnrollmentReplanned():
            yield f"planned anew by the sequence (version {event.sequence_version})"
            if event.added or event.removed:
                yield f"with {event.added} steps more and {event.removed} fewer"
        case enrollment.EnrollmentStopped():
            yield f"enrollment stopped: {event.reason}"
        case sequence.SequenceApproved():
            yield f"sequence approved: content {event.content_sha256[:12]}…"
        case sequence.SequenceChangeProposed():
            yield f"proposed: {event.change.do.replace('_', ' ')}"
            if event.change.number is not None:
                yield f"{event.change.number}"
        case campaign_events.CampaignDrafted():
            yield f"campaign {event.definition.name!r} written down"
        case campaign_events.CampaignPaused() if event.reason == "brake":
            yield f"campaign held itself: of {event.tried} tried {event.failed} failed and"
            yield f"{event.opted_out} opted out"
        case campaign_events.CampaignApproved():
            yield f"campaign approved: content {event.content_sha256[:12]}… to niche"
            yield f"{', '.join(event.niche) or 'any'}, target status {event.target_status}"
            yield from _of_segment(event.segment)
        case campaign_events.CampaignScheduled():
            yield f"campaign {event.definition.name!r} scheduled for"
            yield starts_at(event.definition).isoformat()
        case campaign_events.CampaignTriggered():
            yield f"campaign triggered for niche {', '.join(event.niche) or 'any'},"
            yield f"target status {event.target_status}"
            yield from _of_segment(event.segment)
            if event.undo_until is not None:
                yield f"; it can be called back until {event.undo_until.isoformat()}"
        case campaign_events.CampaignRevised():
            yield f"campaign revised: text {event.definition.content_id}"
        case campaign_events.CampaignAudienceExtended():
            yield f"audience extended by {event.scheduled} messages"
        case campaign_events.CampaignAudienceCompleted():
            yield f"audience complete: {event.scheduled} messages"
        case message_events.MessageScheduled():
            yield f"message planned for {event.scheduled_at.isoformat()}"
        case message_events.MessageRescheduled():
            yield f"planned for {event.scheduled_at.isoformat()} now: {event.reason}"
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
        case message_events.MessageMoved():
            yield f"moved to device {event.device_id}"
        case message_events.MessageCancelled():
            yield f"cancelled: {event.reason}"
        case _:
            yield event.TOPIC.replace(".", " ").replace("_", " ")


def _of_segment(segment: Predicate | None) -> Iterator[str]:
    if segment is not None:
        yield f"in segment {segment.name!r}"
