"""The engine: a pool of connections, and transactions that start anew after a deadlock."""

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
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError

from projections.config.fault_points import no_fault
from projections.config.secret_key import key_cipher
from projections.database import direct, faults, flushing
from projections.database.prepared import Prepared, fetch
from projections.database.servers import APPENDED, ServerWatch, identify
from projections.database.sessions import make_engine

T = TypeVar("T")

# The connection whose transaction this context's transactions are part of.
_joined: ContextVar[Connection | None] = ContextVar("joined", default=None)

# The execution option of every connection that holds the cipher of leads' keys.
KEY_CIPHER = "sendtrail_key_cipher"
# And the one that holds the secret key itself, None where there is none.
OPENING_KEY = "sendtrail_opening_key"

# JSON has a list of ids as an array's literal has it, but for the brackets.
_encode = msgspec.json.Encoder().encode

# Seconds of idleness after which a connection is pinged before it is used.
IDLE_SECONDS = 5.0


class Database:
    """A PostgreSQL database with Sendtrail's schema in it, and a pool of connections to it.

    Times come and go as aware datetimes in UTC. Make one per process, after forking. ``url`` starts
    with ``postgresql://``, and may name several hosts. ``fault_point`` is called with the name of
    each fault point reached; a test may replace it. ``watch`` knows which server answers. Without a
    ``secret_key`` leads' personal data can be neither written nor read.
    """

    def __init__(self, url: str, *, pool_size: int = 20, secret_key: str | None = None) -> None:
        self.url = url
        self.secret_key = secret_key
        self.fault_point: Callable[[str], None] = no_fault
        self.watch = ServerWatch()
        self.engine = make_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            # Error texts must not repeat personal data.
            hide_parameters=True,
            json_deserializer=msgspec.json.decode,
            execution_options={
                KEY_CIPHER: None if secret_key is None else key_cipher(secret_key),
                OPENING_KEY: secret_key,
            },
        )
        event.listen(self.engine, "connect", _read_uuids)
        event.listen(self.engine, "connect", identify)
        event.listen(self.engine, "handle_error", _discard_if_read_only)
        event.listen(self.engine, "handle_error", _name_disconnect)
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "checkout", _ping_if_idle)

    @contextmanager
    def transaction(self, name: str = "other") -> Iterator[Connection]:
        """One transaction, committed if the block ends well and rolled back otherwise.

        Within ``joined`` it is a savepoint of the joined transaction instead. ``name`` is that of
        the fault points before and after the commit.
        """
        outer = _joined.get()
        if outer is None:
            with self._begin(name) as connection:
                yield connection
        else:
            # Taken now: a connection that was cut gives none.
            info = outer.info
            appended = info.get(APPENDED)
            try:
                with outer.begin_nested():
                    yield outer
            except BaseException:
                info[APPENDED] = appended
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for statements of which each is a transaction of its own.

        They see what they would see in ``transaction``, where each has a snapshot of its own, too;
        what is saved are a message to begin and one to end. Within ``joined`` it is the same as
        ``transaction``.
        """
        if _joined.get() is not None:
            with self.transaction() as connection:
                yield connection
            return
        with self.engine.connect() as connection, flushing.each_alone(connection):
            self.watch.meet(connection)
            yield connection

    @contextmanager
    def _begin(self, name: str) -> Iterator[Connection]:
        """A transaction of that name on a connection of its own."""
        with self.engine.connect() as connection:
            self.begin(connection)
            yield connection
            self.commit(connection, name)

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that ends with ``commit``, or is rolled back."""
        connection.begin()
        flushing.own(connection)
        self.watch.meet(connection)

    def commit(self, connection: Connection, name: str) -> None:
        """Commit what was begun with ``begin``, and return when it is safe; ``name`` as in
        ``transaction``."""
        self.fault_point(f"{name}.before_commit")
        appended = connection.info.get(APPENDED)
        connection.commit()
        if appended is not None:
            self.fault_point(f"{name}.before_flush")
            flushing.wait(connection)
        self.watch.committed(appended)
        self.fault_point(f"{name}.after_commit")

    def flush(self) -> None:
        """Return when all that this process can see is safe, whoever committed it."""
        with self.engine.connect() as connection:
            flushing.wait(connection)

    def begin_answer(self) -> None:
        """This context begins to work on another answer; see ``finish_answer``."""
        flushing.begin_answer()

    def finish_answer(self) -> None:
        """Return when what an answer may say is safe, also where nothing was appended for it."""
        if not flushing.has_waited():
            self.flush()

    @contextmanager
    def alone(self, name: str) -> Iterator[Connection]:
        """A connection for one statement, which is a transaction of its own: one round trip.

        ``name`` is that of the fault points before it and after it.
        """
        with self.engine.connect() as connection, flushing.each_alone(connection):
            self.watch.meet(connection)
            self.fault_point(f"{name}.before_commit")
            yield connection
        self.fault_point(f"{name}.after_commit")

    @contextmanager
    def joined(self, connection: Connection) -> Iterator[None]:
        """Make this context's transactions parts of that of ``connection`` until the block ends.

        What they do is committed with it, or not at all.
        """
        token = _joined.set(connection)
        try:
            yield
        finally:
            _joined.reset(token)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Until the block ends this context's transactions take no notice of ``joined``: what is
        long commits as it goes."""
        token = _joined.set(None)
        try:
            yield
        finally:
            _joined.reset(token)

    def run(self, name: str, work: Callable[[Connection], T], attempts: int = 5) -> T:
        """Call ``work`` in one transaction and return its result.

        After a deadlock or a serialization failure the whole of it is done anew, at most
        ``attempts`` times in all; then the last error is raised. ``name`` as in ``transaction``. It
        takes no notice of ``joined``.
        """
        for attempt in range(1, attempts + 1):
            try:
                with self._begin(name) as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == attempts or not is_transient(error.orig):
                    raise
            except psycopg2.Error as error:
                if attempt == attempts or not is_transient(error):
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


def rows(connection: Connection, statement: str | Prepared, **parameters: Any) -> list[Any]:
    """The rows that ``statement`` gives; ``%(name)s`` stands for the parameter of that name."""
    if isinstance(statement, Prepared):
        return fetch(connection, statement, **parameters)
    return direct.fetch(connection, statement, parameters)


def uuids(ids: Any) -> str:
    """An iterable of ids as a PostgreSQL array literal, None as null: much cheaper than adapting
    each of them."""
    return f"{{{_encode(list(ids)).decode()[1:-1]}}}"


def is_transient(error: BaseException | None) -> bool:
    """Whether the driver's error is one after which the same work may succeed if done anew."""
    return isinstance(
        error, (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure)
    )


def _discard_if_read_only(context: Any) -> None:
    """Close the pool's connections when the server turns out to be read-only.

    Another one took over, and only a new connection is made to the server that can be written to.
    """
    if faults.is_read_only(context.original_exception):
        context.is_disconnect = True


def _name_disconnect(context: Any) -> OperationalError | None:
    """Raise OperationalError for a connection that was cut while nobody used it, or is of no use.

    psycopg2 raises its base class then, having no class for it. What interrupts a statement, such
    as KeyboardInterrupt, has no exception of SQLAlchemy's and stays what it is.
    """
    named = context.sqlalchemy_exception
    if not context.is_disconnect or named is None or isinstance(named, OperationalError):
        return None
    return OperationalError(
        context.statement,
        None,
        context.original_exception,
        hide_parameters=True,
        connection_invalidated=True,
    )


def _read_uuids(connection: Any, record: Any) -> None:
    """Let msgspec read UUIDs: they are in nearly every row, and it is twice as fast as Python."""
    psycopg2.extensions.register_type(_UUID, connection)


def _uuid(text: str | None, cursor: Any) -> UUID | None:
    return None if text is None else msgspec.convert(text, UUID)


_UUID = psycopg2.extensions.new_type((2950,), "UUID", _uuid)  # as in pg_type


def _note_use(connection: Any, record: Any) -> None:
    record.info["used_at"] = monotonic()


def _ping_if_idle(connection: Any, record: Any, proxy: Any) -> None:
    """Replace a connection that died while nobody used it.

    A ping costs a round trip, so only connections idle for ``IDLE_SECONDS`` are pinged.
    """
    if monotonic() - record.info.get("used_at", monotonic()) < IDLE_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError from error
