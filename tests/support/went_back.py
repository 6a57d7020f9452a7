"""Given: the database went back to an earlier moment, as after a failover to a standby that lacked
the last commits."""

from __future__ import annotations

import asyncio
from collections import Counter

from projections.audit import hash_chain
from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.sending.loops import NO_SERVER
from runners.sending.worker import Broadcaster
from tests.support import then
from tests.support.when import Phones


def position(container: Container) -> int:
    """Where the log ends now."""
    with container.database.transaction() as connection:
        last = connection.exec_driver_sql("SELECT max(notification_id) FROM stored_events")
        return int(last.scalar_one())


def goes_back(container: Container, to: int, *workers: Broadcaster) -> None:
    """The log ends at ``to`` again, the read models are as they were then, and the ``workers`` meet
    another server."""
    with container.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE stored_events DISABLE TRIGGER USER")
        connection.exec_driver_sql(
            "DELETE FROM stored_events WHERE notification_id > %(to)s", {"to": to}
        )
        connection.exec_driver_sql("ALTER TABLE stored_events ENABLE TRIGGER USER")
    rebuild(container.database, swap=True)
    meets_another_server(*workers)
    assert then.gaps(container) == []


def meets_another_server(*workers: Broadcaster) -> None:
    """To each of them the server is another one than before."""
    for worker in workers:
        worker.container.database.watch.server = "the server before"
        worker.reconciled = NO_SERVER


def reconciles(*workers: Broadcaster) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(worker.reconcile() for worker in workers))

    asyncio.run(all_of_them())


def proven(container: Container, phones: Phones, resent: int = 0) -> None:
    """Nobody was asked for twice but for so many, and everything that can be checked is right."""
    asked_for = Counter(outgoing.message_id for outgoing in phones.sent)
    assert sum(times > 1 for times in asked_for.values()) == resent
    assert then.gaps(container) == []
    hash_chain.extend(container.database, container.outreach.clock)
    assert hash_chain.verify(container.database).fault is None
    assert not any(rebuild(container.database).values())
