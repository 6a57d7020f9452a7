"""A message's life after it was scheduled: claimed, queued, sent, with every event on record.

Unit: messages per second through one Broadcaster, one process, driven by the broadcaster's own loop
(``runners.broadcasting``), from its first look until the last outcome is recorded. The gateway
accepts at once, and the devices need no pause: what is left is Sendtrail's own work. Left out: the
network, pace, receipts.

Beside it the floor: bare SQL that makes the same three updates of each message, with the very same
values, and inserts the same three events, in batches as large as a claim, into copies of
``broadcast_messages`` and ``stored_events`` as they were before. Leases, lanes and counts are left
out of the floor, and the cache is warm for it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from benchmarks import filling, floor
from benchmarks.measuring import Comparison, rate
from benchmarks.stage import Stage
from domain.receipts import Receipt, Reply
from projections.composition import House
from projections.settings import Settings
from runners import broadcasting
from runners.broadcaster import BATCH, Answer, Broadcaster
from runners.gateways import Accepted, DeviceState, Outcome, Outgoing

# What each event changes in its message; ``s`` is the message as it was in the end.
CHANGES = {
    "message.claimed": "version = 2, status = 'processing', worker = s.worker,"
    " send_at = s.send_at, lease_until = s.lease_until, due_at = NULL",
    "message.queued": "version = 3, status = 'queued', queued_at = s.queued_at, attempt = 1,"
    " content_id = s.content_id, body_sha256 = s.body_sha256",
    "message.sent": "version = 4, status = 'sent', sent_at = s.sent_at,"
    " provider_id = s.provider_id, reason = NULL",
}


class Immediate:
    """A gateway that accepts everything at once."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        return Accepted("benchmark")

    async def status(
        self, device_id: UUID, settings: Mapping[str, Any], credentials: Mapping[str, str]
    ) -> DeviceState:
        return DeviceState(online=True)

    async def close(self) -> None:
        pass

    def collect(self, now: datetime) -> list[Receipt | Reply]:
        return []


class Worker(Broadcaster):
    """Calls ``done`` when it has recorded ``left`` outcomes."""

    left: int
    done: Callable[[], object]

    def record(self, gathered: list[Answer]) -> int:
        recorded = super().record(gathered)
        self.left -= recorded
        if self.left == 0:
            self.done()
        return recorded


def settings(url: str, secret_key: str | None = None) -> Settings:
    """The broadcaster looks again soon where little is left, so that no waiting is measured."""
    return Settings(database_url=url, broadcast_every=0.05, secret_key=secret_key)


class Lifecycle:
    """``messages`` of one campaign over fifty devices."""

    unit = "messages"
    notes: Sequence[str] = ()

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.comparisons = [
            Comparison(f"claim, queue, send {messages:,}", "sendtrail", "bare SQL", "floor")
        ]

    def prepare(self, stage: Stage) -> None:
        self.template = stage.template(self._fill)

    def _fill(self, house: House) -> None:
        filling.devices(house, filling.DEVICES)
        filling.leads(house, self.messages)
        filling.due_campaign(house)
        filling.triggered(house, self.messages)
        with house.database.transaction() as connection:
            floor.tables(connection)
            for table, copy in (
                ("stored_events", floor.EVENTS),
                ("broadcast_messages", floor.MESSAGES),
            ):
                names = floor.columns(connection, table)
                connection.exec_driver_sql(
                    f"INSERT INTO {copy} ({names}) SELECT {names} FROM {table}"
                )

    def round(self, stage: Stage, number: int) -> dict[str, float]:
        """Sendtrail first, because the floor writes its rows again."""
        with stage.copy(self.template) as url, House(settings(url)) as house:
            worker = Worker(
                house,
                {"sandbox": Immediate()},
                worker="broadcaster:host:4711",
                actor="runner:broadcaster:host:4711",
                uniform=random.Random(number).uniform,
            )
            sendtrail = rate(self.messages, lambda: asyncio.run(self._send_all(worker)))
            with floor.connected(url) as engine:
                return {"sendtrail": sendtrail, "floor": rate(self.messages, self._floor(engine))}

    async def _send_all(self, worker: Worker) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        worker.left = self.messages
        worker.done = lambda: loop.call_soon_threadsafe(stop.set)
        await broadcasting.broadcast(worker, stop)

    def _floor(self, engine: Engine) -> Callable[[], None]:
        statements: list[str] = []
        with engine.begin() as connection:
            found = floor.number(
                connection,
                "lives",
                "SELECT m.*, e.notification_id FROM stored_events e JOIN broadcast_messages m"
                " ON m.message_id = e.originator_id"
                " WHERE e.topic = 'message.claimed' AND m.status = 'sent'",
                "notification_id",
            )
            assert found == self.messages, f"{found} messages sent"
            names = floor.columns(connection, "stored_events")
            for topic, changes in CHANGES.items():
                source = topic.replace(".", "_")
                query = (
                    f"SELECT {names}, notification_id FROM stored_events WHERE topic = '{topic}'"
                )
                floor.number(connection, source, query, "notification_id")
                statements += [
                    f"UPDATE {floor.MESSAGES} m SET {changes} FROM lives s"
                    " WHERE s.n BETWEEN %(first)s AND %(last)s AND m.message_id = s.message_id",
                    f"INSERT INTO {floor.EVENTS} ({names}) SELECT {names} FROM {source}"
                    " WHERE n BETWEEN %(first)s AND %(last)s ORDER BY n",
                ]

        def work() -> None:
            for start in range(1, self.messages + 1, BATCH):
                batch = {"first": start, "last": start + BATCH - 1}
                for update, insert in zip(statements[::2], statements[1::2], strict=True):
                    with engine.begin() as connection:
                        connection.exec_driver_sql(update, batch)
                        connection.exec_driver_sql(insert, batch)

        return work
