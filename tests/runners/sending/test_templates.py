"""Approved templates: rendered for the lead, proven by the audit."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.content import Content, digest, render
from domain.errors import InvalidInputError
from domain.template import Template
from projections.audit import message_trail
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.when import Phones

OFFER = Template("march_offer", "en_US", ("{name|there}", "20 %", "{city|your town}"))


def test_a_campaign_takes_its_template_along(container: Container, clock: SimulatedClock) -> None:
    """Rendered like the text, which goes along too for gateways that know no templates; the hash
    covers both."""
    given.device(container)
    given.lead(container, name="Aisyah")
    given.campaign(container, body="Hi {name}, 20 % off", template=OFFER)
    when.triggers(container)
    phones = Phones(clock)

    when.looks(when.broadcaster(container, phones))

    (outgoing,) = phones.sent
    rendered = Template("march_offer", "en_US", ("Aisyah", "20 %", "your town"))
    assert outgoing.content.body == "Hi Aisyah, 20 % off"
    assert outgoing.content.template == rendered
    message = then.message(container)
    key = then.digest_key(container, message.lead_id)
    sent = Content(body="Hi Aisyah, 20 % off", template=rendered)
    assert message.body_sha256 == digest(sent, key)
    trail = message_trail.message_trail(container.outreach, container.database, message.message_id)
    assert [(h.content.template, h.proven) for h in trail.hand_overs] == [(rendered, True)]


def test_a_revised_step_has_its_new_template(container: Container, clock: SimulatedClock) -> None:
    """What is not handed over yet; a step may lose its template again."""
    sequence = given.journey(container, "One", "Two", name="Aisyah")
    given.device(container)
    when.enrolls(container)
    phones = Phones(clock)
    broadcaster = when.broadcaster(container, phones)
    _revise(container, sequence, 1, OFFER)
    _revise(container, sequence, 2, OFFER)
    when.plays(clock, 600, broadcaster)
    _revise(container, sequence, 2, None)
    clock.advance(days=1)
    when.plays(clock, 600, broadcaster)

    assert [outgoing.content.body for outgoing in phones.sent] == ["One", "Two"]
    templates = [outgoing.content.template for outgoing in phones.sent]
    assert [template and template.name for template in templates] == ["march_offer", None]
    for message in then.messages(container):
        trail = message_trail.message_trail(
            container.outreach, container.database, message.message_id
        )
        assert [h.proven for h in trail.hand_overs] == [True]


def _revise(container: Container, sequence: UUID, step: int, template: Template | None) -> None:
    container.outreach.revise_step(sequence, step, template=template, actor=given.ACTOR)


def test_another_template_is_another_hash() -> None:
    """Nothing of what was sent can be changed unseen."""
    first = digest(Content(body="Hi", template=Template("a", "en", ("b",))))
    others = (None, Template("a", "en"), Template("a", "ms", ("b",)), Template("b", "en", ("b",)))
    assert first not in {digest(Content(body="Hi", template=other)) for other in others}
    assert render(Content(body="Hi"), {}).template is None


@pytest.mark.parametrize(
    "refused",
    [
        Template("", "en"),
        Template("March Offer", "en"),
        Template("offer", "english"),
        Template("offer", "en", ("",)),
        Template("offer", "en", ("a" * 1025,)),
        Template("offer", "en", ("a",) * 101),
    ],
)
def test_a_template_that_no_provider_takes_is_refused(
    container: Container, refused: Template
) -> None:
    with pytest.raises(InvalidInputError, match="template"):
        given.campaign(container, template=refused)
