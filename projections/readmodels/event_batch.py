"""A batch of events as the columns that a statement reads: one array per field.

The server could read the events' JSON too, but takes several times as long for it as this process
does. A field with one value for the whole batch is sent as a scalar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

_EVERY = "originator_id uuid, originator_version int, timestamp timestamptz"
_NULL = msgspec.Raw(b"null")
_values = msgspec.structs.astuple


class _Kind(msgspec.Struct, frozen=True):
    """How JSON has a value of an SQL type, what it has if the field is missing, how SQL writes it,
    and whether that may contain what has a meaning in an array's literal."""

    json: Any
    missing: Any = None
    write: Callable[[Any], str | None] | None = None
    quoted: bool = False


_KINDS = {
    "boolean": _Kind(bool | None, write=lambda value: None if value is None else str(value)),
    "date": _Kind(str | None),
    "int": _Kind(int | None, write=lambda value: None if value is None else str(value)),
    "json": _Kind(
        msgspec.Raw,
        _NULL,
        lambda value: None if value == _NULL else bytes(value).decode(),
        quoted=True,
    ),
    "text": _Kind(str | None, quoted=True),
    "timestamptz": _Kind(str | None),
    "uuid": _Kind(str | None),
}


class EventBatch:
    """A relation of the events of one topic, or of topics that are handled together.

    ``fields`` declares, one string per topic, the fields that a statement reads of its event, with
    their SQL types. ``relation`` is SQL that selects them, and what every event has: of several
    events of one aggregate that are handled together, the last one's.
    """

    def __init__(self, *fields: str) -> None:
        declared = [[field.split() for field in one.split(",") if field.strip()] for one in fields]
        declared[-1] = [field.split() for field in _EVERY.split(", ")] + declared[-1]
        self._decoders = [_decoder(one) for one in declared]
        names = [name for one in declared for name, _ in one]
        self._kinds = {name: _KINDS[kind] for one in declared for name, kind in one}
        # Where the array is empty, all events have the one value beside it.
        columns = ", ".join(
            f'coalesce(a."{name}", %({name}_of_all)s::{kind}) AS "{name}"'
            for one in declared
            for name, kind in one
        )
        arrays = ", ".join(f"%({name})s::{kind}[]" for one in declared for name, kind in one)
        quoted = ", ".join(f'"{name}"' for name in names)
        self.relation = f"SELECT {columns} FROM unnest({arrays}) AS a({quoted})"

    def parameters(self, *states: Sequence[bytes]) -> dict[str, str | None]:
        """The parameters of ``relation`` for the events whose JSON ``states`` has, one sequence per
        topic, of the same length and in the same order of aggregates. Raises msgspec.MsgspecError
        where one is no such event."""
        columns: list[tuple[Any, ...]] = []
        for decode, of_topic in zip(self._decoders, states, strict=True):
            columns.extend(zip(*[_values(decode(state)) for state in of_topic], strict=True))
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


def _decoder(declared: Sequence[Sequence[str]]) -> Callable[[bytes], Any]:
    """Decodes an event's JSON into a struct of its declared fields."""
    fields = [(name, _KINDS[kind].json, _KINDS[kind].missing) for name, kind in declared]
    return msgspec.json.Decoder(msgspec.defstruct("Fields", fields, gc=False)).decode


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


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
