"""Which steps of a message change its row in place (HOT), so that no index gets a new entry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from domain import device, message
from domain.event import Event
from projections.container import Container
from projections.database.engine import rows
from tests.support.samples import BY, NOW

LEASE = NOW + timedelta(minutes=1)


def is_in_place(container: Container, event: Event) -> bool:
    """Records the event; whether the row changed in place."""
    with container.database.transaction() as connection:
        before = updates(connection)
        container.outreach.record(connection, [event])
        after = updates(connection)
    assert after.n_tup_upd - before.n_tup_upd == 1
    return bool(after.n_tup_hot_upd - before.n_tup_hot_upd)


def updates(connection: Connection) -> Any:
    """What the session has counted, and not told the server yet."""
    (counts,) = rows(
        connection,
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables"
        " WHERE relname = 'broadcast_messages'",
    )
    return counts


@pytest.fixture
def queued(container: Container) -> list[Event]:
    """The events of a message that is dispatched; the first is recorded."""
    sandbox = device.Configuration(name="A", gateway="sandbox")
    device_id = container.outreach.register_device(sandbox, actor="test").id
    scheduled = message.schedule_for_campaign(uuid4(), NOW, uuid4(), 1, device_id, NOW, None, **BY)
    with container.database.transaction() as connection:
        container.outreach.record(connection, [scheduled])
    pending = message.evolve(None, scheduled)
    claimed = message.claim(pending, "w", NOW, NOW.date(), LEASE, **BY)
    dispatched = message.dispatch(message.evolve(pending, claimed), "content", 1, "digest", **BY)
    return [scheduled, claimed, dispatched]


def test_after_its_claim_a_message_changes_in_place(
    container: Container, queued: list[Event]
) -> None:
    """The claim takes it from the index of what is due; on its way nothing else is indexed."""
    state = message.fold(None, queued)
    assert state is not None
    sent = message.confirm_sent(state, "of the provider", **BY)

    assert [is_in_place(container, event) for event in (*queued[1:], sent)] == [False, True, True]


def test_what_failed_enters_the_index_of_what_was_not_sent(
    container: Container, queued: list[Event]
) -> None:
    state = message.fold(None, queued)
    assert state is not None
    failed = message.fail(state, "http_400", "refused", **BY)

    assert [is_in_place(container, event) for event in (*queued[1:], failed)] == [
        False,
        True,
        False,
    ]
