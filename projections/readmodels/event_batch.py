"""A batch of events as the columns that a statement reads: one array for each field.

The server could read the events' JSON too, but takes several times as long for it as this process
does. Most fields are the same in the whole batch; those go once, and not once for each event.
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


class Columns:
    """``relation`` is SQL for what the parameters hold: the fields that every event has, and those
    that ``fields`` declares with their SQL types, as columns of these names."""

    def __init__(self, fields: str) -> None:
        declared = [field.split() for field in f"{_EVERY}, {fields}".strip(", ").split(",")]
        self._kinds = {name: _KINDS[kind] for name, kind in declared}
        struct = msgspec.defstruct(
            "Fields",
            [(name, kind.json, kind.missing) for name, kind in self._kinds.items()],
            gc=False,
        )
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(struct).decode
        # Where the array is empty, all events have the one value beside it.
        columns = ", ".join(
            f'coalesce(a."{name}", %({name}_of_all)s::{kind}) AS "{name}"'
            for name, kind in declared
        )
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in declared)
        names = ", ".join(f'"{name}"' for name, _ in declared)
        self.relation = f"SELECT {columns} FROM unnest({arrays}) AS a({names})"

    def parameters(self, states: Sequence[bytes]) -> dict[str, str | None]:
        """What ``relation`` takes for the events whose JSON that is. Raises msgspec.MsgspecError
        where one is no such event."""
        columns = zip(*[_values(self._decode(state)) for state in states], strict=True)
        found: dict[str, str | None] = {}
        for (name, kind), values in zip(self._kinds.items(), columns, strict=True):
            # The ids say how many events there are.
            if (
                name != "originator_id"
                and values[0] == values[-1]
                and values.count(values[0]) == len(values)
            ):
                found[name] = "{}"
                found[f"{name}_of_all"] = kind.write(values[0]) if kind.write else values[0]
            else:
                found[name] = _array(kind, values)
                found[f"{name}_of_all"] = None
        return found


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
