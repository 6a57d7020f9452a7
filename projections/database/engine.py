"""The engine, the schema's creation, and transactions that start anew after a deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
import psycopg2
import psycopg2.errors
import psycopg2.extensions
from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, ProgrammingError

from domain.errors import StorageError
from projections.config.fault_points import no_fault
from projections.config.settings import Settings
from projections.database import embedded
from projections.database.prepared import Prepared, execute
from projections.schema import log, read_models, records

T = TypeVar("T")

# Keys of the advisory locks: one orders the log, one lets a single process create the schema.
APPEND_LOCK = 0x5E4D7241
SCHEMA_LOCK = 0x5E4D7242

_joined: ContextVar[Connection | None] = ContextVar("joined", default=None)

OLDEST_SERVER = 150000
IDLE_SECONDS = 5.0

# Statements here touch few rows of large tables, and are planned once per connection, maybe while
# the tables are still empty. So plans must not follow sizes: indexes and nested loops are always
# preferred (nothing is forbidden; where there is no other way PostgreSQL still sorts and hashes).
# Just-in-time compilation costs more than such statements take.
SESSION = (
    "timezone=UTC",
    "jit=off",
    "plan_cache_mode=force_generic_plan",
    "enable_seqscan=off",
    "enable_hashjoin=off",
    "enable_mergejoin=off",
    # A process that stands still in a transaction must not hold the others' rows for ever.
    "idle_in_transaction_session_timeout=60s",
)
# A server that vanished without a word is noticed within half a minute.
KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# The database on the bundled server.
BUNDLED = "sendtrail"


class Database:
    """A PostgreSQL database with Sendtrail's schema in it.

    Times come and go as aware datetimes in UTC. Make one per process, after forking.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.url = url
        self.reach: Callable[[str], None] = no_fault
        self.engine = create_engine(
            _driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            # Error texts must not repeat what people are called.
            hide_parameters=True,
            json_deserializer=msgspec.json.decode,
            connect_args={
                "connect_timeout": 5,
                "application_name": "sendtrail",
                **KEEPALIVE,
                "options": " ".join(f"-c {option}" for option in SESSION),
            },
        )
        event.listen(self.engine, "connect", _read_uuids)
        event.listen(self.engine, "handle_error", _name_disconnect)
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "checkout", _ping_if_idle)

    @contextmanager
    def transaction(self, name: str = "other") -> Iterator[Connection]:
        """One transaction, committed if the block ends well; within ``joined`` a part of that.
        ``name`` says which points of ``fault_points`` lie before and after its commit."""
        outer = _joined.get()
        if outer is None:
            with self.engine.begin() as connection:
                yield connection
                self.reach(f"{name}.before_commit")
            self.reach(f"{name}.after_commit")
        else:
            with outer.begin_nested():
                yield outer

    @contextmanager
    def joined(self, connection: Connection) -> Iterator[None]:
        """Until the block ends, this context's transactions are parts of that of ``connection``:
        what they do is committed with it, or not at all."""
        token = _joined.set(connection)
        try:
            yield
        finally:
            _joined.reset(token)

    def run(self, name: str, work: Callable[[Connection], T], attempts: int = 5) -> T:
        """``work`` in one transaction; after a deadlock or a serialization failure the whole of it
        is done anew, at most ``attempts`` times. ``name`` as in ``transaction``."""
        for attempt in range(1, attempts + 1):
            try:
                with self.engine.begin() as connection:
                    result = work(connection)
                    self.reach(f"{name}.before_commit")
                self.reach(f"{name}.after_commit")
                return result
            except DBAPIError as error:
                if attempt == attempts or not is_transient(error.orig):
                    raise
            except psycopg2.Error as error:
                if attempt == attempts or not is_transient(error):
                    raise
        raise AssertionError("unreachable")

    def prepare(self, *, outdated: bool = False) -> None:
        """Creates the schema where it is missing. Raises StorageError if the server does not
        answer, is too old, or refuses, and, unless ``outdated`` ones will do, if the read models
        are of an earlier version."""
        try:
            with self.engine.begin() as connection:
                version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
                if int(version) < OLDEST_SERVER:
                    raise StorageError("the database: expected PostgreSQL 15 or newer")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
                records.create_kept(connection)
                if _exists(connection, "stored_events"):
                    missing = read_models.outdated(connection)
                    if missing and not outdated:
                        raise StorageError(
                            f"the read models have no {missing[0]} yet, because an earlier version"
                            " made them: run sendtrail rebuild"
                        )
                    return
                log.create_log(connection)
                read_models.create_read_models(connection)
                connection.execute(
                    log.installation.insert(), {"singleton": True, "namespace": uuid4()}
                )
        except OperationalError as error:
            raise StorageError(f"the database does not answer: {_first_line(error)}") from None
        except DBAPIError as error:
            raise StorageError(f"the database refuses: {_first_line(error)}") from None

    def namespace(self) -> UUID:
        """The installation's own, from which the ids of its leads follow."""
        with self.engine.connect() as connection:
            namespace = connection.execute(log.installation.select()).one().namespace
            assert isinstance(namespace, UUID)  # noqa: S101 - a Uuid column
            return namespace

    def close(self) -> None:
        """Closes every connection of the pool."""
        self.engine.dispose()


def open_database(settings: Settings, *, outdated: bool = False) -> Database:
    """The database that the settings name, or the bundled server's, ready for use; ``outdated`` as
    in ``Database.prepare``."""
    database = Database(settings.database_url or ensure(embedded.start(settings.home), BUNDLED))
    database.prepare(outdated=outdated)
    return database


def ensure(server_url: str, name: str) -> str:
    """Makes the database ``name`` on that server unless it is there, and returns its URL. Raises
    StorageError if the server does not answer or refuses."""
    with _administration(server_url, name) as connection:
        found = connection.exec_driver_sql(
            "SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": name}
        ).first()
        if found is None:
            with suppress(ProgrammingError):  # somebody else made it just now
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return url_of(server_url, name)


def recreate(server_url: str, name: str) -> str:
    """Drops the database ``name`` on that server, if it is there, makes it anew and returns its
    URL. Raises StorageError if the server does not answer or refuses."""
    with _administration(server_url, name) as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return url_of(server_url, name)


@contextmanager
def _administration(server_url: str, name: str) -> Iterator[Connection]:
    engine = create_engine(_driver_url(server_url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise StorageError(f"no database {name} can be made: {_first_line(error)}") from None
    finally:
        engine.dispose()


def url_of(server_url: str, name: str) -> str:
    """The URL of the database ``name`` on the same server."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def rows(connection: Connection, statement: str | Prepared, **parameters: Any) -> list[Any]:
    """The rows that ``statement`` gives; ``%(name)s`` stands for a parameter."""
    if isinstance(statement, Prepared):
        return list(execute(connection, statement, **parameters).all())
    return list(connection.exec_driver_sql(statement, parameters).all())


def uuids(ids: Any) -> str:
    """Ids as a PostgreSQL array literal: much cheaper than adapting each of them."""
    return "{" + ",".join(map(str, ids)) + "}"


def is_transient(error: BaseException | None) -> bool:
    """Whether the same work may succeed if it is done anew."""
    return isinstance(
        error, (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure)
    )


def _driver_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def _name_disconnect(context: Any) -> OperationalError | None:
    """psycopg2 has no class of its own for a connection that was cut while nobody used it: it
    raises its base class. Whoever waits for the database to come back looks for this one."""
    if not context.is_disconnect or isinstance(context.sqlalchemy_exception, OperationalError):
        return None
    return OperationalError(
        context.statement,
        None,
        context.original_exception,
        hide_parameters=True,
        connection_invalidated=True,
    )


def _read_uuids(connection: Any, record: Any) -> None:
    """Ids are in nearly every row; msgspec makes them twice as fast as Python itself."""
    psycopg2.extensions.register_type(_UUID, connection)


def _uuid(text: str | None, cursor: Any) -> UUID | None:
    return None if text is None else msgspec.convert(text, UUID)


_UUID = psycopg2.extensions.new_type((2950,), "UUID", _uuid)  # as in pg_type


def _note_use(connection: Any, record: Any) -> None:
    record.info["used_at"] = monotonic()


def _ping_if_idle(connection: Any, record: Any, proxy: Any) -> None:
    """Replaces a connection that died while nobody used it. Asking every time would cost a round
    trip per transaction, so only those idle for a while are asked."""
    if monotonic() - record.info.get("used_at", monotonic()) < IDLE_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError from error


def _exists(connection: Connection, table: str) -> bool:
    found = connection.exec_driver_sql("SELECT to_regclass(%(t)s)", {"t": table}).scalar_one()
    return found is not None


def _first_line(error: DBAPIError) -> str:
    # The driver's message names host, port, role and database, never the password.
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(error.orig).__name__


class Listener:
    """A connection of its own that hears notifications on one channel. It opens itself again after
    the database was away; until then it hears nothing, and its user looks by itself."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: Any = None

    def open(self) -> bool:
        """Listens, and returns whether it did not before. Raises psycopg2.Error."""
        if self._connection is not None:
            return False
        connection = psycopg2.connect(self._url, connect_timeout=5, **KEEPALIVE)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {self._channel}")
        self._connection = connection
        return True

    @property
    def descriptor(self) -> int | None:
        """What becomes readable when there is news; None while it does not listen."""
        return None if self._connection is None else int(self._connection.fileno())

    def drain(self) -> bool:
        """Whether there was news; all of it is taken."""
        if self._connection is None:
            return False
        try:
            self._connection.poll()
        except psycopg2.Error:
            self.close()
            return False
        heard = bool(self._connection.notifies)
        self._connection.notifies.clear()
        return heard

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
