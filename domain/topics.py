"""Every event there is, under the frozen topic by which it is stored.

A new event needs a line here and a stored sample in ``tests/domain/stored_events.jsonl``. No line
is ever removed: what was stored must load for ever.
"""

from __future__ import annotations

from eventsourcing.utils import register_topic

from domain import access, device, enrollment, sequence, suppression, trial_events
from domain.campaign import events as campaign_events
from domain.event import Event
from domain.lead import events as lead
from domain.message import events as message_events

EVENTS: tuple[type[Event], ...] = (
    lead.LeadRegistered,
    lead.LeadUpdated,
    lead.LeadTriggered,
    lead.LeadTriggerConsumed,
    lead.LeadOptedOut,
    lead.LeadOptedIn,
    lead.LeadReplied,
    sequence.SequenceDefined,
    sequence.SequenceActivated,
    sequence.SequencePaused,
    sequence.SequenceResumed,
    sequence.SequenceDeactivated,
    sequence.SequenceStepRevised,
    enrollment.LeadEnrolled,
    enrollment.EnrollmentCompleted,
    enrollment.EnrollmentStopped,
    campaign_events.CampaignScheduled,
    campaign_events.CampaignRevised,
    campaign_events.CampaignTriggered,
    campaign_events.CampaignAudienceExtended,
    campaign_events.CampaignAudienceCompleted,
    campaign_events.CampaignPaused,
    campaign_events.CampaignResumed,
    campaign_events.CampaignCancelled,
    campaign_events.CampaignFinished,
    message_events.MessageScheduled,
    message_events.MessageClaimed,
    message_events.MessageReleased,
    message_events.MessageQueued,
    message_events.MessageSent,
    message_events.MessageFailed,
    message_events.MessageDeferred,
    message_events.MessageOutcomeUnknown,
    message_events.MessageResolved,
    message_events.MessageCancelled,
    message_events.MessageRetried,
    message_events.MessageDelivered,
    message_events.MessageRead,
    device.DeviceRegistered,
    device.DeviceReconfigured,
    device.DeviceConnected,
    device.DeviceDisconnected,
    device.DeviceRetired,
    trial_events.DeviceTested,
    lead.LeadErased,
    campaign_events.CampaignReopened,
    campaign_events.CampaignDrafted,
    campaign_events.CampaignApproved,
    lead.LeadReplyEdited,
    lead.LeadAddressLearned,
    lead.LeadPhoneChanged,
    lead.LeadContactedByHand,
    lead.LeadUnreachable,
    lead.LeadReachable,
    lead.LeadMerged,
    lead.LeadAbsorbed,
    suppression.AddressSuppressed,
    suppression.AddressReleased,
    device.DeviceAddressLearned,
    message_events.MessageRescheduled,
    message_events.MessageMoved,
    sequence.SequenceStepAdded,
    sequence.SequenceStepRemoved,
    sequence.SequenceRevised,
    sequence.SequenceApproved,
    sequence.SequenceChangeProposed,
    sequence.SequenceProposalsDiscarded,
    enrollment.EnrollmentReplanned,
    sequence.SequenceDeleted,
    access.KeyCreated,
    access.KeyRevoked,
    access.SubscriptionCreated,
    access.SubscriptionDeleted,
    access.DeviceCredentialsChanged,
    access.SecretRotated,
    lead.LeadMessageComposed,
    lead.LeadTriggerRemoved,
    access.SegmentSaved,
    access.SegmentDeleted,
    trial_events.DeviceTestBegun,
    campaign_events.CampaignTested,
    lead.LeadConsentGiven,
    lead.LeadConsentWithdrawn,
    enrollment.EnrollmentBranched,
)

BY_TOPIC: dict[str, type[Event]] = {event.TOPIC: event for event in EVENTS}

for _event in EVENTS:
    register_topic(_event.TOPIC, _event)
