"""The rows of a device's pace are the same however events fall into batches, also where the clocks
of those who recorded them were wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import device, message
from domain.event import Event
from domain.trial_events import DeviceTestBegun, DeviceTested
from projections.container import Container
from projections.rebuild import rebuild as module
from projections.rebuild.rebuild import rebuild
from tests.support import then
from tests.support.samples import NOW

ON_ONE_DATABASE = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# How far the clock of whoever records a message is ahead, and the epochs that it finds.
AHEAD = st.sampled_from([0, 0, 0, 1, 2, -2, 60, 3600, -3600])
EPOCHS = st.integers(0, 2)
STEPS = st.lists(st.tuples(AHEAD, EPOCHS, EPOCHS), min_size=1, max_size=12)


def life(
    device_id: UUID, at: datetime, slot_epoch: int, dispatch_epoch: int
) -> tuple[Event, Event, Event]:
    """A message that is claimed and dispatched at ``at``."""
    scheduled = message.schedule_for_campaign(
        uuid4(), NOW, uuid4(), 1, device_id, NOW, None, now=NOW, actor="test"
    )
    state = message.evolve(None, scheduled)
    claimed = message.claim(
        state,
        "w",
        at + timedelta(seconds=1),
        at.date(),
        at + timedelta(minutes=1),
        slot_epoch,
        now=at,
        actor="test",
    )
    queued = message.dispatch(
        message.evolve(state, claimed),
        "content",
        1,
        "digest",
        dispatch_epoch,
        now=at + timedelta(seconds=1),
        actor="test",
    )
    return scheduled, claimed, queued


def new_device(container: Container) -> UUID:
    configuration = device.Configuration(name="A", gateway="sandbox")
    return container.outreach.register_device(configuration, actor="test").id


def append(container: Container, events: Sequence[Event], cuts: Sequence[int]) -> None:
    """In batches that end where ``cuts`` say."""
    edges = [0, *sorted({cut % (len(events) + 1) for cut in cuts}), len(events)]
    for start, end in pairwise(edges):
        with container.database.transaction() as connection:
            container.outreach.record(connection, events[start:end])


def pace(container: Container, device_id: UUID) -> tuple[object, ...]:
    slots = then.row(container, "device_slots", device_id=device_id)
    dispatches = then.row(container, "device_dispatches", device_id=device_id)
    return (*slots[1:], *dispatches[1:4])


@pytest.mark.parametrize("page", [1, 7, 5000])
def test_the_latest_of_the_highest_epoch_is_kept(
    container: Container, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """In one batch or in many, the messages' steps one after the other or all claims before all
    dispatches; and a rebuild, whose batches are others, makes the same rows."""

    @ON_ONE_DATABASE
    @given(steps=STEPS, together=st.booleans(), cuts=st.lists(st.integers(0, 50), max_size=6))
    def check(steps: list[tuple[int, int, int]], together: bool, cuts: list[int]) -> None:
        device_id = new_device(container)
        lives = [
            life(device_id, NOW + timedelta(seconds=5 * number + ahead), *epochs)
            for number, (ahead, *epochs) in enumerate(steps)
        ]
        history = [event for one in lives for event in one]
        if not together:
            history = [one[step] for step in range(3) for one in lives]

        append(container, history, cuts)

        slot_epoch, last_slot = max((c.slot_epoch, c.send_at) for _, c, _ in lives)
        dispatch_epoch, dispatched_at, message_id = max(
            (q.dispatch_epoch, q.timestamp, q.originator_id) for _, _, q in lives
        )
        assert pace(container, device_id) == (
            last_slot,
            slot_epoch,
            dispatched_at,
            message_id,
            dispatch_epoch,
        )

    check()
    monkeypatch.setattr(module, "PAGE", page)
    assert not any(rebuild(container.database).values())


def test_after_a_clock_that_was_ahead_the_pace_is_that_of_the_right_one(
    container: Container,
) -> None:
    """In one batch: an hour ahead, then right in a new epoch, then right in it again."""
    device_id = new_device(container)
    first, second, third = (
        life(device_id, NOW + timedelta(hours=1), 0, 0),
        life(device_id, NOW, 1, 1),
        life(device_id, NOW + timedelta(seconds=10), 1, 1),
    )

    append(container, [*third, *second, *first], [])

    at = NOW + timedelta(seconds=11)
    assert pace(container, device_id) == (at, 1, at, third[0].originator_id, 1)


def test_what_an_earlier_version_recorded_is_of_the_first_epoch(container: Container) -> None:
    """Its events do not have the fields; nor have ours while no clock was ever ahead."""
    device_id = new_device(container)
    _, claimed, queued = one = life(device_id, NOW, 0, 0)
    append(container, one, [])

    stored = {row.topic: bytes(row.state) for row in then.table(container, "stored_events")}
    assert b"epoch" not in stored[claimed.TOPIC] + stored[queued.TOPIC]
    at = NOW + timedelta(seconds=1)
    assert pace(container, device_id) == (at, 0, at, claimed.originator_id, 0)


def trial(device_id: UUID, version: int, seconds: int) -> tuple[DeviceTestBegun, DeviceTested]:
    """A test of the device, begun so many seconds after ``NOW`` and answered a second later."""
    at = NOW + timedelta(seconds=seconds)
    begun = DeviceTestBegun(
        originator_id=device_id,
        originator_version=version,
        timestamp=at,
        actor="test",
        test_id=uuid4(),
        slot_day=NOW.date(),
        recipient="…01",
    )
    tested = DeviceTested(
        originator_id=device_id,
        originator_version=version + 1,
        timestamp=at + timedelta(seconds=1),
        actor="test",
        outcome="accepted",
        detail="",
        test_id=begun.test_id,
        slot_day=begun.slot_day,
    )
    return begun, tested


@pytest.mark.parametrize("cuts", [(), (1, 2, 3, 4, 5, 6, 7, 8, 9)], ids=["together", "one by one"])
def test_tests_take_their_turns_among_messages(
    container: Container, monkeypatch: pytest.MonkeyPatch, cuts: Sequence[int]
) -> None:
    """The latest of both is the device's latest dispatch, and a test is known until the next one,
    also where that was recorded late: a rebuild, whose batches are others, makes the same rows."""
    device_id = new_device(container)
    early, late = (life(device_id, NOW + timedelta(seconds=at), 0, 0) for at in (0, 20))
    first, second = trial(device_id, 2, 10), trial(device_id, 4, 15)

    append(container, [*early, *first, *late, *second], cuts)

    row = then.row(container, "device_dispatches", device_id=device_id)
    assert (row.message_id, row.dispatched_at) == (late[2].originator_id, late[2].timestamp)
    assert (row.test_id, row.test_answered_at) == (second[0].test_id, second[1].timestamp)
    for page in (1, 3, 5000):
        monkeypatch.setattr(module, "PAGE", page)
        assert not any(rebuild(container.database).values())
