"""The one composition root: makes database, event store and application from the settings."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection

from domain.application.outreach import Outreach
from domain.opt_out_words import STOP_WORDS
from projections.config.fault_points import Fault
from projections.config.settings import Settings
from projections.database import secret_check
from projections.database.engine import Database
from projections.database.installation import open_database
from projections.database.servers import WentBack
from projections.eventstore import broken_streams
from projections.eventstore.broken_streams import Broken
from projections.eventstore.factory import Factory
from projections.records import credentials, incidents, webhook_secrets
from projections.what_if.kept import Kept

T = TypeVar("T")


def utc_now() -> datetime:
    """The system clock's instant, aware and in UTC."""
    return datetime.now(UTC)


class Container:
    """The application of one process, and what it is made of.

    ``clock`` gives aware instants in UTC, ``new_id`` random ids. ``outdated`` lets read models of
    an earlier release pass, for a rebuild alone. ``secret_key`` is the one that was found, and
    ``answers`` are those to questions what if. Raises
    StorageError if the database cannot be used, and SettingsError without the secret key that the
    database was made with. Close it when done, or use it as a context manager. Make it after
    forking.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], UUID] = uuid4,
        *,
        outdated: bool = False,
    ) -> None:
        self.settings = settings
        prepared = open_database(settings, outdated=outdated)
        prepared.close()
        assert prepared.secret_key is not None  # noqa: S101 - open_database found one
        self.secret_key: str = prepared.secret_key
        self.outreach = Outreach(
            {
                "PERSISTENCE_MODULE": "projections.eventstore.factory",
                "SENDTRAIL_DATABASE_URL": prepared.url,
                "SENDTRAIL_SECRET_KEY": self.secret_key,
            },
            clock,
            new_id,
            STOP_WORDS | settings.stop_words,
            settings.house,
            settings.allow_private_hosts,
        )
        factory = cast(Factory, self.outreach.factory)
        self.database: Database = factory.database
        self.database.watch.went_back = self._report
        self.secrets = credentials.Reader(self.secret_key)
        self.answers = Kept()
        self.proofs = webhook_secrets.Proofs(self.secrets.read, self.outreach.identity)
        if settings.fault is not None:
            self.database.fault_point = Fault(*settings.fault)

    def _report(self, lost: WentBack) -> None:
        """Keep for the operator that the database went back."""
        process = f"{socket.gethostname()}:{os.getpid()}"
        with self.database.transaction() as connection:
            incidents.report(
                connection, incidents.WENT_BACK, process, lost._asdict(), self.outreach.clock()
            )

    def refuse_replaced_key(self) -> None:
        """Raise OtherSecretKeyError if the database has got another secret key since this process
        was started."""
        with self.database.transaction() as connection:
            secret_check.refuse_replaced(connection)

    def run_around(
        self,
        name: str,
        runner: str,
        work: Callable[[Connection], T],
        blame: Callable[[Broken], Broken] = lambda stream: stream,
    ) -> T:
        """``broken_streams.run_around`` on this database and by this clock."""
        return broken_streams.run_around(
            self.database, name, runner, work, self.outreach.clock, blame
        )

    def close(self) -> None:
        """Close the application and its database."""
        self.outreach.close()

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
