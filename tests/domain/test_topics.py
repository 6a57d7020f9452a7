"""What was stored must load for ever: the frozen topics, and a stored sample of each."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eventsourcing.utils import get_topic, resolve_topic

from domain import topics
from domain.campaign.events import CampaignScheduled
from domain.event import Event
from domain.topics import BY_TOPIC

# Adding a line is fine. Changing one or taking one out makes stored events unreadable.
FROZEN = [
    "lead.registered",
    "lead.updated",
    "lead.triggered",
    "lead.trigger_consumed",
    "lead.opted_out",
    "lead.opted_in",
    "lead.replied",
    "sequence.defined",
    "sequence.activated",
    "sequence.paused",
    "sequence.resumed",
    "sequence.deactivated",
    "sequence.step_revised",
    "enrollment.lead_enrolled",
    "enrollment.completed",
    "enrollment.stopped",
    "campaign.scheduled",
    "campaign.revised",
    "campaign.triggered",
    "campaign.audience_extended",
    "campaign.audience_completed",
    "campaign.paused",
    "campaign.resumed",
    "campaign.cancelled",
    "campaign.finished",
    "message.scheduled",
    "message.claimed",
    "message.released",
    "message.queued",
    "message.sent",
    "message.failed",
    "message.deferred",
    "message.outcome_unknown",
    "message.resolved",
    "message.cancelled",
    "message.retried",
    "message.delivered",
    "message.read",
    "device.registered",
    "device.reconfigured",
    "device.connected",
    "device.disconnected",
    "device.retired",
    "device.tested",
    "lead.erased",
    "campaign.reopened",
    "campaign.drafted",
    "campaign.approved",
    "device.address_learned",
    "lead.reply_edited",
    "lead.address_learned",
    "lead.phone_changed",
    "lead.contacted_by_hand",
    "lead.unreachable",
    "lead.reachable",
    "lead.merged",
    "lead.absorbed",
    "suppression.address_suppressed",
    "suppression.address_released",
    "message.rescheduled",
    "message.moved",
    "sequence.step_added",
    "sequence.step_removed",
    "sequence.revised",
    "sequence.approved",
    "sequence.change_proposed",
    "sequence.proposals_discarded",
    "enrollment.replanned",
    "sequence.deleted",
    "access.key_created",
    "access.key_revoked",
    "access.subscription_created",
    "access.subscription_deleted",
    "access.device_credentials_changed",
    "access.secret_rotated",
    "lead.message_composed",
    "lead.trigger_removed",
    "access.segment_saved",
    "access.segment_deleted",
    "device.test_begun",
    "campaign.tested",
    "lead.consent_given",
    "lead.consent_withdrawn",
    "enrollment.branched",
]

LINES = (Path(__file__).parent / "stored_events.jsonl").read_text(encoding="utf-8").splitlines()
SAMPLES: list[tuple[str, Any]] = [
    (sample["topic"], sample["state"]) for sample in map(json.loads, LINES)
]

each_sample = pytest.mark.parametrize(("topic", "state"), SAMPLES, ids=[t for t, _ in SAMPLES])


def load(topic: str, state: Any) -> Event:
    return msgspec.json.decode(json.dumps(state), type=BY_TOPIC[topic])


def test_the_list_of_topics_is_frozen() -> None:
    """Exactly these, each once."""
    assert sorted(BY_TOPIC) == sorted(FROZEN)
    assert [event.TOPIC for event in topics.EVENTS] == list(BY_TOPIC)


def test_every_topic_has_exactly_one_stored_sample() -> None:
    """No event without a sample, and no sample that the code has forgotten."""
    assert sorted(topic for topic, _ in SAMPLES) == sorted(BY_TOPIC)


def test_every_event_that_is_defined_is_registered() -> None:
    """An event class that nobody registered could be stored and never be read."""
    ours = {each for each in Event.__subclasses__() if each.__module__.startswith("domain.")}
    assert ours == set(topics.EVENTS)


@each_sample
def test_a_stored_sample_loads_and_is_stored_again_alike(topic: str, state: Any) -> None:
    """Field by field the same JSON value, and the same event when it is read again."""
    event = load(topic, state)
    assert type(event) is BY_TOPIC[topic]
    stored = msgspec.json.encode(event)
    assert json.loads(stored) == state
    assert msgspec.json.decode(stored, type=BY_TOPIC[topic]) == event


@each_sample
def test_a_stored_sample_knows_who_when_and_what(topic: str, state: Any) -> None:
    """The four fields of every event; the time is aware, to the microsecond."""
    event = load(topic, state)
    assert str(event.originator_id) == state["originator_id"]
    assert event.originator_version >= 1
    assert event.timestamp.utcoffset() is not None
    assert event.timestamp.microsecond == 123456
    assert event.actor.split(":")[0] in ("api", "cli", "runner", "webhook")


@each_sample
def test_a_sample_shows_every_field(topic: str, state: Any) -> None:
    """A field that no sample has could change unseen."""
    assert set(state) == set(BY_TOPIC[topic].__struct_fields__)


@pytest.mark.parametrize("topic", FROZEN)
def test_the_store_finds_the_class_by_its_topic_and_back(topic: str) -> None:
    """By the frozen name, never by a module path."""
    assert resolve_topic(topic) is BY_TOPIC[topic]
    assert get_topic(BY_TOPIC[topic]) == topic
    assert ":" not in topic


@each_sample
def test_an_event_of_an_older_release_may_lack_newer_optional_fields(
    topic: str, state: Any
) -> None:
    """Only fields without a default are needed, so that adding one breaks nothing."""
    fields = msgspec.structs.fields(BY_TOPIC[topic])
    oldest = {field.name: state[field.name] for field in fields if field.required}
    event = load(topic, oldest)
    for field in fields:
        if not field.required:
            assert getattr(event, field.name) == field.default


@pytest.mark.parametrize("topic", [topic for topic in FROZEN if topic.startswith("message.")])
def test_no_message_event_carries_personal_data(topic: str) -> None:
    """Erasing a person is the affair of one aggregate, the lead."""
    personal = {"phone", "name", "text", "body", "attributes"}
    assert not personal & set(BY_TOPIC[topic].__struct_fields__)


@pytest.mark.parametrize("topic", [topic for topic in FROZEN if not topic.startswith("lead.")])
def test_no_event_but_the_leads_own_knows_a_phone(topic: str) -> None:
    """Nor a lead's attributes or words."""
    assert not {"phone", "attributes", "text", "profile"} & set(BY_TOPIC[topic].__struct_fields__)


def test_contents_of_older_releases_have_no_template() -> None:
    """The field is newer than they are."""
    state = copy.deepcopy(dict(SAMPLES)["campaign.scheduled"])
    del state["definition"]["template"]
    event = load("campaign.scheduled", state)
    assert isinstance(event, CampaignScheduled)
    assert event.definition.template is None
