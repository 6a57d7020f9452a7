"""Segments in SQL: who of many leads is in one. ``domain.segment_matching`` says the same of one
lead; a test holds the two together.

A condition is a subquery of its own where it asks what became of a lead, so that PostgreSQL may
answer it for all leads at once or, on a walk along the leads, by look-ups in indexes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from domain.segments import ATTRIBUTE, Condition, Predicate, day, instant
from projections.readmodels.handler import key


class Compiled(NamedTuple):
    """SQL that is true, and never null, of each lead that is in the segment and neither
    erased nor merged into another; and its parameters by name. ``join`` comes after the leads'
    table, where whole tables are asked."""

    sql: str
    parameters: dict[str, Any]
    join: str = ""


class _Past(NamedTuple):
    """What became of leads: rows of ``table``, called ``row``, that ``counts``."""

    table: str
    row: str
    counts: str


_SENT = _Past("broadcast_messages", "m", "m.status = 'sent'")
_UNDER_WAY = _Past("enrollments", "n", "n.status = 'active'")
_WROTE = _Past("replies", "w", "NOT w.automatic")


def compiled(
    predicate: Predicate,
    now: datetime,
    prefix: str = "segment",
    lead: str = "l",
    *,
    whole: bool = False,
) -> Compiled:
    """The predicate, asked at ``now`` of the row that the statement calls ``lead``. Names of
    parameters begin with ``prefix``. For ``whole`` tables, what is asked of each lead on a walk is
    asked once for all: all that was sent in one pass, where its times matter."""
    conditions = _Conditions(now, prefix, lead, whole)
    conditions.joins = whole and any(
        each.field in ("never_sent", "last_sent_before")
        for _, several in predicate.clauses()
        for each in several
    )
    terms = [f"{lead}.erased_at IS NULL", f"{lead}.merged_into IS NULL"]
    terms += [conditions.of(each) for each in predicate.all]
    if len(predicate.any) == 1:
        terms.append(conditions.of(predicate.any[0]))
    elif predicate.any:
        terms.append(f"({' OR '.join(conditions.of(each, alone=False) for each in predicate.any)})")
    terms += [conditions.of(each, negated=True) for each in predicate.none]
    return Compiled(" AND ".join(terms), conditions.parameters, conditions.join())


class _Conditions:
    def __init__(self, now: datetime, prefix: str, lead: str, whole: bool) -> None:
        self.parameters: dict[str, Any] = {}
        self._now = now
        self._prefix = prefix
        self._lead = lead
        self._whole = whole
        # Whether a set of ids is hashed. Of EXISTS, where it is ``alone``, PostgreSQL makes a join;
        # elsewhere it would look up each lead.
        self._hashes = False
        # Whether what was sent is joined, and what of it beside the latest.
        self.joins = False
        self._joined: list[str] = []

    def join(self) -> str:
        """SQL: all that was sent, by its lead; nothing where it is not joined."""
        if not self.joins:
            return ""
        more = "".join(f", bool_or({each}) AS met_{n}" for n, each in enumerate(self._joined))
        return (
            f"LEFT JOIN (SELECT m.lead_id, max(m.sent_at) AS sent_at{more}"
            f" FROM broadcast_messages m WHERE {_SENT.counts} GROUP BY 1) past"
            f" ON past.lead_id = {self._lead}.lead_id"
        )

    def of(self, condition: Condition, *, negated: bool = False, alone: bool = True) -> str:
        """SQL of the condition, or of its opposite; ``alone`` if it must hold whatever else does.
        NOT stands once at the most, because PostgreSQL makes no join of what is negated twice."""
        self._hashes = self._whole and not alone
        says_no = [
            negated,
            condition.op == "ne",
            condition.op == "exists" and condition.value is False,
            condition.field == "never_sent" and (condition.op == "exists" or bool(condition.value)),
        ]
        positive = self._positive(condition)
        return f"NOT {positive}" if sum(says_no) % 2 else positive

    def _positive(self, condition: Condition) -> str:
        lead = self._lead
        match condition.field:
            case "niche" | "trigger":
                return self._tokens(f"{lead}.{condition.field}_keys", condition)
            case "target_status":
                return f"({lead}.target_status = ANY({self._texts(condition)}))"
            case "opted_out" | "unreachable":
                wanted = "IS NOT NULL" if condition.value else "IS NULL"
                return f"({lead}.{condition.field}_at {wanted})"
            case "device_id":
                if condition.op == "exists":
                    return f"({lead}.device_id IS NOT NULL)"
                return f"coalesce({lead}.device_id = ANY({self._ids(condition)}), false)"
            case "phone":
                part = self._name(condition.value)
                return f"(position({part} in coalesce({lead}.phone, '')) > 0)"
            case "created_at" | "created_after" | "created_before":
                return f"({lead}.registered_at {self._beside(condition)})"
            case "sent_campaign":
                if condition.op == "exists":
                    return self._met(_SENT, "m.campaign_id IS NOT NULL")
                return self._met(_SENT, f"m.campaign_id = ANY({self._ids(condition)})")
            case "in_sequence":
                if condition.op == "exists":
                    return self._met(_UNDER_WAY)
                return self._met(_UNDER_WAY, f"n.sequence_id = ANY({self._ids(condition)})")
            case "never_sent":
                return self._met(_SENT)
            case "last_sent_before":
                return self._last_sent(condition)
            case "replied_since":
                return self._replied(condition)
            case _:
                return self._attribute(condition)

    def _tokens(self, column: str, condition: Condition) -> str:
        if condition.op == "exists":
            return f"(cardinality({column}) > 0)"
        return f"({column} && {self._keys(condition)})"

    def _attribute(self, condition: Condition) -> str:
        found = (
            f"({self._lead}.attributes ->> {self._name(condition.field.removeprefix(ATTRIBUTE))})"
        )
        match condition.op:
            case "exists":
                return f"(coalesce({found}, '') <> '')"
            case "contains":
                part = f"(SELECT {key(self._name(condition.value))})"
                return f"coalesce(position({part} in {key(found)}) > 0, false)"
            case "before" | "after":
                than = self._name(day(str(condition.value), self._now))
                sign = "<" if condition.op == "before" else ">="
                first = f"substr({found}, 1, 10)"
                return (
                    f"coalesce({first} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'"
                    f' AND {first} COLLATE "C" {sign} {than}, false)'
                )
            case _:
                return f"coalesce({key(found)} = ANY({self._keys(condition)}), false)"

    def _last_sent(self, condition: Condition) -> str:
        if condition.op == "exists":
            return self._met(_SENT)
        before = self._beside(condition)
        if self.joins:
            return f"coalesce(past.sent_at {before}, false)"
        return f"({self._met(_SENT)} AND NOT {self._met(_SENT, f'NOT m.sent_at {before}')})"

    def _replied(self, condition: Condition) -> str:
        if condition.op == "exists":
            return self._met(_WROTE)
        beside = self._beside(condition)
        # The latest reply of all is not before the latest that counts, and is read with the lead.
        latest = f"coalesce({self._lead}.replied_at {beside}, false)"
        return f"({latest} AND {self._met(_WROTE, f'w.received_at {beside}')})"

    def _met(self, past: _Past, more: str = "true") -> str:
        """SQL: whether the lead has such a row, of which there is ``more`` to say."""
        table, row, counts = past
        if self.joins and past is _SENT:
            self._joined.append(more)
            return f"coalesce(past.met_{len(self._joined) - 1}, false)"
        if self._hashes:
            ids = f"SELECT {row}.lead_id FROM {table} {row} WHERE {counts} AND {more}"
            return f"({self._lead}.lead_id IN ({ids}))"
        own = f"{row}.lead_id = {self._lead}.lead_id AND {counts} AND {more}"
        return f"EXISTS (SELECT FROM {table} {row} WHERE {own})"

    def _beside(self, condition: Condition) -> str:
        """SQL: the comparison with the condition's instant."""
        than = self._name(instant(str(condition.value), self._now))
        is_before = condition.op == "before" or condition.field.endswith("_before")
        return f"{'<' if is_before else '>='} {than}::timestamptz"

    def _keys(self, condition: Condition) -> str:
        """SQL: the condition's tokens as matching compares them, made once for all leads."""
        return f"ARRAY(SELECT {key('t')} FROM unnest({self._texts(condition)}) t)"

    def _ids(self, condition: Condition) -> str:
        return f"{self._name(_several(condition))}::text[]::uuid[]"

    def _texts(self, condition: Condition) -> str:
        return f"{self._name(_several(condition))}::text[]"

    def _name(self, value: Any) -> str:
        """A parameter of that value."""
        name = f"{self._prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        cast = "::text" if isinstance(value, str) else ""
        return f"%({name})s{cast}"


def _several(condition: Condition) -> list[str]:
    value = condition.value
    return list(value) if isinstance(value, tuple) else [str(value)]
