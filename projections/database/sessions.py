"""Makes sessions: which server is sought, and what each session is told before it is used.

Everything that connects does so here. libpq itself reads the URL, which may name several hosts: it
tries one after the other until one answers that can be written to.
"""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn
from sqlalchemy import Engine, create_engine

# Parameters of libpq; those in the URL are stronger.
PARAMETERS: dict[str, object] = {
    # Seconds for each host.
    "connect_timeout": 5,
    "application_name": "sendtrail",
    # After a failover there may be a standby where the primary was.
    "target_session_attrs": "read-write",
    # So a server that vanished without a word is noticed within half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Statements here touch few rows of large tables, and are planned once per connection, maybe while
# the tables are still empty. So plans must not follow sizes: indexes and nested loops are always
# preferred (nothing is forbidden; where there is no other way PostgreSQL still sorts and hashes).
# Just-in-time compilation costs more than such statements take.
SETTINGS = {
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    # A process that stands still in a transaction must not hold the others' rows for ever.
    "idle_in_transaction_session_timeout": "60s",
}
_SET = "SELECT " + ", ".join(f"set_config('{n}', '{v}', false)" for n, v in SETTINGS.items())


def connect(url: str) -> Any:
    """A new connection of the driver to the first host of ``url`` that can be written to.

    The settings are told by a statement, because poolers refuse or drop options of the connection.
    Raises psycopg2.Error if no host answers or all are read-only.
    """
    connection = psycopg2.connect(**{**PARAMETERS, **parse_dsn(url)})
    try:
        # Not in a transaction: a rollback would take the settings back.
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_SET)
        connection.autocommit = False
    except psycopg2.Error:
        connection.close()
        raise
    return connection


def make_engine(url: str, **options: Any) -> Engine:
    """An engine whose connections ``connect`` makes; ``options`` are those of SQLAlchemy.

    SQLAlchemy's own URLs know one host only, so it gets none.
    """
    return create_engine(
        "postgresql+psycopg2://",
        creator=lambda: connect(url),
        # It would ask every new connection for a type that nothing here has.
        use_native_hstore=False,
        **options,
    )
