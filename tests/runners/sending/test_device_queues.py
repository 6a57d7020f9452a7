"""What may go now: no more calls at a time than a device and the process can bear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from runners.sending.call_limits import (
    CALLS,
    CALLS_PER_DEVICE,
    CALLS_PER_SERVER,
    SLOW_AFTER,
    CallBudget,
)
from runners.sending.device_queues import DeviceQueues
from runners.sending.slots import Slot, server_of

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def slots(
    count: int, device_id: UUID | None = None, *, paced: bool = False, server: str | None = None
) -> list[Slot]:
    """Of one device, or each of its own, on one server, or each on its own; all have come, one
    second after the other."""
    return [
        Slot(
            NOW - timedelta(seconds=count - number),
            uuid4(),
            device_id or uuid4(),
            NOW + timedelta(minutes=1),
            paced,
            server if server is not None else "gowa" if device_id else f"gowa {number}",
        )
        for number in range(count)
    ]


def begin(queues: DeviceQueues, taken: list[Slot], now: datetime) -> None:
    for slot in taken:
        queues.call_begins(slot.device_id, slot.message_id, slot.server, now)


def test_slots_go_when_they_have_come_and_in_their_order() -> None:
    queues = DeviceQueues()
    first, second = slots(2)
    later = msgspec.structs.replace(second, send_at=NOW + timedelta(seconds=1))
    queues.add([later, first])
    assert queues.take_due(NOW) == [first]
    assert queues.next_moment() == NOW + timedelta(seconds=1)
    assert queues.all() == [later]
    assert queues


def test_a_device_has_only_so_many_calls_at_a_time() -> None:
    """The next goes when one has ended, before what comes later."""
    queues, device = DeviceQueues(), uuid4()
    given = slots(CALLS_PER_DEVICE + 2, device)
    queues.add(given)
    taken = queues.take_due(NOW)
    begin(queues, taken, NOW)
    assert taken == given[:CALLS_PER_DEVICE]
    assert queues.take_due(NOW) == []
    assert queues.next_moment() is None

    queues.call_ends(device, taken[3].message_id, "gowa")
    assert queues.take_due(NOW) == [given[CALLS_PER_DEVICE]]


def test_a_device_goes_on_where_nothing_that_was_taken_became_a_call() -> None:
    """It was too late, or not wanted any more: then no call ever ends."""
    queues, device = DeviceQueues(), uuid4()
    given = slots(2 * CALLS_PER_DEVICE, device)
    queues.add(given)
    assert queues.take_due(NOW) == given[:CALLS_PER_DEVICE]
    assert queues.take_due(NOW) == given[CALLS_PER_DEVICE:]


def test_the_process_has_only_so_many_calls_at_a_time_unless_they_are_slow() -> None:
    """A gateway that hangs holds the others up for two seconds, once."""
    queues = DeviceQueues()
    queues.add(slots(CALLS + 10))
    begin(queues, queues.take_due(NOW), NOW)
    assert len(queues.all()) == 10
    assert queues.take_due(NOW) == []
    assert queues.next_moment() == NOW + SLOW_AFTER

    assert len(queues.take_due(NOW + SLOW_AFTER)) == 10
    assert not queues


def test_a_server_has_only_so_many_calls_at_a_time_however_slow_they_are() -> None:
    """Its other devices wait for one to end, in turn; other servers' devices do not wait."""
    queues, later = DeviceQueues(), NOW + 2 * SLOW_AFTER
    given = slots(CALLS_PER_SERVER + 3, server="gowa A")
    queues.add(given)
    taken = queues.take_due(NOW)
    begin(queues, taken, NOW)
    assert taken == given[:CALLS_PER_SERVER]
    assert queues.take_due(later) == []
    other = slots(5, server="gowa B")
    queues.add(other)
    assert queues.take_due(later) == other
    begin(queues, other, later)

    for ended in taken[:2]:
        queues.call_ends(ended.device_id, ended.message_id, "gowa A")
    assert set(queues.take_due(later)) == set(given[-3:-1])
    assert queues.all() == given[-1:]


def test_where_no_server_is_called_none_limits_the_calls() -> None:
    """The sandbox's, which are over at once."""
    queues, server = DeviceQueues(), server_of("sandbox", None)
    queues.add(slots(CALLS_PER_SERVER + 3, server=server))

    assert len(queues.take_due(NOW)) == CALLS_PER_SERVER + 3


def test_a_server_is_called_again_where_nothing_that_was_taken_became_a_call() -> None:
    """Then no call ever ends, and nobody would wake those who wait."""
    queues = DeviceQueues()
    given = slots(CALLS_PER_SERVER + 3, server="gowa A")
    queues.add(given)
    assert queues.take_due(NOW) == given[:CALLS_PER_SERVER]
    assert queues.take_due(NOW) == given[CALLS_PER_SERVER:]


def test_a_device_with_a_pause_sends_one_at_a_time_and_in_order() -> None:
    """What comes after a postponed one waits behind it."""
    queues, device = DeviceQueues(), uuid4()
    first, second, third = slots(3, device, paced=True)
    queues.add([third, second])
    queues.add([first])
    assert queues.take_due(NOW) == [first]

    free_at = NOW + timedelta(seconds=5)
    assert queues.take_due(NOW) == [second]
    queues.postpone(second, free_at)
    assert queues.take_due(NOW + timedelta(seconds=4)) == []
    assert queues.next_moment() == free_at
    assert queues.take_due(free_at) == [second]
    assert queues.take_due(free_at) == [third]


def test_what_could_not_be_handed_over_goes_first_again() -> None:
    queues, device = DeviceQueues(), uuid4()
    given = slots(3, device)
    queues.add(given)
    taken = queues.take_due(NOW)
    queues.add(taken)
    assert queues.take_due(NOW) == given


def test_devices_that_are_behind_are_known() -> None:
    queues, device = DeviceQueues(), uuid4()
    queues.add(slots(2, device, paced=True))
    queues.take_due(NOW)
    assert queues.behind(NOW - timedelta(seconds=1)) == set()
    assert queues.behind(NOW) == {device}
    queues.clear()
    assert queues.behind(NOW) == set()


def test_what_is_claimed_just_now_goes_at_once_as_far_as_there_is_room() -> None:
    queues, device, busy = DeviceQueues(), uuid4(), uuid4()
    given = slots(CALLS_PER_DEVICE + 3, device)
    begin(queues, given[:3], NOW)
    queues.add(slots(1, busy))
    budget = queues.budget(NOW)
    taken = [slot for slot in given[3:] if budget.grant(slot)]
    assert taken == given[3:CALLS_PER_DEVICE]
    assert not budget.grant(slots(1, busy)[0])  # it has something else to send first
    assert budget.grant(slots(1, uuid4())[0])
    assert not CallBudget().grant(given[0])


def test_of_a_device_with_a_pause_one_goes_at_once() -> None:
    budget, device = DeviceQueues().budget(NOW), uuid4()
    assert [budget.grant(slot) for slot in slots(3, device, paced=True)] == [True, False, False]


def test_at_once_goes_no_more_than_a_server_or_the_process_can_bear() -> None:
    budget = DeviceQueues().budget(NOW)
    taken = [budget.grant(slot) for slot in slots(CALLS_PER_SERVER + 1, server="gowa")]
    assert taken == [True] * CALLS_PER_SERVER + [False]
    rest = CALLS - CALLS_PER_SERVER
    assert [budget.grant(slot) for slot in slots(rest + 1, server="")] == [True] * rest + [False]
