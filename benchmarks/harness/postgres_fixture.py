"""The PostgreSQL server of a run, and the databases on it that the measurements use up.

The server is the bundled one in a temporary home, with its default settings, or the one that
SENDTRAIL_TEST_DATABASE_URL names.
"""

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

from benchmarks.harness.installation import settings
from domain.errors import StorageError
from projections.container import Container
from projections.database import embedded
from projections.database.installation import url_of

# The server's settings that the figures depend on.
SETTINGS = (
    "fsync",
    "synchronous_commit",
    "wal_sync_method",
    "shared_buffers",
    "full_page_writes",
    "max_wal_size",
    "autovacuum",
)


class PostgresFixture:
    """Creates databases on the server at ``url``.

    A template is filled once; each round works on a copy of it. A database is identified by its
    name. Creating and dropping raise StorageError if the server does not answer or refuses.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(driver_url(url), isolation_level="AUTOCOMMIT")
        self._number = count(1)
        self._created: list[str] = []
        self._cached: dict[str, str] = {}

    def create_template(self, fill: Callable[[Container], None]) -> str:
        """Create a database with Sendtrail's schema and what ``fill`` puts into it; returns its
        name. The statistics are fresh, as on a system that has run for a while."""
        name = self._create("")
        with Container(settings(url_of(self.url, name))) as container:
            fill(container)
        self.vacuum(name)
        return name

    def create_empty(self) -> str:
        """Create a database with nothing in it; returns its name."""
        return self._create("")

    def vacuum(self, name: str) -> None:
        """Leave neither dead rows nor missing statistics in the database ``name``."""
        vacuum(url_of(self.url, name))

    @contextmanager
    def temporary_copy(self, template: str) -> Iterator[str]:
        """Create a copy of the database ``template``; gives its URL, and drops it at the end."""
        name = self._create(f" TEMPLATE {template}")
        try:
            yield url_of(self.url, name)
        finally:
            self._drop(name)

    def create_copy(self, template: str) -> str:
        """Create a copy of the database ``template``; returns its name. It stays until the next
        ``clear``."""
        return self._create(f" TEMPLATE {template}")

    def create_copy_url(self, template: str) -> str:
        """Create a copy as ``create_copy`` does; returns its URL."""
        return url_of(self.url, self.create_copy(template))

    def cached(self, key: str, create: Callable[[], str]) -> str:
        """The name of the database that ``create`` creates for the first caller with this ``key``.
        It outlives ``clear``."""
        if key not in self._cached:
            self._cached[key] = create()
        return self._cached[key]

    def clear(self) -> None:
        """Drop every database that is not cached."""
        for name in set(self._created) - set(self._cached.values()):
            self._drop(name)

    def stop_autovacuum(self) -> None:
        """Let nothing on the server vacuum of its own accord from now on. Only for a server of this
        run: it is a setting of the whole server, and stays."""
        self._execute("ALTER SYSTEM SET autovacuum = off")
        self._execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        """Drop the remaining databases and disconnect."""
        self._cached.clear()
        self.clear()
        self._engine.dispose()

    def describe_machine(self) -> dict[str, str]:
        """What the figures depend on: hardware, versions and server settings, by name."""
        with self._engine.connect() as connection:
            hardware_and_versions = {
                "cores": str(os.cpu_count()),
                "processor": _processor_model(),
                "system": platform.platform(),
                "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
                "Python": platform.python_version(),
                "PostgreSQL": _show_setting(connection, "server_version"),
            }
            return hardware_and_versions | {
                setting: _show_setting(connection, setting) for setting in SETTINGS
            }

    def _create(self, options: str) -> str:
        name = f"sendtrail_bench_{os.getpid()}_{next(self._number)}"
        self._execute(f"CREATE DATABASE {name}{options}")
        self._created.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        self._created.remove(name)

    def _execute(self, statement: str) -> None:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(statement)
        except OperationalError as error:
            first_line = str(error.orig).splitlines()[0]
            raise StorageError(f"the server does not answer or refuses: {first_line}") from None


@contextmanager
def open_postgres() -> Iterator[PostgresFixture]:
    """The server of this run, taken down at its end; a server named by the environment stays."""
    external_url = os.environ.get("SENDTRAIL_TEST_DATABASE_URL")
    if external_url:
        with _closing(PostgresFixture(external_url)) as postgres:
            yield postgres
        return
    with open_bundled_postgres() as postgres:
        yield postgres


@contextmanager
def open_bundled_postgres(preload: Path | None = None) -> Iterator[PostgresFixture]:
    """A bundled server of its own, taken down at the end. ``preload`` is a shared library to load
    into the server's processes."""
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
            with _closing(PostgresFixture(url)) as postgres:
                yield postgres
        finally:
            embedded.stop(home)


@contextmanager
def _closing(postgres: PostgresFixture) -> Iterator[PostgresFixture]:
    try:
        yield postgres
    finally:
        postgres.close()


def driver_url(url: str) -> str:
    """The URL as SQLAlchemy wants it, with the driver that Sendtrail uses."""
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def vacuum(url: str) -> None:
    """Leave neither dead rows nor missing statistics in the database at ``url``."""
    engine = create_engine(driver_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def create_table_like(connection: Connection, table: str, name: str) -> None:
    """Create the empty table ``name`` with the columns, constraints, indexes and storage parameters
    of ``table``."""
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    options = connection.exec_driver_sql(
        "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %(table)s::regclass",
        {"table": table},
    ).scalar_one()
    if options:
        connection.exec_driver_sql(f"ALTER TABLE {name} SET ({options})")


def _processor_model() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _show_setting(connection: Connection, setting: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {setting}").scalar_one())
