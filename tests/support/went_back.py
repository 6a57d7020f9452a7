"""Given: the database went back to an earlier moment, as after a failover to a standby that lacked
the last commits."""

from __future__ import annotations

from projections.container import Container
from projections.rebuild.rebuild import rebuild
from runners.sending.worker import Broadcaster
from tests.support import then


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
        worker.container.database.watch.server = worker.reconciled = "the server before"
