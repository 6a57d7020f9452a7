"""What may go now: no more calls at a time than a device and the process can bear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from runners.sending.device_queues import (
    CALLS,
    CALLS_PER_DEVICE,
    CALLS_PER_SERVER,
    SLOW_AFTER,
    Claims,
    Room,
    Slot,
    server_of,
)

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


def begin(claims: Claims, taken: list[Slot], now: datetime) -> None:
    for slot in taken:
        claims.call_begins(slot.device_id, slot.message_id, slot.server, now)


def test_slots_go_when_they_have_come_and_in_their_order() -> None:
    claims = Claims()
    first, second = slots(2)
    later = second._replace(send_at=NOW + timedelta(seconds=1))
    claims.add([later, first])
    assert claims.take_due(NOW) == [first]
    assert claims.next_moment() == NOW + timedelta(seconds=1)
    assert claims.all() == [later]
    assert claims


def test_a_device_has_only_so_many_calls_at_a_time() -> None:
    """The next goes when one has ended, before what comes later."""
    claims, device = Claims(), uuid4()
    given = slots(CALLS_PER_DEVICE + 2, device)
    claims.add(given)
    taken = claims.take_due(NOW)
    begin(claims, taken, NOW)
    assert taken == given[:CALLS_PER_DEVICE]
    assert claims.take_due(NOW) == []
    assert claims.next_moment() is None

    claims.call_ends(device, taken[3].message_id, "gowa")
    assert claims.take_due(NOW) == [given[CALLS_PER_DEVICE]]


def test_a_device_goes_on_where_nothing_that_was_taken_became_a_call() -> None:
    """It was too late, or not wanted any more: then no call ever ends."""
    claims, device = Claims(), uuid4()
    given = slots(2 * CALLS_PER_DEVICE, device)
    claims.add(given)
    assert claims.take_due(NOW) == given[:CALLS_PER_DEVICE]
    assert claims.take_due(NOW) == given[CALLS_PER_DEVICE:]


def test_the_process_has_only_so_many_calls_at_a_time_unless_they_are_slow() -> None:
    """A gateway that hangs holds the others up for two seconds, once."""
    claims = Claims()
    claims.add(slots(CALLS + 10))
    begin(claims, claims.take_due(NOW), NOW)
    assert len(claims.all()) == 10
    assert claims.take_due(NOW) == []
    assert claims.next_moment() == NOW + SLOW_AFTER

    assert len(claims.take_due(NOW + SLOW_AFTER)) == 10
    assert not claims


def test_a_server_has_only_so_many_calls_at_a_time_however_slow_they_are() -> None:
    """Its other devices wait for one to end, in turn; other servers' devices do not wait."""
    claims, later = Claims(), NOW + 2 * SLOW_AFTER
    given = slots(CALLS_PER_SERVER + 3, server="gowa A")
    claims.add(given)
    taken = claims.take_due(NOW)
    begin(claims, taken, NOW)
    assert taken == given[:CALLS_PER_SERVER]
    assert claims.take_due(later) == []
    other = slots(5, server="gowa B")
    claims.add(other)
    assert claims.take_due(later) == other
    begin(claims, other, later)

    for ended in taken[:2]:
        claims.call_ends(ended.device_id, ended.message_id, "gowa A")
    assert set(claims.take_due(later)) == set(given[-3:-1])
    assert claims.all() == given[-1:]


def test_where_no_server_is_called_none_limits_the_calls() -> None:
    """The sandbox's, which are over at once."""
    claims, server = Claims(), server_of("sandbox", None)
    claims.add(slots(CALLS_PER_SERVER + 3, server=server))

    assert len(claims.take_due(NOW)) == CALLS_PER_SERVER + 3


def test_a_server_is_called_again_where_nothing_that_was_taken_became_a_call() -> None:
    """Then no call ever ends, and nobody would wake those who wait."""
    claims = Claims()
    given = slots(CALLS_PER_SERVER + 3, server="gowa A")
    claims.add(given)
    assert claims.take_due(NOW) == given[:CALLS_PER_SERVER]
    assert claims.take_due(NOW) == given[CALLS_PER_SERVER:]


def test_a_device_with_a_pause_sends_one_at_a_time_and_in_order() -> None:
    """What comes after a postponed one waits behind it."""
    claims, device = Claims(), uuid4()
    first, second, third = slots(3, device, paced=True)
    claims.add([third, second])
    claims.add([first])
    assert claims.take_due(NOW) == [first]

    free_at = NOW + timedelta(seconds=5)
    assert claims.take_due(NOW) == [second]
    claims.postpone(second, free_at)
    assert claims.take_due(NOW + timedelta(seconds=4)) == []
    assert claims.next_moment() == free_at
    assert claims.take_due(free_at) == [second]
    assert claims.take_due(free_at) == [third]


def test_what_could_not_be_handed_over_goes_first_again() -> None:
    claims, device = Claims(), uuid4()
    given = slots(3, device)
    claims.add(given)
    taken = claims.take_due(NOW)
    claims.add(taken)
    assert claims.take_due(NOW) == given


def test_devices_that_are_behind_are_known() -> None:
    claims, device = Claims(), uuid4()
    claims.add(slots(2, device, paced=True))
    claims.take_due(NOW)
    assert claims.behind(NOW - timedelta(seconds=1)) == set()
    assert claims.behind(NOW) == {device}
    claims.clear()
    assert claims.behind(NOW) == set()


def test_what_is_claimed_just_now_goes_at_once_as_far_as_there_is_room() -> None:
    claims, device, busy = Claims(), uuid4(), uuid4()
    given = slots(CALLS_PER_DEVICE + 3, device)
    begin(claims, given[:3], NOW)
    claims.add(slots(1, busy))
    room = claims.room(NOW)
    taken = [slot for slot in given[3:] if room.take(slot)]
    assert taken == given[3:CALLS_PER_DEVICE]
    assert not room.take(slots(1, busy)[0])  # it has something else to send first
    assert room.take(slots(1, uuid4())[0])
    assert not Room().take(given[0])


def test_of_a_device_with_a_pause_one_goes_at_once() -> None:
    room, device = Claims().room(NOW), uuid4()
    assert [room.take(slot) for slot in slots(3, device, paced=True)] == [True, False, False]


def test_at_once_goes_no_more_than_a_server_or_the_process_can_bear() -> None:
    room = Claims().room(NOW)
    taken = [room.take(slot) for slot in slots(CALLS_PER_SERVER + 1, server="gowa")]
    assert taken == [True] * CALLS_PER_SERVER + [False]
    rest = CALLS - CALLS_PER_SERVER
    assert [room.take(slot) for slot in slots(rest + 1, server="")] == [True] * rest + [False]
