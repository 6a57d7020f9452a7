"""fold(events) equals the projected row, for every aggregate, after random histories run through
the real database, in whatever batches they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, pairwise
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from domain import campaign, device, enrollment, lead, message, sequence
from domain.campaign.definition import Definition
from domain.event import Event
from domain.lead.events import LeadMessageComposed
from domain.warm_up import WarmUp
from projections.container import Container
from projections.database.engine import Database, rows
from projections.queries import message_status
from projections.queue import lookup
from projections.readmodels import campaigns, enrollments, leads, sequences
from projections.rebuild.rebuild import rebuild
from tests.support.histories import strategies

ON_ONE_DATABASE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def device_state(row: Any) -> device.Device:
    return device.Device(
        id=row.device_id,
        version=row.version,
        status=row.status,
        reason=row.reason,
        offline_since=row.offline_since,
        address=row.address,
        first_connected_at=row.first_connected_at,
        move_pending=row.move_pending,
        move_to=row.move_to,
        configuration=device.Configuration(
            name=row.name,
            gateway=row.gateway,
            settings=row.settings,
            min_delay_seconds=row.min_delay_seconds,
            max_delay_seconds=row.max_delay_seconds,
            daily_limit=row.daily_limit,
            timezone=row.timezone,
            warm_up=msgspec.convert(row.warm_up, WarmUp | None),
        ),
    )


def row_of(database: Database, table: str, key: str, aggregate_id: UUID) -> Any:
    """The aggregate's row; None if it has none."""
    with database.transaction() as connection:
        found = rows(connection, f"SELECT * FROM {table} WHERE {key} = %(id)s", id=aggregate_id)
    return found[0] if found else None


def append(container: Container, events: Sequence[Event], cuts: list[int]) -> None:
    """In batches that end where ``cuts`` say."""
    edges = [0, *sorted({cut % (len(events) + 1) for cut in cuts}), len(events)]
    for start, end in pairwise(edges):
        with container.database.transaction() as connection:
            container.outreach.record(connection, events[start:end])


CUTS = st.lists(st.integers(0, 50), max_size=4)


@pytest.fixture
def known_device(container: Container) -> UUID:
    """Messages need a device whose time zone says what day it is."""
    configuration = device.Configuration(name="A", gateway="sandbox", timezone="Asia/Kolkata")
    return container.outreach.register_device(configuration, actor="test").id


@pytest.mark.parametrize(
    ("strategy", "fold", "table", "state"),
    [
        (strategies.lead_histories(), lead.fold, "leads", leads.state),
        (strategies.sequence_histories(), sequence.fold, "sequences", sequences.state),
        (strategies.enrollment_histories(), enrollment.fold, "enrollments", enrollments.state),
        (strategies.campaign_histories(), campaign.fold, "campaigns", campaigns.state),
        (strategies.device_histories(), device.fold, "devices", device_state),
    ],
    ids=["lead", "sequence", "enrollment", "campaign", "device"],
)
def test_a_row_is_what_its_events_say(
    container: Container,
    strategy: st.SearchStrategy[list[Event]],
    fold: Callable[..., Any],
    table: str,
    state: Callable[[Any], Any],
) -> None:
    """In every column that the aggregate owns, however its events fell into batches."""
    number = count(10_000_000)

    @ON_ONE_DATABASE
    @given(history=strategy, cuts=CUTS)
    def check(history: list[Event], cuts: list[int]) -> None:
        history = anew(history, phone=f"+{next(number)}", lead_id=uuid4())
        append(container, history, cuts)
        key = f"{table.removesuffix('s')}_id"
        row = row_of(container.database, table, key, history[0].originator_id)
        folded = fold(None, history)
        if isinstance(folded, sequence.Sequence) and not sequence.exists(folded):
            assert row is None
        else:
            assert state(row) == folded

    check()
    assert not any(rebuild(container.database).values())


def test_a_message_row_is_what_its_events_say(container: Container, known_device: UUID) -> None:
    """And it is due exactly while it is pending; the counts agree with the rows, and so do the
    lists by status."""

    @ON_ONE_DATABASE
    @given(history=strategies.message_histories(), cuts=CUTS)
    def check(history: list[Any], cuts: list[int]) -> None:
        of_step = {} if history[0].enrollment_id is None else {"enrollment_id": uuid4()}
        history = anew(history, device_id=known_device, lead_id=uuid4(), **of_step)
        append(container, history, cuts)
        row = row_of(
            container.database, "broadcast_messages", "message_id", history[0].originator_id
        )
        state = message.fold(None, history)
        assert lookup.state(row) == state
        due_at = state.retry_at or state.scheduled_at if state.status == "pending" else None
        assert row.due_at == due_at

    check()
    assert not any(rebuild(container.database).values())
    with container.database.transaction() as connection:
        counted = rows(connection, counts_of(", ".join(f"sum({s})" for s in message.STATUSES)))
        (by_rows,) = rows(
            connection,
            "SELECT "
            + ", ".join(f"count(*) FILTER (WHERE status = '{s}')" for s in message.STATUSES)
            + " FROM broadcast_messages",
        )
        listed = {status: in_list(connection, status) for status in message.STATUSES}
    assert tuple(counted[0]) == tuple(by_rows) == tuple(map(len, listed.values()))
    assert all(row.status == status for status, found in listed.items() for row in found)


def in_list(connection: Connection, status: str) -> list[Any]:
    """The rows that a list of that status shows."""
    condition, parameters = message_status.condition(connection, status)
    statement = f"SELECT * FROM broadcast_messages WHERE {condition}"
    return rows(connection, statement, status=status, **parameters)


def counts_of(columns: str) -> str:
    return f"SELECT {columns} FROM message_counts"


def anew(history: list[Event], **fields: Any) -> list[Event]:
    """The same history of an aggregate that is not there yet: all examples share one database."""
    own = {"originator_id": uuid4(), **fields}
    return [
        msgspec.structs.replace(
            event,
            **{k: v for k, v in own.items() if k in event.__struct_fields__},
            # Of a message to one person there is one row, whoever the person is.
            **({"message_id": uuid4()} if isinstance(event, LeadMessageComposed) else {}),
        )
        for event in history
    ]


def test_a_paused_campaign_holds_its_messages_however_batches_fall(
    container: Container, known_device: UUID
) -> None:
    """Scheduled, paused and released in one batch or in many: held is held."""
    clock = container.outreach.clock
    scheduled = container.outreach.schedule_campaign(
        Definition(name="C", body="b", scheduled_at=clock()), actor="test"
    )
    triggered = campaign.start(scheduled, now=clock(), actor="test")
    state = campaign.fold(scheduled, triggered)
    assert state is not None
    first = message.schedule_for_campaign(
        scheduled.id, clock(), uuid4(), 1, known_device, clock(), None, now=clock(), actor="test"
    )
    claimed = message.claim(
        message.evolve(None, first),
        "w",
        clock(),
        clock().date(),
        clock(),
        now=clock(),
        actor="test",
    )
    paused = campaign.pause(state, now=clock(), actor="test")
    pending = message.fold(None, [first, claimed])
    assert pending is not None
    released = message.release(pending, "paused", now=clock(), actor="test")

    with container.database.transaction() as connection:
        container.outreach.record(connection, [first, *triggered, claimed, *paused, released])

    row = row_of(container.database, "broadcast_messages", "message_id", first.originator_id)
    assert (row.status, row.due_at) == ("pending", None)
    with container.database.transaction() as connection:
        assert [each.message_id for each in in_list(connection, "pending")] == [row.message_id]
    container.outreach.resume_campaign(scheduled.id, actor="test")
    row = row_of(container.database, "broadcast_messages", "message_id", first.originator_id)
    assert row.due_at == clock()
