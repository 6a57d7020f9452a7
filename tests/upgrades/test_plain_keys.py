"""Leads' keys that an earlier version stored as they are: they open, and can be encrypted."""

from __future__ import annotations

from collections import Counter

from domain import lead as leads
from projections.container import Container
from projections.eventstore.lead_keys import encrypt_kept_keys
from projections.rebuild.rebuild import rebuild
from tests.support import given, then
from tests.support.api.given import SECRET_KEY


def sizes(container: Container) -> Counter[int]:
    """How many keys there are of how many bytes."""
    return Counter(len(row.key) for row in then.table(container, "lead_keys"))


def test_keys_of_before_and_of_now_open_side_by_side(container: Container) -> None:
    """Leads of before go on, new ones come, and the tables are what the events say."""
    assert sizes(container).keys() == {32}
    count = sizes(container)[32]
    old = next(row.lead_id for row in then.table(container, "leads") if row.erased_at is None)
    name = container.outreach.get_lead(old).profile.name

    given.lead(container, 9_999_999, name="Zara")
    container.outreach.update_lead(old, leads.profile(name="Siti"), actor="api:sales")

    assert name
    assert container.outreach.get_lead(old).profile.name == "Siti"
    assert sizes(container) == {32: count, 60: 1}
    assert set(rebuild(container.database).values()) == {None}


def test_after_encrypting_them_every_event_opens_as_before(container: Container) -> None:
    """And none of the keys is left in the clear."""
    before, plain = then.events(container, "lead."), then.table(container, "lead_keys")

    with container.database.transaction() as connection:
        assert encrypt_kept_keys(connection, SECRET_KEY, page=10) == len(plain) > 20

    stored = b"".join(bytes(row.key) for row in then.table(container, "lead_keys"))
    assert sizes(container) == {60: len(plain)}
    assert [row.lead_id for row in plain if bytes(row.key) in stored] == []
    assert then.events(container, "lead.") == before
    assert any(event.phone for event in before if event.TOPIC == "lead.registered")
    assert set(rebuild(container.database).values()) == {None}
