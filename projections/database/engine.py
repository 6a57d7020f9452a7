"""The engine, and transactions that start anew after a deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg2
import psycopg2.errors
import psycopg2.extensions
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError

from projections.config.fault_points import no_fault
from projections.database.prepared import Prepared, execute

T = TypeVar("T")

_joined: ContextVar[Connection | None] = ContextVar("joined", default=None)

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


class Database:
    """A PostgreSQL database with Sendtrail's schema in it.

    Times come and go as aware datetimes in UTC. Make one per process, after forking.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.url = url
        self.fault_point: Callable[[str], None] = no_fault
        self.engine = create_engine(
            driver_url(url),
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
                self.fault_point(f"{name}.before_commit")
            self.fault_point(f"{name}.after_commit")
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
                    self.fault_point(f"{name}.before_commit")
                self.fault_point(f"{name}.after_commit")
                return result
            except DBAPIError as error:
                if attempt == attempts or not is_transient(error.orig):
                    raise
            except psycopg2.Error as error:
                if attempt == attempts or not is_transient(error):
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Closes every connection of the pool."""
        self.engine.dispose()


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


def driver_url(url: str) -> str:
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
