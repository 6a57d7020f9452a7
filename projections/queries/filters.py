"""What lists, and commands on many, are filtered by: names and values into conditions of SQL.

A filter that is not named here is a column that has the value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.marks import composed
from projections.database.engine import rows, uuids
from projections.queries import message_status

# What a phone is written with. Whoever looks for a number may write a part of it so.
_PHONE = re.compile(r"[\d\s+().-]+")
# What parts the words of a name, as in ``LEAD_WORDS``. The percent sign is none.
_NO_WORD = re.compile(r"[ !\"'#$&()*+,\-./:;<=>?@\[\\\]^_`{|}~]+")
# A word has at most so many characters there.
_LONGEST_WORD = 100
# SQL: the token as triggers are compared.
_FOLDED = "fold_case(%({name})s)"
_SEARCH = "SELECT s.lead_id FROM lead_search s WHERE "
_HAS_WORDS = "s.words @@ fold_case(%(words)s)::tsquery"
# So many leads are looked up one by one: in their own list, and for the messages to them.
_FEW = 100
_FEW_PEOPLE = 2000


class Condition(NamedTuple):
    """A condition on row ``r`` of a resource, with its parameters."""

    sql: str
    parameters: Mapping[str, Any]


def conditions(
    connection: Connection, resource: str, filters: Mapping[str, Any]
) -> list[Condition]:
    """The conditions for the rows of the ``resource`` that pass all ``filters``; None is none."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    made: list[Condition] = []
    if resource == "lead":
        made += _of_leads(connection, wanted)
    elif resource == "message":
        made += _of_messages(connection, wanted)
    elif resource == "recipient":
        made += _of_status(connection, wanted)
    elif resource in _NAMED and (text := wanted.pop("q", None)) is not None:
        made.append(_by_name(text, _NAMED[resource]))
    return [*made, *(Condition(f"r.{name} = %({name})s", {name: wanted[name]}) for name in wanted)]


def bounds(connection: Connection, filters: Mapping[str, Any]) -> list[Condition]:
    """Between which ids the messages of a time are. Ids follow the times roughly: to walk from the
    first id on may pass all older messages."""
    times, parameters = _time(filters)
    if not times:
        return []
    # Written as texts, because there is no least id before PostgreSQL 18.
    ((first, last),) = rows(
        connection,
        'SELECT min(message_id::text COLLATE "C"), max(message_id::text COLLATE "C")'
        f" FROM broadcast_messages r WHERE {' AND '.join(times)}",
        **parameters,
    )
    if first is None:
        return [Condition("false", {})]
    between = "r.message_id BETWEEN %(first)s::uuid AND %(last)s::uuid"
    return [Condition(between, {"first": str(first), "last": str(last)})]


# Lists of a few thousand, which are looked through: their ids, and the columns that ``q`` is in.
_NAMED = {
    "campaign": ("campaign_id", "name"),
    "sequence": ("sequence_id", "name", "trigger_key"),
    "device": ("device_id", "name", "address"),
}


def _by_name(text: str, columns: Iterable[str]) -> Condition:
    found = " OR ".join(
        f"position(fold_case(%(q)s) IN fold_case(coalesce(r.{column}::text, ''))) > 0"
        for column in columns
    )
    return Condition(f"({found})", {"q": composed(text).strip()})


def _of_leads(connection: Connection, wanted: dict[str, Any]) -> Iterable[Condition]:
    """Takes what is said of leads out of ``wanted``."""
    if (segment := wanted.pop("segment", None)) is not None:
        yield Condition(segment.sql, segment.parameters)
    text = wanted.pop("q", None)
    if text is not None and (id_ := _as_id(text)) is not None:
        yield Condition("r.lead_id = %(q_id)s::uuid", {"q_id": id_})
        text = None
    if (trigger := wanted.pop("trigger", None)) is not None:
        folded = _FOLDED.format(name="trigger")
        yield Condition(f"r.trigger_keys @> ARRAY[{folded}]", {"trigger": _token(trigger)})
    words = [] if text is None else [*_words(text)]
    for name, letter in (("niche", "n"), ("target_status", "s"), ("device_id", "d")):
        if (value := wanted.pop(name, None)) is not None:
            words.append(_lexeme(letter, _token(str(value))))
    for name, value in (wanted.pop("attributes", None) or {}).items():
        words.append(_lexeme("a", _digest(f"{name}={value}")))
    found: list[str] = []
    parameters: dict[str, Any] = {}
    if words:
        found.append(_HAS_WORDS)
        parameters["words"] = " & ".join(words)
    for name, sign in (("created_after", ">"), ("created_before", "<")):
        if (at := wanted.pop(name, None)) is not None:
            found.append(f"s.registered_at {sign} %({name})s")
            parameters[name] = at
    if found:
        yield _searched(connection, found, parameters)


def _of_status(connection: Connection, wanted: dict[str, Any]) -> Iterable[Condition]:
    """Takes the status of a message out of ``wanted``."""
    if (status := wanted.pop("status", None)) is not None:
        of_status, parameters = message_status.condition(connection, status)
        yield Condition(f"({of_status})", {"status": status, **parameters})


def _of_messages(connection: Connection, wanted: dict[str, Any]) -> Iterable[Condition]:
    """Takes what is said of messages, but for columns, out of ``wanted``."""
    yield from _of_status(connection, wanted)
    times, parameters = _time(wanted)
    for name in parameters:
        del wanted[name]
    yield from (Condition(each, parameters) for each in times)
    if (text := wanted.pop("q", None)) is None:
        return
    if (id_ := _as_id(text)) is not None:
        yield Condition(
            "(r.message_id = %(q_id)s::uuid OR r.lead_id = %(q_id)s::uuid)", {"q_id": id_}
        )
        return
    # A message by what its provider calls it, or those to people of that name or number.
    named = rows(
        connection,
        "SELECT message_id FROM provider_ids WHERE provider_id = %(q)s LIMIT %(most)s",
        q=text.strip(),
        most=_FEW,
    )
    if named:
        yield _among("message_id", "q_ids", named)
        return
    words = {"words": " & ".join(_words(text))}
    if (few := _few(connection, [_HAS_WORDS], words, _FEW_PEOPLE)) is not None:
        yield few
        return
    # Where many have it, a page is found by looking at one message after another. A condition that
    # is no join keeps the server from looking at the people first.
    has = f"(SELECT {_HAS_WORDS} FROM lead_search s WHERE s.lead_id = r.lead_id)"
    yield Condition(has, words)


def _searched(
    connection: Connection, found: Sequence[str], parameters: Mapping[str, Any]
) -> Condition:
    """The lead is one of those that ``lead_search`` has with the conditions ``found``."""
    few = _few(connection, found, parameters, _FEW)
    return few or Condition(f"r.lead_id IN ({_SEARCH}{' AND '.join(found)})", parameters)


def _few(
    connection: Connection, found: Sequence[str], parameters: Mapping[str, Any], most: int
) -> Condition | None:
    """The same, if they are not more than ``most``: by their ids."""
    search = f"{_SEARCH}{' AND '.join(found)} LIMIT %(most)s"
    people = rows(connection, search, **parameters, most=most + 1)
    return _among("lead_id", "people", people) if len(people) <= most else None


def _among(column: str, name: str, found: Iterable[Any]) -> Condition:
    """The column has one of the ids that are the first column of ``found``."""
    return Condition(f"r.{column} = ANY(%({name})s::uuid[])", {name: uuids(r[0] for r in found)})


def _time(filters: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """When messages are scheduled: from ``since`` on and before ``until``."""
    given = {name: filters[name] for name in ("since", "until") if filters.get(name) is not None}
    signs = {"since": ">=", "until": "<"}
    return [f"r.scheduled_at {signs[name]} %({name})s" for name in given], given


def _words(text: str) -> Iterable[str]:
    """The lexemes, as text of a tsquery, of a lead that has all that is in ``text``: words of its
    name as they begin, and its number as it begins or ends."""
    text = composed(text).strip()
    if _PHONE.fullmatch(text) and any(c.isdigit() for c in text):
        yield _number("".join(str(int(c)) for c in text if c.isdigit()))
        return
    words = [word[:_LONGEST_WORD] for word in _NO_WORD.split(text) if word]
    for word in words:
        begins = f"{_lexeme('w', word)}:*"
        is_number = word.isascii() and word.isdigit()
        yield f"({begins} | {_number(word)})" if is_number else begins
    if not words:
        # Nobody has a name of signs alone.
        yield _lexeme("w", " ")


def _number(digits: str) -> str:
    """A number that begins so, or ends so; within a country it is written with a 0 before it."""
    national = digits.lstrip("0") or digits
    begins, ends = _lexeme("p", digits), _lexeme("r", national[::-1])
    return f"({begins}:* | {ends}:*)"


def _lexeme(letter: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{letter}{escaped}'"


def _token(value: str) -> str:
    return composed(value).strip()


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _as_id(text: str) -> str | None:
    """The id that ``text`` is, as it is usually written."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None
