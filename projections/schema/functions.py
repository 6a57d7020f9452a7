"""SQL functions that the statements of the other rooms call."""

from __future__ import annotations

from sqlalchemy import Connection

# Lower case in every alphabet, also in a database whose own locale knows only ASCII (C, which is
# what a server set up without any gets): by the first of these collations that there is.
_COLLATIONS = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu", "en_US.utf8")

# Whether a campaign or a sequence, where the message has one, holds what is pending of it.
# Statements inline the function, so it costs what the expression costs.
_MESSAGE_IS_HELD = """
CREATE FUNCTION message_is_held(
    campaign_status text, sequence_status text, sequence_is_stopped boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(campaign_status IN ('paused', 'cancelled'), false)
    OR coalesce(sequence_status = 'paused' OR sequence_is_stopped, false)
"""

# The same as ``canonical`` of ``domain/phones``: one spelling of a phone in E.164 that has several.
_CANONICAL_PHONE = """
CREATE FUNCTION canonical_phone(phone text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN phone ~ '^[+]55[1-9][0-9][6-9][0-9]{7}$'
        THEN substr(phone, 1, 5) || '9' || substr(phone, 6)
    WHEN phone ~ '^[+]521[0-9]{10}$' THEN '+52' || substr(phone, 5)
    WHEN phone ~ '^[+]54[0-9]{10}$' THEN '+549' || substr(phone, 4)
    ELSE phone
END
"""


def create_functions(connection: Connection) -> None:
    """Create every function in a database that has none of them."""
    connection.exec_driver_sql(
        "CREATE FUNCTION fold_case(token text) RETURNS text"
        " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
        f" RETURN lower(token {_collation(connection)})"
    )
    connection.exec_driver_sql(_MESSAGE_IS_HELD)
    connection.exec_driver_sql(_CANONICAL_PHONE)


def _collation(connection: Connection) -> str:
    collations = {
        row.collname
        for row in connection.exec_driver_sql(
            "SELECT collname FROM pg_collation WHERE collencoding IN (-1, ("
            "SELECT encoding FROM pg_database WHERE datname = current_database()))"
        )
    }
    return next((f'COLLATE "{name}"' for name in _COLLATIONS if name in collations), "")
