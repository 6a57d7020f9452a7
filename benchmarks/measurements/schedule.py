"""Scheduling: the real Campaigner and the real Enroller, each ``run_once`` over its leads.

Unit: messages scheduled per second, from the first statement to the last commit: reading the
leads, choosing devices, planning, events, projections, counts, COPY. Registering the leads is not
part of it. One process of its own.

Beside it:

- pgqueuer's enqueue of as many jobs, in batches, due at once, their payloads made beforehand
  (``jobs``).
- The floor: as many rows of ``stored_events`` and ``broadcast_messages``, the very ones that
  Sendtrail has just written, by ``INSERT ... SELECT`` into copies of both tables, in as many
  transactions. The rows of leads, enrollments and counts that Sendtrail writes as well are left out
  of the floor, and the cache is warm for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from sqlalchemy import Engine

from benchmarks.contenders import bare_sql, optional_packages
from benchmarks.contenders.sendtrail_workers import Running
from benchmarks.harness import seed_data, worker_pool
from benchmarks.harness.measuring import Comparison, Simple, Target, rate
from benchmarks.harness.postgres_fixture import Stage
from projections.config.settings import Settings
from projections.container import Container
from projections.database.engine import url_of
from runners.jobs import campaigner, enroller


class Scheduling(Simple):
    """One runner over ``leads`` leads, ``messages`` for each, ``chunk`` leads to a transaction."""

    messages = 1
    runner: ClassVar[Literal["campaigner", "enroller"]]

    def __init__(self, what: str, leads: int, chunk: int) -> None:
        self.leads = leads
        self.chunk = chunk
        self.scheduled = leads * self.messages
        beside = f"pgqueuer, {self.scheduled:,} jobs"
        self.rows = [
            Comparison(what, "sendtrail", beside, "pgqueuer", Target("≥", 1.0)),
            Comparison(what, "sendtrail", "bare INSERTs", "floor"),
        ]

    def fill(self, container: Container) -> None:
        seed_data.devices(container, seed_data.DEVICES)
        seed_data.leads(container, self.leads)

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(self.fill)
        if optional_packages.pgqueuer():
            from benchmarks.contenders import pgqueuer_jobs

            self.jobs = stage.empty()
            pgqueuer_jobs.install(url_of(stage.url, self.jobs))

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Sendtrail before the floor, which writes its rows again; pgqueuer before both of them or
        after, in turn."""
        rates = {}
        if number % 2 and optional_packages.pgqueuer():
            rates["pgqueuer"] = self._pgqueuer(stage)
        with stage.copy(self.template) as url:
            with Container(Settings(database_url=url)) as container:
                before = container.outreach.recorder.max_notification_id() or 0
            rates["sendtrail"] = worker_pool.rate(
                [Running(url, self.runner, self.scheduled)], self.scheduled
            )
            with bare_sql.connected(url) as engine:
                rates["floor"] = rate(self.scheduled, self._floor(engine, before, self.scheduled))
        if not number % 2 and optional_packages.pgqueuer():
            rates["pgqueuer"] = self._pgqueuer(stage)
        return rates

    def _pgqueuer(self, stage: Stage) -> float:
        from benchmarks.contenders import pgqueuer_jobs

        with stage.copy(self.jobs) as url:
            return worker_pool.rate([pgqueuer_jobs.Enqueuing(url, self.scheduled)], self.scheduled)

    def _floor(self, engine: Engine, before: int, scheduled: int) -> Callable[[], None]:
        with engine.begin() as connection:
            bare_sql.tables(connection)
            event = bare_sql.columns(connection, "stored_events")
            message = bare_sql.columns(connection, "broadcast_messages")
            events = bare_sql.number(
                connection,
                "events",
                f"SELECT * FROM stored_events WHERE notification_id > {before}",
                "notification_id",
            )
            messages = bare_sql.number(
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
                (bare_sql.MESSAGES, message, "messages"),
                (bare_sql.EVENTS, event, "events"),
            )
        ]
        chunks = -(-self.leads // self.chunk)
        return lambda: bare_sql.write(engine, statements, [messages, events], chunks)


class Campaign(Scheduling):
    """A campaign to all leads: one message each, in the Campaigner's own chunks."""

    runner = "campaigner"

    def __init__(self, leads: int) -> None:
        super().__init__(f"schedule a campaign, {leads:,} leads", leads, campaigner.CHUNK)

    def fill(self, container: Container) -> None:
        super().fill(container)
        seed_data.due_campaign(container)


class Enrollment(Scheduling):
    """A sequence of five steps: one enrollment and five messages each, in the Enroller's chunks."""

    runner = "enroller"
    messages = len(seed_data.STEPS)

    def __init__(self, leads: int) -> None:
        what = f"schedule {self.messages} steps, {leads:,} leads"
        super().__init__(what, leads, enroller.CHUNK)

    def fill(self, container: Container) -> None:
        super().fill(container)
        seed_data.active_sequence(container)
