"""People from the rows of a file: what each row says of one person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain import lead, phones, values
from domain.errors import InvalidInputError
from projections.intake.files.headers import NO_PHONE, Field, reading
from projections.intake.files.layout import Layout
from projections.intake.files.tables import Row
from projections.intake.files.wishes import says_no

# A cell that begins so has an apostrophe before it, lest a spreadsheet run it as a formula.
_FORMULAS = frozenset("=+-@\t\r")
_QUOTES = "\"'“”"


class Person(msgspec.Struct, frozen=True):
    """What a row says of a person.

    ``line`` is where the row begins and ``phone`` is in E.164. ``given`` names the fields of
    ``profile`` that the row has; of ``attributes`` it has those that are not empty. ``opted_out``:
    the row says that the person must not be written to, with the ``evidence``.
    """

    line: int
    phone: str
    triggers: tuple[str, ...]
    profile: lead.Profile
    given: tuple[str, ...]
    opted_out: bool
    evidence: str


def parse_phone(value: str, region: str | None) -> str:
    """The phone in E.164. The only place where an import reads one."""
    return phones.parse(value, region)


def identity(phone: str) -> str:
    """What two spellings of one person's phone have in common. The only place where an import
    compares two."""
    return phones.canonical(phone)


class PersonReader:
    """Reads rows of one file."""

    def __init__(
        self,
        layout: Layout,
        *,
        region: str | None,
        devices: dict[str, UUID | None],
        add_triggers: Sequence[str] = (),
    ) -> None:
        """Take the file's ``layout``, the ``region`` of phones without a country code, the devices
        in service by name and id in lower case (None where a name is ambiguous), and triggers that
        everybody gets."""
        self._layout = layout
        self._region = region
        self._devices = devices
        self._add_triggers = tuple(add_triggers)
        self._headers = list(layout.columns)

    def read(self, row: Row) -> Person:
        """The person of this row. Raises InvalidInputError with the field that is wrong."""
        cells = self._cells(row)
        phone = parse_phone(self._phone(cells), self._region)
        opted_out, evidence = self._wish(cells)
        fields: dict[str, Any] = {
            "name": self._name(cells),
            "niche": _split(self._cell(cells, "niche")),
            "target_status": self._cell(cells, "target_status"),
            "device_id": self._device(self._cell(cells, "device")),
            "timezone": self._cell(cells, "timezone"),
            "attributes": {
                key: cells[at]
                for at, key in self._layout.attributes
                if cells[at] and not cells[at].isspace()
            },
        }
        given = {field: value for field, value in fields.items() if value}
        triggers = [
            token.strip(_QUOTES + " ")
            for at in self._layout.places.get("triggers", ())
            for token in _split(cells[at])
            if token.strip(_QUOTES + " ")
        ]
        return Person(
            line=row.line,
            phone=phone,
            triggers=values.tokens("triggers", (*triggers, *self._add_triggers)),
            profile=lead.profile(**given),
            given=tuple(given),
            opted_out=opted_out,
            evidence=evidence,
        )

    def read_refusal(self, row: Row) -> Person:
        """The person of this row, of whom nothing is read but phone and wish: a mistake elsewhere
        must not hide a no. Raises InvalidInputError with the field that is wrong."""
        cells = self._cells(row)
        phone = parse_phone(self._phone(cells), self._region)
        opted_out, evidence = self._wish(cells)
        return Person(row.line, phone, (), lead.Profile(), (), opted_out, evidence)

    def refusal(self, row: Row) -> Sequence[Person]:
        """The person of a row that is wrong elsewhere, if the row says that she said no."""
        try:
            person = self.read_refusal(row)
        except InvalidInputError:
            return ()
        return (person,) if person.opted_out else ()

    def _cells(self, row: Row) -> list[str]:
        """As many cells as the header has; formulas are texts, and lines end as they should."""
        if row.fault:
            raise InvalidInputError("row", row.fault)
        width = self._layout.width
        cells = row.cells
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        elif len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                raise InvalidInputError(
                    "row", f"at most {width} fields, as the header has, not {len(cells)}"
                )
            cells = cells[:width]
        for at, cell in enumerate(cells):
            if cell[:1] == "'" and cell[1:2] in _FORMULAS:
                cells[at] = cell = cell[1:]
            if "\r" in cell:
                cells[at] = cell.replace("\r\n", "\n").replace("\r", "\n")
        return cells

    def _cell(self, cells: Sequence[str], field: Field) -> str:
        """The cell of a field that has one column at most."""
        places = self._layout.places.get(field)
        return cells[places[0]].strip() if places else ""

    def _phone(self, cells: Sequence[str]) -> str:
        """The phone; of several that have labels the mobile one, else the first."""
        labels = self._layout.labels
        if not labels:
            return self._cell(cells, "phone")
        ranked = [(_rank(cells[label]), at) for at, label in labels.items() if cells[at].strip()]
        return cells[min(ranked)[1]].strip() if ranked else ""

    def _name(self, cells: Sequence[str]) -> str:
        """The whole name. Where there are a column for the name and one for a part of it, the
        first is the other part, unless it has that part too."""
        name = self._cell(cells, "name")
        first, last = self._cell(cells, "first_name"), self._cell(cells, "last_name")
        if not name:
            return f"{first} {last}".strip()
        if bool(first) == bool(last):
            return name
        if set((first or last).casefold().split()) <= set(name.casefold().split()):
            return name
        return f"{first} {name} {last}".strip()

    def _device(self, text: str) -> UUID | None:
        if not text:
            return None
        if (device_id := self._devices.get(text.lower())) is None:
            raise InvalidInputError("device", "the name or id of a device in service, or nothing")
        return device_id

    def _wish(self, cells: Sequence[str]) -> tuple[bool, str]:
        """Whether the row says that the person must not be written to, and the evidence."""
        evidence = self._cell(cells, "opt_out_evidence")
        said: list[str] = []
        places = self._layout.places.get("opted_out", ())
        for at in places:
            if says_no(cells[at]):
                said.append(f"{self._headers[at]}: {cells[at].strip()}")
        if evidence and places and not said:
            raise InvalidInputError("opted_out", "yes where there is evidence of an opt-out")
        said_how = values.text(
            "opt_out_evidence", evidence or "; ".join(said), longest=10_000, allow_empty=True
        )
        return bool(said_how), said_how


def _rank(label: str) -> int:
    """How well the label of a phone says that it has WhatsApp; 0 is best."""
    found = reading(label)
    return found.rank if found is not None and found.field == "phone" else NO_PHONE


def _split(text: str) -> list[str]:
    return [part for part in re.split("[,;|]", text) if part.strip()] if text else []
