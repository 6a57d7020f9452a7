"""29. "A template went out with an empty value; a text that was empty altogether was sent." """

from __future__ import annotations

from uuid import UUID

import pytest

from domain.content import digest
from domain.template import Template
from projections.audit import message_trail
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones


def test_a_text_that_renders_empty_is_not_sent(container: Container, clock: SimulatedClock) -> None:
    """It is cancelled with the reason, and takes no turn of its device from the others."""
    given.device(container, pace=(60, 60))
    given.lead(container, 1)
    given.lead(container, 2, name="Anna")
    given.campaign(container, body=" {name}\n{city}")
    when.triggers(container)
    phones = Phones(clock)

    when.plays(clock, 200, when.broadcaster(container, phones))

    assert phones.texts == [" Anna\n"]
    assert sorted((m.status, m.reason) for m in then.messages(container)) == [
        ("cancelled", "empty_text"),
        ("sent", None),
    ]


def test_a_picture_needs_no_words(container: Container, clock: SimulatedClock) -> None:
    given.device(container)
    given.lead(container)
    given.campaign(container, body="{name}", media_url="https://example.com/a.png")
    when.triggers(container)

    when.looks(when.broadcaster(container, Phones(clock)))

    assert then.message(container).status == "sent"


def test_a_template_does_not_go_without_a_value(
    container: Container, clock: SimulatedClock
) -> None:
    """The name was there when the campaign began, and is not any more. The next step, whose
    template has a fallback, is sent."""
    given.device(container, gateway="cloud")
    lead = given.lead(container, 1, ["COLD"], name="Anna")
    sequence = given.sequence(container, "COLD", ("One", "Two"), step={"delay_hours": 1})
    for step, variable in ((1, "{Name}"), (2, "{Name|you}")):
        template = Template("offer", "en", {"who": variable})
        container.outreach.revise_step(sequence, step, template=template, actor=given.ACTOR)
    when.enrolls(container)
    container.outreach.update_lead(lead, given.leads.profile(), actor=given.ACTOR)
    phones = Phones(clock)

    when.plays(clock, 7200, when.broadcaster(container, phones, name="cloud"))

    assert [(m.status, m.reason) for m in then.messages(container)] == [
        ("cancelled", "template_variable_missing"),
        ("sent", None),
    ]
    (outgoing,) = phones.sent
    assert outgoing.content.template == Template("offer", "en", {"who": "you"})


def test_a_text_that_is_too_long_fails_and_can_be_sent_when_it_is_shorter(
    container: Container, clock: SimulatedClock
) -> None:
    """Nothing is cut: Wablas takes 1,024 characters, and the name makes it one more."""
    given.device(container, gateway="wablas")
    given.lead(container, name="Anna")
    campaign = given.campaign(container, body="x" * 1021 + "{name}")
    when.triggers(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones, name="wablas")

    when.looks(broadcaster)

    message = then.message(container)
    assert (message.status, message.reason) == ("failed", "text_too_long")
    assert phones.sent == []
    container.outreach.revise_campaign(
        campaign, lambda definition: given.changed(definition, body="{name}"), actor=given.ACTOR
    )
    container.outreach.retry_message(message.message_id, actor=given.ACTOR)
    clock.advance(seconds=5)
    when.looks(broadcaster)
    assert phones.texts == ["Anna"]


@pytest.mark.parametrize("rules", [0, 1])
def test_the_audit_proves_a_text_by_the_rules_under_which_it_was_written(
    container: Container, clock: SimulatedClock, rules: int
) -> None:
    """A campaign that was stored before there were rules goes on as it was, and is proven as it
    was sent, also after it was written anew."""
    given.device(container)
    person = given.lead(container, name="Anna")
    campaign = given.campaign(container, body=r"{Name|you} \{x\}")
    if rules == 0:
        _store_as_before(container, campaign)
    when.triggers(container)
    phones = Phones(clock)

    when.looks(when.broadcaster(container, phones))

    expected = {0: r"you \{x\}", 1: "Anna {x}"}[rules]
    assert phones.texts == [expected]
    message = then.message(container)
    assert message.body_sha256 == digest(phones.sent[0].content, then.digest_key(container, person))
    trail = message_trail.message_trail(container.outreach, container.database, message.message_id)
    assert [(h.text, h.proven) for h in trail.hand_overs] == [(expected, True)]


def _store_as_before(container: Container, campaign: UUID) -> None:
    """The campaign's event and row without the field that says by which rules it is rendered."""
    with container.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        connection.exec_driver_sql(
            "UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
            " ',\"rules\":1', ''), 'UTF8') WHERE topic = 'campaign.scheduled'"
        )
        connection.exec_driver_sql("UPDATE campaigns SET definition = definition - 'rules'")
