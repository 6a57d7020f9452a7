"""Scheduling: the real Campaigner and the real Enroller, each ``run_once`` over its leads.

Unit: messages scheduled per second, from the first statement to the last commit: reading the
leads, choosing devices, planning, events, projections, counts, COPY. Registering the leads is not
part of it.

Beside it the floor: as many rows of ``stored_events`` and ``broadcast_messages``, the very ones
that Sendtrail has just written, by ``INSERT ... SELECT`` into copies of both tables, in as many
transactions. The rows of leads, enrollments and counts that Sendtrail writes as well are left out
of the floor, and the cache is warm for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import Engine

from benchmarks import filling, floor
from benchmarks.measuring import Comparison, rate
from benchmarks.stage import Stage
from projections.composition import House
from projections.settings import Settings
from runners import campaigner, enroller

DEVICES = 50


class Runner(Protocol):
    """What schedules: one look at all there is to do."""

    def run_once(self) -> int: ...


class Scheduling:
    """One runner over ``leads`` leads, ``messages`` for each, ``chunk`` leads to a transaction."""

    unit = "messages"
    notes: Sequence[str] = ()
    messages = 1

    def __init__(self, what: str, leads: int, chunk: int) -> None:
        self.leads = leads
        self.chunk = chunk
        self.comparisons = [Comparison(what, "sendtrail", "bare INSERTs", "floor")]

    def fill(self, house: House) -> None:
        filling.devices(house, DEVICES)
        filling.leads(house, self.leads)

    def runner(self, house: House) -> Callable[[], int]:
        raise NotImplementedError

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(self.fill)

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Sendtrail first, because the floor writes its rows again."""
        scheduled = self.leads * self.messages
        with stage.copy(self.template) as url, House(Settings(database_url=url)) as house:
            before = house.outreach.recorder.max_notification_id() or 0
            sendtrail = rate(scheduled, self.runner(house))
            with floor.connected(url) as engine:
                work = self._floor(engine, before, scheduled)
                return {"sendtrail": sendtrail, "floor": rate(scheduled, work)}

    def _floor(self, engine: Engine, before: int, scheduled: int) -> Callable[[], None]:
        with engine.begin() as connection:
            floor.tables(connection)
            event = floor.columns(connection, "stored_events")
            message = floor.columns(connection, "broadcast_messages")
            events = floor.number(
                connection,
                "events",
                f"SELECT * FROM stored_events WHERE notification_id > {before}",
                "notification_id",
            )
            messages = floor.number(
                connection,
                "messages",
                "SELECT m.*, e.notification_id FROM events e"
                " JOIN broadcast_messages m ON m.message_id = e.originator_id",
                "notification_id",
            )
        assert messages == scheduled, f"{messages} messages"
        statements = [
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}"
            " WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n"
            for table, names, source in (
                (floor.MESSAGES, message, "messages"),
                (floor.EVENTS, event, "events"),
            )
        ]
        chunks = -(-self.leads // self.chunk)
        return lambda: floor.write(engine, statements, [messages, events], chunks)


class Campaign(Scheduling):
    """A campaign to all leads: one message each, in the Campaigner's own chunks."""

    def __init__(self, leads: int) -> None:
        super().__init__(f"schedule a campaign, {leads:,} leads", leads, campaigner.CHUNK)

    def fill(self, house: House) -> None:
        super().fill(house)
        filling.due_campaign(house)

    def runner(self, house: House) -> Callable[[], int]:
        return campaigner.Campaigner(house, filling.ACTOR).run_once


class Enrollment(Scheduling):
    """A sequence of five steps: one enrollment and five messages each, in the Enroller's chunks."""

    messages = len(filling.STEPS)

    def __init__(self, leads: int) -> None:
        what = f"schedule {self.messages} steps, {leads:,} leads"
        super().__init__(what, leads, enroller.CHUNK)

    def fill(self, house: House) -> None:
        super().fill(house)
        filling.active_sequence(house)

    def runner(self, house: House) -> Callable[[], int]:
        return enroller.Enroller(house, filling.ACTOR).run_once
