"""The audit trail: why this person got this message, and what exactly it said."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from domain import lead as leads
from domain.errors import NotFoundError
from projections.audit import message_trail
from projections.container import Container
from runners.gateways.protocol import Rejected
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def trail_of(container: Container, message_id: UUID) -> message_trail.Trail:
    return message_trail.message_trail(container.outreach, container.database, message_id)


def test_the_chain_of_a_step_is_complete(container: Container, clock: SimulatedClock) -> None:
    """From the lead and its trigger over enrollment, plan, claim and hand-over to the receipt,
    with who did what and when."""
    given.device(container)
    lead = given.lead(container, triggers=["COLD"], name="Aisyah")
    given.sequence(container, "COLD", ["Hi {name|there}", "Again"])
    when.enrolls(container)
    when.plays(clock, 300, when.broadcaster(container, Phones(clock)))
    message = then.message(container, step=1)
    when.receipt(container, message.message_id, "read")

    trail = trail_of(container, message.message_id)

    assert [(entry.topic, entry.actor) for entry in trail.entries] == [
        ("lead.registered", "api:test"),
        ("sequence.defined", "api:test"),
        ("sequence.activated", "api:test"),
        ("enrollment.lead_enrolled", "runner:enroller:test"),
        ("message.scheduled", "runner:enroller:test"),
        ("lead.trigger_consumed", "runner:enroller:test"),
        ("message.claimed", "runner:broadcaster:test"),
        ("message.queued", "runner:broadcaster:test"),
        ("message.sent", "runner:broadcaster:test"),
        ("message.delivered", "webhook:gowa"),
        ("message.read", "webhook:gowa"),
    ]
    numbers = [entry.notification_id for entry in trail.entries]
    assert numbers == sorted(numbers)
    assert trail.lead_id == lead
    assert trail.recipient_phone == "+60120000001"
    stories = [entry.story for entry in trail.entries]
    assert (
        "lead (version 1) enrolled by trigger COLD in the sequence (version 2), entry 1" in stories
    )
    assert "message planned for 2026-03-02T08:05:00+00:00" in stories
    assert "accepted by the gateway as wamid.1" in stories
    (hand_over,) = trail.hand_overs
    assert (hand_over.text, hand_over.proven) == ("Hi Aisyah", True)
    assert hand_over.timestamp == datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
    key = then.digest_key(container, lead)
    assert (len(key), hand_over.keyed, hand_over.erased) == (32, True, False)
    assert hand_over.body_sha256 == hmac.new(key, b"Hi Aisyah", "sha256").hexdigest()


def test_the_chain_of_a_campaigns_message_is_complete(
    container: Container, clock: SimulatedClock
) -> None:
    """Who scheduled it for when, how it was triggered, and what became of the message."""
    given.device(container)
    given.lead(container, name="Aisyah")
    campaign = given.campaign(
        container, body="{name}, 20 % off", media_url="https://example.com/a.png"
    )
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock, Rejected("131026", "not on WhatsApp"))))

    trail = trail_of(container, then.message(container).message_id)

    assert [entry.topic for entry in trail.entries] == [
        "lead.registered",
        "campaign.scheduled",
        "campaign.triggered",
        "message.scheduled",
        "campaign.audience_extended",
        "campaign.audience_completed",
        "message.claimed",
        "message.queued",
        "message.failed",
    ]
    assert trail.entries[-1].story == "failed with 131026: not on WhatsApp"
    (hand_over,) = trail.hand_overs
    assert (hand_over.text, hand_over.content.media_url) == (
        "Aisyah, 20 % off",
        "https://example.com/a.png",
    )
    assert hand_over.proven
    assert then.events(container, "message.queued")[0].content_id == f"{campaign}:1:0"


def test_after_a_step_was_edited_both_texts_are_shown(
    container: Container, clock: SimulatedClock
) -> None:
    """Two people got the same step, one before and one after: each with the text that it got."""
    given.device(container)
    sequence = given.sequence(container, "COLD", ["Old text"])
    given.lead(container, 1, ["COLD"])
    when.enrolls(container)
    clock.advance(hours=1)
    given.lead(container, 2, ["COLD"])
    when.enrolls(container)
    broadcaster = when.broadcaster(container, Phones(clock))
    when.looks(broadcaster)

    container.outreach.revise_step(sequence, 1, body="New text", actor="api:sales")
    when.plays(clock, 600, broadcaster)

    before, after = (trail_of(container, m.message_id) for m in then.messages(container))
    assert [(h.text, h.proven) for h in before.hand_overs] == [("Old text", True)]
    assert [(h.text, h.proven) for h in after.hand_overs] == [("New text", True)]
    assert "step 1 got new content" in [entry.story for entry in after.entries]


def test_one_message_handed_over_twice_shows_both_texts(
    container: Container, clock: SimulatedClock
) -> None:
    """It failed, the campaign was rewritten, it was sent again."""
    given.device(container)
    given.lead(container)
    campaign = given.campaign(container, body="Old text")
    when.triggers(container)
    broadcaster = when.broadcaster(container, Phones(clock, Rejected("131026", "no")))
    when.looks(broadcaster)
    definition = container.outreach.get_campaign(campaign).definition
    revised = type(definition)(
        name=definition.name, body="New text", scheduled_at=definition.scheduled_at
    )
    container.outreach.revise_campaign(campaign, revised, actor="api:sales")
    container.outreach.retry_message(then.message(container).message_id, actor="api:sales")
    clock.advance(seconds=5)
    when.looks(broadcaster)

    trail = trail_of(container, then.message(container).message_id)

    assert [(h.text, h.proven) for h in trail.hand_overs] == [
        ("Old text", True),
        ("New text", True),
    ]


def test_the_old_text_is_proven_after_the_lead_changed_its_name(
    container: Container, clock: SimulatedClock
) -> None:
    """The text names the person as it was then."""
    given.device(container)
    lead = given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi {name}")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))

    container.outreach.update_lead(lead, leads.profile(name="Siti"), actor="api:sales")
    container.outreach.add_trigger(lead, "VIP", actor="api:sales")

    trail = trail_of(container, then.message(container).message_id)
    assert [(h.text, h.proven) for h in trail.hand_overs] == [("Hi Aisyah", True)]
    assert "lead.updated" not in [entry.topic for entry in trail.entries]


def test_a_decision_not_to_send_is_part_of_the_story(
    container: Container, clock: SimulatedClock
) -> None:
    """It was planned, the person opted out, it was cancelled for that reason."""
    given.device(container)
    lead = given.lead(container)
    given.campaign(container, at=clock() - timedelta(hours=1))
    when.triggers(container)
    container.outreach.opt_out(lead, "STOP", actor="webhook:gowa")

    trail = trail_of(container, then.message(container).message_id)

    assert [entry.story for entry in trail.entries[-2:]] == [
        "lead opted out, via operator",
        "cancelled: opted_out",
    ]
    assert trail.hand_overs == []


def test_a_forged_history_is_not_proven(container: Container, clock: SimulatedClock) -> None:
    """The log refuses to be rewritten; whoever breaks the lock is found out by the hash."""
    given.device(container)
    given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi {name}")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))
    forgery = (
        "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
        " 'Hi {name}', 'Bye {name}'), 'UTF8') WHERE topic = 'campaign.scheduled'"
    )

    with (
        pytest.raises(DBAPIError, match="append-only"),
        container.database.transaction() as connection,
    ):
        connection.exec_driver_sql(forgery)
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        connection.exec_driver_sql(forgery)

    trail = trail_of(container, then.message(container).message_id)
    assert [(h.text, h.proven) for h in trail.hand_overs] == [("Bye Aisyah", False)]


def test_only_messages_have_such_a_trail(container: Container) -> None:
    """An id of nothing, or of something else."""
    lead = given.lead(container)

    for other in (UUID(int=1), lead):
        with pytest.raises(NotFoundError, match=f"no message {other}"):
            trail_of(container, other)


def test_without_its_digest_key_a_text_is_neither_proven_nor_refuted(
    container: Container, clock: SimulatedClock
) -> None:
    """As after a restore in which the keys of leads are missing."""
    given.device(container)
    given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi all")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE lead_keys SET digest_key = NULL")

    trail = trail_of(container, then.message(container).message_id)

    assert [(h.text, h.keyed, h.proven, h.erased) for h in trail.hand_overs] == [
        ("Hi all", True, None, False)
    ]


def test_a_lead_without_a_digest_key_has_plain_digests(
    container: Container, clock: SimulatedClock
) -> None:
    """An early version made no keys for it; its texts are proven as they were then."""
    given.device(container)
    given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi {name}")
    with container.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE lead_keys SET digest_key = NULL")
    when.triggers(container)
    when.looks(when.broadcaster(container, Phones(clock)))

    (hand_over,) = trail_of(container, then.message(container).message_id).hand_overs

    assert (hand_over.keyed, hand_over.proven) == (False, True)
    assert hand_over.body_sha256 == (  # printf 'Hi Aisyah' | sha256sum
        "872dd7370d42ddba54b534a0e98e1cce106f2a45e3639c02d8ccb3de0578e9e4"
    )
