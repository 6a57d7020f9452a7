"""What a person should know of runners, quarantine and the database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from projections.container import Container
from projections.queries import operations
from projections.records.incidents import LOST_DISPATCHES, WENT_BACK
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.api.webhooks import reply
from tests.support.operations import incident, process, quarantined
from tests.support.when import Phones


def lines(container: Container, days: int = 7) -> list[str]:
    now = container.outreach.clock()
    with container.database.transaction() as connection:
        found = operations.operations(connection, now)
    return operations.lines(found, now - timedelta(days=days))


def test_where_nothing_is_to_be_done_nothing_is_said(container: Container) -> None:
    """No process runs, and none is needed: nothing is due."""
    given.many_leads(container, 2)
    given.campaign(container)

    assert lines(container) == []


def test_messages_that_are_due_need_a_process(container: Container, clock: SimulatedClock) -> None:
    """None is there, then one that cannot send, then one that can."""
    given.due_messages(container)
    nobody = lines(container)
    process(container, "a", "enroller", "reaper")
    no_broadcaster = lines(container)
    process(container, "b", "broadcaster")
    both = lines(container)

    assert nobody == ["no runner process is alive"]
    assert no_broadcaster == ["messages are due, and no broadcaster is alive"]
    assert both == []


def test_a_process_that_is_silent_is_gone(container: Container, clock: SimulatedClock) -> None:
    """It was killed, so that nobody took its row away; what it failed in is no matter then."""
    process(container, "a", "enroller", failing={"enroller": [ValueError()]})
    alive = lines(container)
    clock.advance(seconds=29)
    still_alive = lines(container)
    clock.advance(seconds=2)
    silent = lines(container)

    assert alive == ["enroller of a failed 1 time in a row: ValueError"]
    assert still_alive == alive
    assert silent == ["no runner process is alive"]


def test_a_runner_that_fails_is_named_until_it_works(container: Container) -> None:
    """With its process, how often in a row, and the kind of the last error."""
    errors: list[Exception] = [ValueError("+60123456789"), KeyError("+60123456789")]
    process(container, "a", "enroller", "reaper", working=("reaper",), failing={"enroller": errors})
    failing = lines(container)
    process(container, "a", "enroller", "reaper", working=("enroller", "reaper"))

    assert failing == ["enroller of a failed 2 times in a row: KeyError"]
    assert lines(container) == []


def test_what_is_in_quarantine_is_counted_by_kind(container: Container) -> None:
    """And how to see it."""
    for number in (1, 2):
        quarantined(container, "message", UUID(int=number))
    quarantined(container, "event", UUID(int=3), event=7)

    assert lines(container) == [
        "1 event is in quarantine: sendtrail audit quarantine list --kind event",
        "2 messages are in quarantine: sendtrail audit quarantine list --kind message",
    ]


def test_webhooks_that_nobody_records_are_warned_of(
    container: Container, clock: SimulatedClock
) -> None:
    """At once where no receiver is alive; after five minutes where one is."""
    device = given.device(container, gateway="gowa")
    for _ in range(2):
        when.tells(container, "gowa", device, {"event": "message.reaction"})
        clock.advance(minutes=5)
    process(container, "a", "enroller")
    nobody = lines(container)
    process(container, "a", "enroller", "receiver")
    too_slow = lines(container)
    when.receives(container)
    done = lines(container)
    when.tells(container, "gowa", device, {"event": "message.reaction"})
    just_came = lines(container)
    clock.advance(minutes=5)
    process(container, "a", "enroller", "receiver")
    in_time = lines(container)
    clock.advance(seconds=1)

    wait = "2 webhooks wait to be recorded, the oldest since 2026-03-02 08:00:00 UTC"
    assert nobody == [f"{wait}: no receiver is alive"]
    assert too_slow == [f"{wait}: the receiver does not keep up"]
    assert done == just_came == in_time == []
    assert lines(container) == [
        "1 webhook waits to be recorded, the oldest since 2026-03-02 08:10:00 UTC: the receiver"
        " does not keep up"
    ]


def test_what_is_looked_at_again_and_again_does_not_wait_for_the_receiver(
    container: Container, clock: SimulatedClock
) -> None:
    """Whether a message was written by hand may be known minutes later. What was put aside does not
    wait for the receiver either: quarantine says so."""
    device = given.device(container, gateway="gowa")
    given.lead(container)
    given.campaign(container)
    when.triggers(container)
    one = when.broadcaster(container, Phones(clock), name="gowa")
    when.claims(one)
    when.dispatches(one)
    by_hand = reply("gowa", given.phone(1), "It is me", "3EB0H1", is_from_me=True)
    when.tells(container, "gowa", device, by_hand)
    for _ in range(6):
        when.receives(container)
        clock.advance(minutes=1)
    when.receives(container)
    process(container, "a", "receiver")
    (waits,) = then.table(container, "inbound")

    assert lines(container) == []
    quarantined(container, "inbound", waits.item_id)
    clock.advance(hours=1)
    process(container, "a", "receiver")
    assert lines(container) == [
        "1 webhook is in quarantine: sendtrail audit quarantine list --kind inbound"
    ]


def test_replies_of_nobody_are_said_and_not_warned_of(
    container: Container, clock: SimulatedClock
) -> None:
    """Those of the last 30 days."""
    device = given.device(container, gateway="gowa")

    def line() -> str | None:
        with container.database.transaction() as connection:
            found = operations.operations(connection, container.outreach.clock())
        return operations.unattributed_line(found.unattributed)

    nobody = line()
    said = []
    for number in (1, 2):
        said_now = reply("gowa", given.phone(number), "Hi", f"3EB0R{number}")
        when.tells(container, "gowa", device, said_now)
        when.receives(container)
        said.append(line())
        clock.advance(days=20)

    where = "of nobody known: GET /api/v1/replies?attributed=false"
    assert nobody is None
    assert said == [
        f"1 reply of the last 30 days is {where}",
        f"2 replies of the last 30 days are {where}",
    ]
    assert line() == f"1 reply of the last 30 days is {where}"
    assert lines(container) == []


def test_what_several_processes_notice_is_one_incident(
    container: Container, clock: SimulatedClock
) -> None:
    """Each of them meets the server by itself, minutes apart at most."""
    incident(container, WENT_BACK, "a", end=12, seen=15)
    clock.advance(minutes=2)
    incident(container, WENT_BACK, "b", end=13, seen=14)
    incident(container, LOST_DISPATCHES, "b", messages=2)
    clock.advance(minutes=9)
    incident(container, LOST_DISPATCHES, "c", messages=1)
    clock.advance(days=2)
    incident(container, WENT_BACK, "a", end=40, seen=50)
    incident(container, LOST_DISPATCHES, "a", messages=1)

    assert lines(container) == [
        "the database went back, noticed at 2026-03-04 08:11:00 UTC: its log ended at event 40 and"
        " lacked what had been committed; 1 dispatch was lost, and recorded again or still in"
        " quarantine",
        "the database went back, noticed at 2026-03-02 08:00:00 UTC: its log ended at event 12 and"
        " lacked what had been committed; 3 dispatches were lost, and recorded again or still in"
        " quarantine",
    ]
    assert lines(container, days=1) == lines(container)[:1]


def test_an_incident_of_another_kind_is_named(container: Container) -> None:
    """Another version may know of more."""
    incident(container, "database.is_slow", "a", seconds=3)

    assert lines(container) == ["database.is_slow, noticed at 2026-03-02 08:00:00 UTC"]
