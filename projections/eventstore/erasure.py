"""Forgetting a person: the keys are destroyed, and whatever else has personal data is emptied.

No event changes. What is not made of events is emptied here, in the transaction of the erasure:
what providers told us and nobody recorded yet, replies of people whom nobody knew then, first
answers to requests, and tables of leads that a replay or a rebuild left in other schemas. The live
read models are emptied here too, and not only by the handler of ``lead.erased``: what the server
has learned of their columns by then, for its plans, is learned anew without the person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from projections.database.engine import rows, uuids
from projections.records import idempotency, inbox, redaction, unattributed
from projections.schema.expressions import LEAD_WORDS
from projections.schema.personal import COLUMNS

# Tables of leads beside the live one; the keys are in the live schema.
_COPIES = """
SELECT quote_ident(n.nspname) AS schema
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'leads' AND c.relkind = 'r'
  AND n.oid <> (SELECT relnamespace FROM pg_class WHERE oid = 'lead_keys'::regclass)
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'erased_at')
"""
_LIVE = "public"
# What is deleted of a person.
_FORGOTTEN = ("lead_addresses", "replies", "composed_messages")
# SQL that removes the personal data of a row of ``leads``, and of ``suppressions``.
_BLANK_LEAD = "phone = NULL, wa_id = NULL, name = '', attributes = '{}', opt_out_evidence = NULL"
_BLANK_CONSENT = (
    "source = '', words = '', withdrawal = CASE WHEN c.withdrawal IS NOT NULL THEN '' END"
)
_BLANK_NO = "kind = 'phone', scope = '', value = '', key = '', evidence = ''"


def erase(
    connection: Connection,
    lead_ids: Collection[UUID],
    keys: Collection[str],
    suppression_ids: Collection[UUID],
) -> None:
    """Make the personal data of one person unreadable for ever: that of these leads and
    suppressions, and whatever else is kept by the ``keys`` of the person's addresses."""
    known = _values(connection, lead_ids, suppression_ids)
    words = _words(connection, lead_ids)
    unattributed.forget(connection, keys)
    inbox.forget(connection, keys)
    idempotency.forget(connection, [*map(str, lead_ids), *redaction.needles(keys)])
    connection.exec_driver_sql(
        "DELETE FROM lead_keys WHERE lead_id = ANY(%(ids)s::uuid[])",
        {"ids": uuids([*lead_ids, *suppression_ids])},
    )
    for schema in (_LIVE, *(copy.schema for copy in rows(connection, _COPIES))):
        _blank(connection, schema, "l.lead_id = ANY(%(ids)s::uuid[])", ids=uuids(lead_ids))
        _blank_noes(
            connection, schema, "s.suppression_id = ANY(%(ids)s::uuid[])", uuids(suppression_ids)
        )
    _learn_anew(connection, known, redaction.needles(keys))
    _learn_words_anew(connection, words)


def erase_copies(connection: Connection, schema: str) -> None:
    """Remove from the read models in ``schema`` the personal data of people who were erased while
    they were filled.

    ``erase`` does not see rows that another transaction has yet to commit there.
    """
    # Waits for transactions that erase now. Later ones see all that was written.
    connection.exec_driver_sql(f"LOCK TABLE {schema}.leads IN SHARE ROW EXCLUSIVE MODE")
    _blank(connection, schema, "l.erased_at IS NOT NULL")
    _blank_noes(connection, schema, "s.key = ''")


def _blank(connection: Connection, schema: str, which: str, **parameters: Any) -> None:
    """Remove from ``schema`` what is known of live leads ``l``."""
    connection.exec_driver_sql(
        f"UPDATE {schema}.leads c SET {_BLANK_LEAD} FROM {_LIVE}.leads l"
        f" WHERE l.lead_id = c.lead_id AND {which}",
        parameters,
    )
    # Live leads come first, and are blank by now.
    if _is_there(connection, f"{schema}.lead_search"):
        connection.exec_driver_sql(
            f"UPDATE {schema}.lead_search c SET words = {LEAD_WORDS} FROM {_LIVE}.leads l"
            f" WHERE l.lead_id = c.lead_id AND {which}",
            parameters,
        )
    deleting = dict.fromkeys(_FORGOTTEN, "DELETE FROM {} c USING")
    blanking = {"lead_consents": f"UPDATE {{}} c SET {_BLANK_CONSENT} FROM"}
    for table, statement in {**deleting, **blanking}.items():
        # A replay of an earlier version has not all of them.
        name = f"{schema}.{table}"
        if not _is_there(connection, name):
            continue
        connection.exec_driver_sql(
            f"{statement.format(name)} {_LIVE}.leads l WHERE l.lead_id = c.lead_id AND {which}",
            parameters,
        )


def _is_there(connection: Connection, name: str) -> bool:
    """Whether there is that table: a replay of an earlier version has not all of them."""
    return rows(connection, "SELECT to_regclass(%(name)s) AS oid", name=name)[0].oid is not None


def _blank_noes(connection: Connection, schema: str, which: str, ids: str = "{}") -> None:
    """Remove from ``schema`` what is known of live suppressions ``s``."""
    connection.exec_driver_sql(
        f"UPDATE {schema}.suppressions c SET {_BLANK_NO} FROM {_LIVE}.suppressions s"
        f" WHERE s.suppression_id = c.suppression_id AND {which}",
        {"ids": ids},
    )


def _values(
    connection: Connection, lead_ids: Iterable[UUID], suppression_ids: Iterable[UUID]
) -> set[str]:
    """All that the read models have of the person, as text."""
    tables = ("leads", "lead_consents", *_FORGOTTEN)
    ids = {**dict.fromkeys(tables, "lead_id"), "suppressions": "suppression_id"}
    found: set[str] = set()
    for table, column in ids.items():
        personal = ", ".join(f"{name}::text" for name in COLUMNS[table])
        for row in rows(
            connection,
            f"SELECT {personal} FROM {table} WHERE {column} = ANY(%(ids)s::uuid[])",
            ids=uuids([*lead_ids, *suppression_ids]),
        ):
            found.update(row)
    # What nobody is known by.
    return found - {None, "", "{}"}


def _words(connection: Connection, lead_ids: Iterable[UUID]) -> list[str]:
    """The words by which these leads are found, but for those that name nobody."""
    found = rows(
        connection,
        "SELECT word FROM lead_search, unnest(tsvector_to_array(words)) AS word"
        " WHERE lead_id = ANY(%(ids)s::uuid[]) AND left(word, 1) IN ('w', 'p', 'r', 'a')",
        ids=uuids(lead_ids),
    )
    return [row.word for row in found]


def _learn_words_anew(connection: Connection, words: Sequence[str]) -> None:
    """Have the server sample words again where one of these is in its statistics. One that is
    there after that too is others'."""
    sampled = rows(
        connection,
        "SELECT format('%%I.%%I', schemaname, tablename) AS name FROM pg_stats"
        " WHERE tablename = 'lead_search' AND attname = 'words'"
        " AND most_common_elems::text::text[] && %(words)s::text[] ORDER BY 1",
        words=words,
    )
    for row in sampled:
        connection.exec_driver_sql(f"ANALYZE {row.name} (words)")


def _learn_anew(connection: Connection, known: Collection[str], parts: Sequence[str]) -> None:
    """Have the server sample the columns again in whose statistics the person is: with one of the
    values ``known``, or with one of ``parts`` in a value."""
    for row in _sampled(connection, known, parts):
        connection.exec_driver_sql(f"ANALYZE {row.name} ({row.column})")
    # An empty table is not sampled, and keeps its statistics. A column that gets a type has none.
    for row in _sampled(connection, known, parts):
        connection.exec_driver_sql(
            f"ALTER TABLE {row.name} ALTER COLUMN {row.column} TYPE {row.type}"
        )


def _sampled(connection: Connection, known: Collection[str], parts: Sequence[str]) -> list[Any]:
    """The columns in whose statistics the person is, with their types."""
    return rows(
        connection,
        """
        SELECT format('%%I.%%I', s.schemaname, s.tablename) AS name,
            quote_ident(s.attname) AS column, format_type(a.atttypid, a.atttypmod) AS type
        FROM (SELECT *, coalesce(most_common_vals::text::text[], '{}')
                || coalesce(histogram_bounds::text::text[], '{}') AS found
            FROM pg_stats WHERE tablename = ANY(%(tables)s) AND attname = ANY(%(columns)s)) s
        JOIN pg_attribute a ON a.attname = s.attname
            AND a.attrelid = format('%%I.%%I', s.schemaname, s.tablename)::regclass
        WHERE s.found && %(known)s::text[] OR EXISTS (
            SELECT FROM unnest(s.found) v, unnest(%(parts)s::text[]) p WHERE position(p IN v) > 0)
        ORDER BY 1, 2
        """,
        tables=list(COLUMNS),
        columns=sorted({name for names in COLUMNS.values() for name in names}),
        known=sorted(known),
        # As text, and in the bytes of a payload.
        parts=[*parts, *(part.encode().hex() for part in parts)],
    )
