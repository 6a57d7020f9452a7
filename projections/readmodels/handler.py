"""How a handler is written: one statement over the events of one topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from projections.database.prepared import Prepared, prepared
from projections.readmodels.counters import Tally
from projections.readmodels.event_batch import Columns


class Handler(NamedTuple):
    """``statement`` changes a read model by all events of its topic at once; they are the relation
    ``e``, which has ``columns``. ``counted`` adds the rows that it returns to the counts."""

    statement: Prepared
    columns: Columns
    counted: Callable[[Tally, Sequence[Any]], None] | None = None


def handler(
    fields: str,
    statement: str,
    counted: Callable[[Tally, Sequence[Any]], None] | None = None,
) -> Handler:
    """``fields`` declares, with SQL types, the event's own fields that ``statement`` reads from
    ``e``, beside ``originator_id``, ``originator_version`` and ``timestamp``; ``statement`` goes on
    a ``WITH e AS (...)``: it is a query, or further terms that begin with a comma."""
    columns = Columns(fields)
    space = "" if statement.startswith(",") else " "
    return Handler(prepared(f"WITH e AS ({columns.relation}){space}{statement}"), columns, counted)


def texts(array: str) -> str:
    """SQL: a JSON array of strings as ``text[]``."""
    return f"ARRAY(SELECT json_array_elements_text({array}))"


def keys(array: str) -> str:
    """SQL: a JSON array of tokens as the case-folded ``text[]`` that matching compares."""
    return f"ARRAY(SELECT fold_case(t) FROM json_array_elements_text({array}) t)"
