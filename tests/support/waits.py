"""Given: messages that wait, each for another reason, as real runners leave them.

It is Monday, 2 March 2026, 08:00 UTC, when each begins.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.branches.table import Branch
from domain.message.events import MessageRead
from domain.waiting import Reason
from domain.windows import Window
from projections.container import Container
from runners.gateways.protocol import Throttled, Unreachable
from runners.support.clocks import SimulatedClock
from tests.support import given, then, when
from tests.support.branching import forked
from tests.support.given import ACTOR
from tests.support.samples import event, utc
from tests.support.when import Phones


class Waiting(NamedTuple):
    """A message that waits: until when, and what is said of it, and of many such."""

    message_id: UUID
    until: datetime | None
    story: str
    line: str


def _one(container: Container, **where: object) -> UUID:
    found: UUID = then.message(container, status="pending", **where).message_id
    return found


def _looks(container: Container, clock: SimulatedClock, *answers: object) -> None:
    when.looks(when.broadcaster(container, Phones(clock, *answers)))  # type: ignore[arg-type]


def scheduled(container: Container, clock: SimulatedClock) -> Waiting:
    """The first step, five minutes after the lead came."""
    given.device(container)
    given.journey(container)
    _looks(container, clock)
    what = "the planned time, 08:05 (UTC)"
    return Waiting(_one(container), utc(2026, 3, 2, 8, 5), what, what)


def window(container: Container, clock: SimulatedClock) -> Waiting:
    """An hour before the office opens."""
    given.device(container)
    given.lead(container, timezone="UTC")
    given.campaign(container, windows=(Window(start="09:00", end="17:00"),))
    when.triggers(container)
    _looks(container, clock)
    what = "the window that opens 09:00 (UTC)"
    return Waiting(_one(container), utc(2026, 3, 2, 9, 0), what, what)


def previous_step(container: Container, clock: SimulatedClock) -> Waiting:
    """The phone was off for three days, and step 1 was sent just now."""
    device = given.device(container, online=False)
    given.lead(container, 1, ["COLD"], timezone="UTC")
    given.sequence(container, bodies=("One", "Two"), step={"delay_hours": 4})
    when.enrolls(container)
    clock.advance(days=3)
    container.outreach.connect_device(device, actor=ACTOR)
    _looks(container, clock)
    what = "the delay after the step before, until 12:00 (UTC)"
    return Waiting(_one(container, step=2), utc(2026, 3, 5, 12, 0), what, what)


def branch(container: Container, clock: SimulatedClock) -> Waiting:
    """Nobody knows yet whether she replies."""
    given.device(container)
    given.lead(container, triggers=["COLD"])
    branching = Branch(when="not_replied", within_hours=48)
    sequence_id = forked(container, branching, bodies="Offer Last")
    name = container.outreach.get_sequence(sequence_id).definition.name
    when.enrolls(container)
    clock.advance(minutes=5)
    _looks(container, clock)
    what = "what the person does after step 1"
    return Waiting(
        _one(container), None, what, f"what people of sequence {name} do after the step before"
    )


def frequency_cap(container: Container, clock: SimulatedClock) -> Waiting:
    """The second campaign of a day that may have one."""
    given.settings(container, lead_daily_cap=1)
    given.device(container)
    given.lead(container, timezone="Asia/Kuala_Lumpur")
    for _ in range(2):
        given.campaign(container)
        when.triggers(container)
    _looks(container, clock)
    what = "the person's next day, {}: all that a person may get in a day was sent"
    return Waiting(
        _one(container),
        utc(2026, 3, 2, 16, 0),
        what.format("Tue 00:00 (Asia/Kuala_Lumpur)"),
        what.format("16:00 (UTC)"),
    )


def throttled(container: Container, clock: SimulatedClock) -> Waiting:
    """The provider wants a pause of ten minutes."""
    given.due_messages(container)
    _looks(container, clock, Throttled(600.0))
    what = "another try, 08:10 (UTC): the provider asked for a pause"
    return Waiting(_one(container), utc(2026, 3, 2, 8, 10), what, what)


def unreachable(container: Container, clock: SimulatedClock) -> Waiting:
    """Nobody answered; the back-off is at random."""
    given.due_messages(container)
    _looks(container, clock, Unreachable("connection refused"))
    message = then.message(container)
    what = f"another try, {message.retry_at:%H:%M:%S} (UTC): the gateway could not be reached"
    return Waiting(message.message_id, message.retry_at, what, what)


def pace(container: Container, clock: SimulatedClock) -> Waiting:
    """The second of two by a device that pauses for twenty seconds."""
    given.due_messages(container, 2, pace=(20, 20))
    _looks(container, clock)
    what = "a slot of device Sales 1, not before 08:00:20 (UTC)"
    return Waiting(_one(container), utc(2026, 3, 2, 8, 0, 20), what, what)


def campaign_paused(container: Container, clock: SimulatedClock) -> Waiting:
    given.device(container)
    given.lead(container)
    campaign = given.campaign(container)
    when.triggers(container)
    container.outreach.pause_campaign(campaign, actor=ACTOR)
    _looks(container, clock)
    return Waiting(
        _one(container),
        None,
        "campaign March offer, which is paused",
        "campaign March offer, paused",
    )


def sequence_paused(container: Container, clock: SimulatedClock) -> Waiting:
    given.device(container)
    sequence = given.journey(container)
    container.outreach.pause_sequence(sequence, actor=ACTOR)
    clock.advance(hours=1)
    _looks(container, clock)
    return Waiting(
        _one(container),
        None,
        "sequence On COLD 1, which is paused",
        "sequence On COLD 1, paused",
    )


def device_offline(container: Container, clock: SimulatedClock) -> Waiting:
    """The phone lost its connection at 14:10."""
    device = given.device(container, "Sales 2")
    clock.move_to(utc(2026, 3, 2, 14, 10))
    container.outreach.disconnect_device(device, "logged out", actor=ACTOR)
    clock.advance(hours=1)
    given.lead(container)
    given.campaign(container)
    when.triggers(container)
    _looks(container, clock)
    return Waiting(
        _one(container),
        None,
        "device Sales 2, which is offline since 14:10 (UTC)",
        "device Sales 2, offline since 14:10 (UTC)",
    )


def daily_limit(container: Container, clock: SimulatedClock) -> Waiting:
    """The second of a device that may send one a day."""
    given.due_messages(container, 2, daily_limit=1)
    _looks(container, clock)
    what = "the next day of device Sales 1, Tue 00:00 (UTC): the limit of 1 is used up"
    return Waiting(_one(container), utc(2026, 3, 3, 0, 0), what, what)


def strays(container: Container, message_id: UUID | str, version: int = 1) -> None:
    """Somebody writes an event into the stream of a message at ``version`` that its row never
    sees."""
    stray = event(MessageRead, version + 1, of=UUID(str(message_id)), at=container.outreach.clock())
    with container.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (%(id)s, %(version)s, %(topic)s, %(state)s)",
            {
                "id": stray.originator_id,
                "version": stray.originator_version,
                "topic": stray.TOPIC,
                "state": msgspec.json.encode(stray),
            },
        )


def approval(container: Container, clock: SimulatedClock) -> Waiting:
    """Another text, which nobody else has read yet."""
    given.due_messages(container)
    given.settings(container, approval="four-eyes")
    campaign = then.message(container).campaign_id
    container.outreach.revise_campaign(
        campaign, lambda present: msgspec.structs.replace(present, body="Hi"), actor=ACTOR
    )
    _looks(container, clock)
    what = "an approval of March offer"
    return Waiting(_one(container), None, what, what)


def undo(container: Container, clock: SimulatedClock) -> Waiting:
    """A campaign that started just now can be called back for five minutes."""
    given.device(container)
    given.lead(container)
    given.campaign(container, undo_seconds=300)
    when.triggers(container)
    _looks(container, clock)
    what = "the end of the time in which it can be undone, 08:05 (UTC)"
    return Waiting(_one(container), utc(2026, 3, 2, 8, 5), what, what)


def unrecordable(container: Container, clock: SimulatedClock) -> Waiting:
    """Somebody wrote an event into its stream that its row never saw."""
    given.due_messages(container)
    message_id = _one(container)
    strays(container, message_id)
    _looks(container, clock)
    what = "a release from quarantine: sendtrail audit quarantine list --kind message"
    return Waiting(message_id, None, what, what)


# By its reason, what brings a message there.
WAYS: dict[Reason, Callable[[Container, SimulatedClock], Waiting]] = {
    "scheduled": scheduled,
    "window": window,
    "previous_step": previous_step,
    "branch": branch,
    "frequency_cap": frequency_cap,
    "throttled": throttled,
    "unreachable": unreachable,
    "pace": pace,
    "campaign_paused": campaign_paused,
    "sequence_paused": sequence_paused,
    "device_offline": device_offline,
    "daily_limit": daily_limit,
    "approval": approval,
    "undo": undo,
    "unrecordable": unrecordable,
}
