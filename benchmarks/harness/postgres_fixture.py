"""The server of a run: the bundled PostgreSQL in a temporary home, with its default settings, or
the one that SENDTRAIL_TEST_DATABASE_URL names; and the databases that the benchmarks use up."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import OperationalError

from domain.errors import StorageError
from projections.config.settings import Settings
from projections.container import Container
from projections.database import embedded
from projections.database.engine import url_of

SETTINGS = (
    "fsync",
    "synchronous_commit",
    "wal_sync_method",
    "shared_buffers",
    "full_page_writes",
    "max_wal_size",
    "autovacuum",
)


class Stage:
    """Makes databases on the server at ``url``: templates, filled once, and copies of them, each
    used for one round."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(driver_url(url), isolation_level="AUTOCOMMIT")
        self._number = count(1)
        self._made: list[str] = []
        self._kept: dict[str, str] = {}

    def template(self, fill: Callable[[Container], None]) -> str:
        """The name of a new database with Sendtrail's schema and what ``fill`` puts into it, with
        fresh statistics, as they are on a system that has run for a while."""
        name = self._create("")
        with Container(Settings(database_url=url_of(self.url, name))) as container:
            fill(container)
        self.settle(name)
        return name

    def empty(self) -> str:
        """The name of a new database with nothing in it."""
        return self._create("")

    def settle(self, name: str) -> None:
        """Leaves neither dead rows nor missing statistics behind in that database."""
        vacuum(url_of(self.url, name))

    @contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """The URL of a fresh copy, dropped at the end."""
        name = self._create(f" TEMPLATE {template}")
        try:
            yield url_of(self.url, name)
        finally:
            self._drop(name)

    def duplicate(self, template: str) -> str:
        """The name of a copy, which stays until the next ``clear``."""
        return self._create(f" TEMPLATE {template}")

    def copied(self, template: str) -> str:
        """The URL of such a copy."""
        return url_of(self.url, self.duplicate(template))

    def kept(self, what: str, make: Callable[[], str]) -> str:
        """The name of the database that ``make`` makes the first time that somebody asks for
        ``what``; it outlives ``clear``."""
        if what not in self._kept:
            self._kept[what] = make()
        return self._kept[what]

    def clear(self) -> None:
        """Drops every database that is not kept."""
        for name in set(self._made) - set(self._kept.values()):
            self._drop(name)

    def close(self) -> None:
        """Drops what is left and disconnects."""
        self._kept.clear()
        self.clear()
        self._engine.dispose()

    def machine(self) -> dict[str, str]:
        """What the numbers depend on, in words."""
        with self._engine.connect() as connection:
            found = {
                "cores": str(os.cpu_count()),
                "processor": _processor(),
                "system": platform.platform(),
                "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
                "Python": platform.python_version(),
                "PostgreSQL": _shown(connection, "server_version"),
            }
            return found | {setting: _shown(connection, setting) for setting in SETTINGS}

    def _create(self, options: str) -> str:
        name = f"sendtrail_bench_{os.getpid()}_{next(self._number)}"
        self._execute(f"CREATE DATABASE {name}{options}")
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        self._made.remove(name)

    def _execute(self, statement: str) -> None:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(statement)
        except OperationalError as error:
            first_line = str(error.orig).splitlines()[0]
            raise StorageError(f"the server does not answer or refuses: {first_line}") from None


@contextmanager
def open_stage() -> Iterator[Stage]:
    """The stage of this run, taken down at its end."""
    given = os.environ.get("SENDTRAIL_TEST_DATABASE_URL")
    if given:
        with _closing(Stage(given)) as stage:
            yield stage
        return
    with open_bundled() as stage:
        yield stage


@contextmanager
def open_bundled(preload: Path | None = None) -> Iterator[Stage]:
    """A stage on a bundled server of its own, into which the library ``preload`` is loaded."""
    with tempfile.TemporaryDirectory(prefix="st-") as folder:
        home = Path(folder)
        try:
            if preload is not None:
                os.environ["LD_PRELOAD"] = str(preload)
            try:
                url = embedded.start(home)
            finally:
                if preload is not None:
                    del os.environ["LD_PRELOAD"]
            with _closing(Stage(url)) as stage:
                yield stage
        finally:
            embedded.stop(home)


@contextmanager
def _closing(stage: Stage) -> Iterator[Stage]:
    try:
        yield stage
    finally:
        stage.close()


def driver_url(url: str) -> str:
    """The URL as SQLAlchemy has it, with the driver that Sendtrail uses."""
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def vacuum(url: str) -> None:
    """Leaves neither dead rows nor missing statistics behind."""
    engine = create_engine(driver_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def duplicate(connection: Connection, table: str, name: str) -> None:
    """Makes an empty table like ``table``: columns, constraints, indexes and storage parameters."""
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    options = connection.exec_driver_sql(
        "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %(t)s::regclass",
        {"t": table},
    ).scalar_one()
    if options:
        connection.exec_driver_sql(f"ALTER TABLE {name} SET ({options})")


def _processor() -> str:
    """The processor's model, where it can be found out."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _shown(connection: Connection, setting: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {setting}").scalar_one())
