"""How a handler is written: one whole statement over a batch of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from projections.database.prepared import Prepared, prepared
from projections.readmodels.counters import Tally
from projections.readmodels.event_batch import EventBatch

# What a statement writes where the relation of its events goes.
EVENTS = "{events}"


# Adds the rows that a statement returns to the counters; returns how many aggregates' own rows the
# statement changed.
Counted = Callable[[Tally, Sequence[Any]], int]


class Handler(NamedTuple):
    """``statement`` changes a read model by a whole ``batch`` of events at once. ``counted`` takes
    in the rows that the statement returns; a statement without it returns none, and changes its
    aggregates' own rows last, or none of them if ``own`` is false."""

    statement: Prepared
    batch: EventBatch
    counted: Counted | None = None
    own: bool = True


# The topics of the events that are handled together, in their order; mostly one. Where an event may
# mean several things there is a handler for each, and its statement picks its own events.
Handlers = dict[tuple[str, ...], tuple[Handler, ...]]


def handler(
    statement: str,
    *fields: str,
    counted: Counted | None = None,
) -> Handler:
    """``statement`` is whole, but for ``{events}``: a query of the events, which has
    ``originator_id``, ``originator_version``, ``timestamp`` and the declared ``fields``, such as
    ``"provider_id text, reason text"``, one string per topic. ``%`` is written ``%%``."""
    batch = EventBatch(*(fields or ("",)))
    return Handler(prepared(statement.replace(EVENTS, batch.relation)), batch, counted)


def beside(statement: str, *fields: str) -> Handler:
    """The same of a statement that changes rows of other aggregates, after those of its own."""
    return handler(statement, *fields)._replace(own=False)


def keys(array: str) -> str:
    """SQL: a JSON array of tokens as the case-folded ``text[]`` that matching compares."""
    return f"ARRAY(SELECT {key('t')} FROM json_array_elements_text({array}) t)"


def keys_of(tokens: str) -> str:
    """The same of a ``text[]``. Most have one token, or none."""
    return (
        f"CASE cardinality({tokens}) WHEN 0 THEN '{{}}' WHEN 1 THEN ARRAY[{key(f'{tokens}[1]')}]"
        f" ELSE ARRAY(SELECT {key('t')} FROM unnest({tokens}) t) END"
    )


def key(token: str) -> str:
    """SQL: what matching compares of a token, in any case and Unicode form. A token that was stored
    before tokens were composed is composed here, where the database can."""
    return (
        "fold_case(CASE WHEN current_setting('server_encoding') = 'UTF8'"
        f" THEN normalize({token}) ELSE {token} END)"
    )
