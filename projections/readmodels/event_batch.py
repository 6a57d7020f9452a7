"""A batch of events as the columns that a statement reads: one array per field.

The server could read the events' JSON too, but takes several times as long for it as this process
does. A field with one value for the whole batch is sent as a scalar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple

_EVERY = "originator_id uuid, originator_version int, timestamp timestamptz"
_NULL = msgspec.Raw(b"null")


class _Kind(msgspec.Struct, frozen=True):
    """How JSON has a value of an SQL type, what it has if the field is missing, how SQL writes it,
    and whether that may contain what has a meaning in an array's literal. ``cast``: it is sent as
    a text, and is of this type then."""

    json: Any
    missing: Any = None
    write: Callable[[Any], str | None] | None = None
    quoted: bool = False
    cast: str | None = None


def _json(value: Any) -> str | None:
    return None if value == _NULL else bytes(value).decode()


def _texts(values: Sequence[str] | None) -> str:
    """The literal of a ``text[]``, which is empty where the field is missing."""
    return f"{{{','.join(map(_quoted, values or ()))}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_KINDS = {
    "boolean": _Kind(bool | None, write=lambda value: None if value is None else str(value)),
    "date": _Kind(str | None),
    "int": _Kind(int | None, write=lambda value: None if value is None else str(value)),
    "json": _Kind(msgspec.Raw, _NULL, _json, quoted=True),
    "jsonb": _Kind(msgspec.Raw, _NULL, _json, quoted=True),
    "text": _Kind(str | None, quoted=True),
    "texts": _Kind(list[str] | None, write=_texts, quoted=True, cast="text[]"),
    "timestamptz": _Kind(str | None),
    "uuid": _Kind(str | None),
}


class EventBatch:
    """A relation of the events of one topic, or of topics that are handled together.

    ``fields`` declares, one string per topic, the fields that a statement reads of its event, with
    their SQL types: ``profile.name text`` is the ``name`` in its ``profile``, and ``texts`` is a
    list of strings as ``text[]``. ``relation`` is SQL that selects them, and what every event has:
    of several events of one aggregate that are handled together, the last one's.
    """

    def __init__(self, *fields: str) -> None:
        declared = [[field.split() for field in one.split(",") if field.strip()] for one in fields]
        declared[-1] = [field.split() for field in _EVERY.split(", ")] + declared[-1]
        self._readers = [_Reader(one) for one in declared]
        self._kinds = {
            name: _KINDS[kind] for reader in self._readers for name, kind in reader.columns
        }
        # Where the array is empty, all events have the one value beside it.
        columns, arrays, names = [], [], []
        for reader in self._readers:
            for name, kind in reader.columns:
                cast = _KINDS[kind].cast
                sent = "text" if cast else kind
                value = f'coalesce(a."{name}", %({name}_of_all)s::{sent})'
                columns.append(f'{value}{f"::{cast}" if cast else ""} AS "{name}"')
                arrays.append(f"%({name})s::{sent}[]")
                names.append(f'"{name}"')
        self.relation = (
            f"SELECT {', '.join(columns)} FROM unnest({', '.join(arrays)}) AS a({', '.join(names)})"
        )

    def parameters(self, *states: Sequence[bytes]) -> dict[str, str | None]:
        """The parameters of ``relation`` for the events whose JSON ``states`` has, one sequence per
        topic, of the same length and in the same order of aggregates. Raises msgspec.MsgspecError
        where one is no such event."""
        columns: list[tuple[Any, ...]] = []
        for reader, of_topic in zip(self._readers, states, strict=True):
            columns.extend(reader.read(of_topic))
        parameters: dict[str, str | None] = {}
        for (name, kind), values in zip(self._kinds.items(), columns, strict=True):
            # The ids say how many events there are.
            if (
                name != "originator_id"
                and values[0] == values[-1]
                and values.count(values[0]) == len(values)
            ):
                parameters[name] = "{}"
                parameters[f"{name}_of_all"] = kind.write(values[0]) if kind.write else values[0]
            else:
                parameters[name] = _array(kind, values)
                parameters[f"{name}_of_all"] = None
        return parameters


class _Reader:
    """Reads the declared fields of events of one topic. ``columns`` are their names and SQL types,
    those within another field last."""

    def __init__(self, declared: Sequence[Sequence[str]]) -> None:
        plain = [(name, kind) for name, kind in declared if "." not in name]
        within: dict[str, list[tuple[str, str]]] = {}
        for path, kind in declared:
            parent, dot, name = path.partition(".")
            if dot:
                within.setdefault(parent, []).append((name, kind))
        self.columns = [*plain, *[field for fields in within.values() for field in fields]]
        structs = {parent: _struct(fields) for parent, fields in within.items()}
        # What there would be of a field that is missing.
        self._missing = [struct() for struct in structs.values()]
        more = [(parent, struct | None, None) for parent, struct in structs.items()]
        self._decode = msgspec.json.Decoder(_struct(plain, more)).decode

    def read(self, states: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """One tuple per column. Raises msgspec.MsgspecError where a state is no such event."""
        read = list(zip(*[astuple(self._decode(state)) for state in states], strict=True))
        at = len(read) - len(self._missing)
        columns = read[:at]
        for missing, parents in zip(self._missing, read[at:], strict=True):
            columns.extend(zip(*[astuple(each or missing) for each in parents], strict=True))
        return columns


def _struct(declared: Sequence[tuple[str, str]], more: Sequence[Any] = ()) -> Any:
    fields = [(name, _KINDS[kind].json, _KINDS[kind].missing) for name, kind in declared]
    return msgspec.defstruct("Fields", [*fields, *more], gc=False)


def _array(kind: _Kind, values: Sequence[Any]) -> str:
    """The literal of an array."""
    if kind.write:
        values = [kind.write(value) for value in values]
    if kind.quoted:
        return f"{{{','.join(map(_quoted, values))}}}"
    joined = ",".join("NULL" if value is None else value for value in values)
    # Not even an event that was tampered with may become two.
    if joined.count(",") >= len(values) or any(special in joined for special in '{}"\\'):
        return f"{{{','.join(map(_quoted, values))}}}"
    return f"{{{joined}}}"
