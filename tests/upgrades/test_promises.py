"""What was promised before the upgrade still holds after it: the log, the texts, the erasures, the
keys."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from domain.template import Template
from projections.audit import checkpoints, hash_chain
from projections.audit.message_trail import Trail, message_trail
from projections.container import Container
from runners.support.clocks import SimulatedClock
from tests.projections.rebuild.live_tables import contents, query
from tests.support import given, then, when
from tests.support.api.application import application
from tests.support.api.client import Client
from tests.upgrades import former


def test_the_chain_is_intact_and_grows(container: Container, clock: SimulatedClock) -> None:
    """The log is byte for byte what was sealed, also at the checkpoint of the first day."""
    checkpoint = checkpoints.parse(former.CHECKPOINT)
    before = hash_chain.verify(container.database)
    assert (before.fault, before.events, before.unchained) == (None, 686, 32)

    when.reaps(container)
    assert hash_chain.extend(container.database, clock) == 32 + 7

    after = hash_chain.verify(container.database)
    assert (after.fault, after.events, after.unchained) == (None, 725, 0)
    assert checkpoints.check(container.database, checkpoint, None) is None


def trail(container: Container, owner: str, number: int, step: int = 0) -> Trail:
    """The audit of the message of that campaign or sequence to lead ``number``."""
    lead_id = container.outreach.lead_id(given.phone(number))
    (found,) = query(
        container,
        "SELECT m.message_id FROM broadcast_messages m"
        " LEFT JOIN campaigns c USING (campaign_id) LEFT JOIN sequences s USING (sequence_id)"
        f" WHERE '{owner}' IN (c.name, s.name) AND m.lead_id = '{lead_id}' AND m.step = {step}",
    )
    return message_trail(container.outreach, container.database, found.message_id)


@pytest.mark.parametrize(
    ("owner", "number", "step", "status", "said"),
    [
        # She was called otherwise then, and the step had another text a day later.
        ("Cold", 2, 1, "sent", ["Hi Bala", "Hi Bala"]),
        ("Cold", 2, 2, "sent", ["Still there, Bala Krishnan? Anew, from Melaka"]),
        ("Früh", 16, 1, "sent", ["Guten Morgen Priya"]),
        ("Offer", 4, 0, "sent", ["Hello Diana\n20 % off at our shop"]),
        ("Late", 1, 0, "queued", ["Late, Aisyah"]),
    ],
)
def test_the_text_of_an_old_message_is_proven(
    container: Container, owner: str, number: int, step: int, status: str, said: list[str]
) -> None:
    """As it was said, from the content and the lead's version of then."""
    found = trail(container, owner, number, step)

    assert (found.status, found.cause.name) == (status, owner)
    assert [(d.text, d.proven) for d in found.hand_overs] == [(text, True) for text in said]


def test_a_picture_and_a_template_of_before_are_shown(container: Container) -> None:
    """Rendered for the person who got them."""
    (dispatch,) = trail(container, "Offer", 9).hand_overs

    assert dispatch.content.media_url == "https://shop.example.com/offer.jpg"
    assert dispatch.content.template == Template("offer", "en_US", ("Ivan", "Ipoh"))


def test_every_dispatch_of_before_is_proven(container: Container) -> None:
    """But for those to the person who was erased."""
    erased = container.outreach.lead_id(given.phone(8))
    proven: Counter[tuple[bool, bool | None]] = Counter()
    for message in then.messages(container):
        found = message_trail(container.outreach, container.database, message.message_id)
        for dispatch in found.hand_overs:
            proven[message.lead_id == erased, dispatch.proven] += 1

    assert proven == {(False, True): 77, (True, None): 3}


def test_who_was_erased_stays_erased(container: Container, clock: SimulatedClock) -> None:
    """Neither name nor phone are anywhere; the messages are counted, and their text is gone."""
    erased = container.outreach.lead_id(given.phone(8))
    row = then.row(container, "leads", lead_id=erased)
    assert (row.phone, row.name, row.attributes, row.triggers) == (None, "", {}, [])
    assert row.erased_at.isoformat() == "2026-03-02T15:18:00+00:00"
    assert [d.text for d in trail_of_erased(container, erased).hand_overs] == [None]

    when.triggers(container)

    assert then.messages(container, lead_id=erased, status="pending") == []
    tables: list[Any] = [*contents(container).values(), query(container, "TABLE event_log")]
    for name in ("Hana", "120000008"):
        assert not any(name in str(row) for rows in tables for row in rows)


def trail_of_erased(container: Container, lead_id: UUID) -> Trail:
    message, *_ = then.messages(container, lead_id=lead_id)
    return message_trail(container.outreach, container.database, message.message_id)


def test_keys_and_first_answers_are_those_of_before(container: Container) -> None:
    """A client goes on with its key; a request that it repeats is not done again."""
    crm = Client(application(container), former.KEY)
    yana = container.outreach.lead_id(given.phone(30))
    body = {"phone": given.phone(30), "name": "Yana"}

    again = crm.post("/leads", body, idempotency_key="import-30")

    assert (again.status, again.json["id"], again.json["name"]) == (201, str(yana), "Yana")
    assert crm.get(f"/leads/{yana}").json["name"] == "Yana"
    assert then.topics(container, yana) == ["lead.registered"]
