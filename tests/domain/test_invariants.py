"""What holds in every state of every aggregate, whatever was tried before."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from domain.campaign.events import (
    CampaignAudienceCompleted,
    CampaignAudienceExtended,
    CampaignCancelled,
    CampaignFinished,
    CampaignReopened,
    CampaignRevised,
    CampaignTested,
    CampaignTriggered,
)
from domain.device import DeviceConnected, DeviceDisconnected, DeviceRetired
from domain.enrollment import EnrollmentBranched, EnrollmentReplanned, EnrollmentStopped
from domain.lead.events import (
    LeadErased,
    LeadOptedIn,
    LeadOptedOut,
    LeadPhoneChanged,
    LeadReplied,
    LeadTriggerConsumed,
)
from domain.message.events import (
    MessageCancelled,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageQueued,
    MessageRead,
    MessageResolved,
    MessageRetried,
    MessageSent,
)
from domain.receipts import LATER
from domain.sequence import (
    Sequence,
    SequenceActivated,
    SequenceDeactivated,
    SequenceDefined,
    SequenceRevised,
    SequenceStepAdded,
    SequenceStepRemoved,
    SequenceStepRevised,
    asking,
)
from tests.support.histories.commands.campaign import CAMPAIGN
from tests.support.histories.commands.device import DEVICE
from tests.support.histories.commands.enrollment import ENROLLMENT
from tests.support.histories.commands.lead import LEAD
from tests.support.histories.commands.message import MESSAGE
from tests.support.histories.commands.sequence import SEQUENCE
from tests.support.histories.stories import Story, stories

SETTINGS = settings(max_examples=60, deadline=None)

EDITS = (SequenceStepRevised, SequenceStepAdded, SequenceStepRemoved, SequenceRevised)


def numbers_of(sequence: Sequence) -> list[int]:
    return [step.number for step in sequence.definition.steps]


@SETTINGS
@given(stories(LEAD))
def test_a_leads_triggers_come_once_and_its_consent_is_the_latest(story: Story) -> None:
    """The phone is the latest one, until it is erased with all that says who it was; consuming
    takes exactly one trigger; the latest wish counts."""
    phone = story.states[0].phone
    for before, event, state in story.before_and_after():
        if isinstance(event, LeadPhoneChanged):
            phone = event.phone
        assert state.phone == ("" if state.erased_at else phone)
        folded = [trigger.lower() for trigger in state.triggers]
        assert len(set(folded)) == len(folded)
        match event:
            case LeadTriggerConsumed():
                assert sorted([*state.triggers, event.trigger]) == sorted(before.triggers)
            case LeadOptedOut():
                assert state.opted_out_at == (before.opted_out_at or event.timestamp)
                assert state.opt_out_via == event.via or event.via == "platform"
            case LeadOptedIn():
                assert before.opted_out_at is not None
                assert state.opted_out_at is None
            case LeadReplied():
                assert (state.replied_at, state.replied_to) == (event.timestamp, event.message_id)
            case LeadErased():
                assert (state.profile.name, state.profile.attributes) == ("", {})
                assert (state.triggers, state.opted_out_at is None) == ((), False)
            case _ if before is not None:
                assert state.opted_out_at == before.opted_out_at
                assert state.replied_at == before.replied_at


@SETTINGS
@given(stories(SEQUENCE))
def test_a_sequences_steps_are_found_by_their_content_ids(story: Story) -> None:
    """Each step names the event that really holds its text. A number is given once, and a step
    keeps it; what is not added, removed or revised stays as it is, in the same order. A draft that
    was left is never one again, and an inactive sequence stays inactive."""
    given_numbers: list[int] = []
    for before, event, state in story.before_and_after():
        numbers = [step.number for step in state.definition.steps]
        added = [n for n in numbers if before is None or n not in numbers_of(before)]
        assert not set(added) & set(given_numbers)
        given_numbers += added
        assert (max(given_numbers), len(set(numbers))) == (state.steps_ever, len(numbers))
        for step in state.definition.steps:
            origin, version, named = step.content_id.split(":")
            assert (origin, named) == (str(state.id), str(step.number))
            held_by = story.events[int(version) - 1]
            if isinstance(held_by, SequenceDefined):
                assert held_by.definition.steps[step.number - 1] == step
            else:
                assert isinstance(held_by, SequenceStepRevised | SequenceStepAdded)
                assert held_by.step == step
        if before is not None:
            kept = [step for step in before.definition.steps if step in state.definition.steps]
            assert kept == [step for step in state.definition.steps if step in kept]
        if before is not None:
            assert before.status == "draft" or state.status != "draft"
            assert before.status != "inactive" or state.status == "inactive"
            assert before.status != "deleted"
            if not isinstance(event, EDITS):
                asked = before.definition.segment
                if isinstance(event, SequenceActivated):
                    asked = event.segment
                assert state.definition == asking(before.definition, asked)
            if isinstance(event, SequenceRevised):
                assert state.definition.steps == before.definition.steps
            if isinstance(event, SequenceDeactivated):
                assert state.status == "inactive"


@SETTINGS
@given(stories(ENROLLMENT))
def test_a_journey_ends_once(story: Story) -> None:
    """One event begins it, at most one ends it, and only a stop has a reason. Between them it is
    planned anew by ever later versions of its sequence."""
    replanned = story.of(EnrollmentReplanned)
    branched = story.of(EnrollmentBranched)
    rest = [each for each in story.events if each not in replanned + branched]
    assert len(rest) <= 2
    final = story.states[-1]
    assert (final.status == "active") == (len(rest) == 1)
    versions = [event.sequence_version for event in (story.events[0], *replanned)]
    assert versions == sorted(set(versions))
    stopped = [event.reason for event in story.of(EnrollmentStopped)]
    assert ((final.status == "stopped"), final.reason) == (bool(stopped), *(stopped or [None]))
    assert [taken.step for taken in final.branches] == [event.step for event in branched]
    more = sum(event.added - event.removed for event in replanned)
    assert final.steps == story.events[0].steps + more


@SETTINGS
@given(stories(CAMPAIGN))
def test_a_campaigns_counts_add_up_and_its_end_is_final(story: Story) -> None:
    """Totals are the sums of the chunks; the cursor only goes on; criteria are frozen by the
    trigger, which comes once; nothing follows a cancellation, and only a reopening the end."""
    scheduled, excluded = 0, Counter[str]()
    for before, event, state in story.before_and_after():
        if before is not None and not isinstance(event, CampaignTested):
            assert before.status != "cancelled"
            assert (before.status == "finished") == isinstance(event, CampaignReopened)
        match event:
            case CampaignTriggered():
                assert before.definition.scheduled_at <= event.timestamp
                assert event.niche == before.definition.niche
                assert event.target_status == before.definition.target_status
                assert (event.segment is None) == (before.definition.segment_id is None)
            case CampaignAudienceExtended():
                assert before.cursor is None or event.cursor > before.cursor
                scheduled += event.scheduled
                excluded.update(event.excluded)
            case CampaignAudienceCompleted():
                assert (event.scheduled, event.excluded) == (scheduled, dict(excluded))
            case CampaignRevised():
                assert state.definition.content_id == f"{state.id}:{state.version}:0"
                if before.triggered_at is not None:
                    for field in ("niche", "target_status", "scheduled_at", "expires_after_hours"):
                        assert getattr(state.definition, field) == getattr(before.definition, field)
            case CampaignFinished():
                assert before.audience_completed
        assert (state.scheduled, state.excluded) == (scheduled, dict(excluded))
        assert (state.paused_from is not None) == (state.status == "paused")
        so_far = [type(event) for event in story.events[: state.version]]
        assert state.audience_completed == (so_far.count(CampaignAudienceCompleted) == 1)
        if state.status in ("triggering", "triggered", "finished"):
            assert state.triggered_at is not None
    assert len(story.of(CampaignTriggered)) <= 1
    assert len(story.of(CampaignAudienceCompleted)) <= 1
    if story.of(CampaignCancelled):
        assert story.states[-1].status == "cancelled"


@SETTINGS
@given(stories(MESSAGE))
def test_a_message_is_handed_over_and_sent_once(story: Story) -> None:
    """Never handed over twice unless it was surely not accepted, or somebody wants it again; sent
    and failed only after the hand-over, unless it failed before; cancelled for good; sent for good,
    unless the provider says later that it failed and nothing was delivered."""
    free, handed_over, attempts = True, False, 0
    for before, event, state in story.before_and_after():
        if before is not None:
            assert before.status != "cancelled"
            if before.status == "sent" and state.status != "sent":
                assert (type(event), before.delivered_at) == (MessageFailed, None)
                assert event.reason == LATER
        match event:
            case MessageQueued():
                assert free, "handed over twice"
                assert before.status == "processing"
                free, handed_over, attempts = False, True, attempts + 1
                assert state.queued_at == event.timestamp
            case MessageDeferred():
                free = True
            case MessageRetried() | MessageResolved(resolution="retried"):
                free, attempts = True, 0
            case MessageFailed():
                assert before.status in ("processing", "queued", "sent")
            case MessageSent():
                assert before.status == "queued"
            case MessageDelivered() | MessageRead():
                assert before.status == "sent"
        assert (state.queued_at is not None) == handed_over
        assert state.attempt == attempts
        if state.status in ("queued", "unknown", "sent"):
            assert not free


def failed_later(story: Story, version: int) -> int:
    """How often the provider took back that it had sent the message, up to that version."""
    return len(
        [
            e
            for e in story.of(MessageFailed)
            if e.reason == LATER and e.originator_version <= version
        ]
    )


@SETTINGS
@given(stories(MESSAGE))
def test_a_messages_fields_fit_its_status(story: Story) -> None:
    """Who holds it, when it was sent, delivered and read, why it failed or was cancelled."""
    origin = story.events[0]
    for state in story.states:
        held = (state.worker, state.send_at, state.lease_until)
        if state.status in ("pending", "cancelled"):
            assert held == (None, None, None)
        if state.status in ("processing", "queued"):
            assert None not in held
        if state.status == "sent":
            assert state.sent_at is not None
        elif state.sent_at is not None:
            assert failed_later(story, state.version)
        assert state.status == "sent" or state.delivered_at is None
        assert state.read_at is None or state.delivered_at is not None
        if state.status == "failed":
            assert state.failed_at is not None
        if state.status in ("failed", "unknown", "cancelled"):
            assert state.reason
        if state.status == "queued":
            assert state.content_id
            assert state.body_sha256
        for field in ("lead_id", "campaign_id", "sequence_id", "enrollment_id"):
            assert getattr(state, field) == getattr(origin, field)
        assert state.planned_at == origin.scheduled_at
        assert (state.sequence_id is not None) == (1 <= state.step <= 5)
        assert (state.sequence_id is None) == (state.enrollment_id is None)
        assert state.campaign_id is None or state.sequence_id is None
    for kind in (MessageDelivered, MessageRead, MessageCancelled):
        assert len(story.of(kind)) <= 1
    assert len(story.of(MessageSent)) <= 1 + failed_later(story, len(story.events))


@SETTINGS
@given(stories(DEVICE))
def test_a_device_is_on_or_off_until_it_is_retired(story: Story) -> None:
    """It never connects twice without a disconnection, is told once why it is off, never changes
    its gateway, and nothing follows its retirement."""
    gateway = story.states[0].configuration.gateway
    for before, event, state in story.before_and_after():
        assert state.configuration.gateway == gateway
        match event:
            case DeviceConnected():
                assert before.status == "offline"
                assert (state.status, state.reason) == ("online", None)
            case DeviceDisconnected():
                assert before.status == "online" or before.reason is None
                assert (state.status, state.reason) == ("offline", event.reason)
                assert state.offline_since == (before.offline_since or event.timestamp)
            case DeviceRetired():
                assert state.status == "retired"
                assert event is story.events[-1]
