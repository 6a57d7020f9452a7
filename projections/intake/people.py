"""People from the rows of a file: what each row says of one person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from domain import lead, phones, values
from domain.csv_text import read_back
from domain.errors import InvalidInputError
from domain.lead.consents import checked
from projections.intake.files.exported import ATTRIBUTES, MERGED
from projections.intake.files.headers import NO_PHONE, Field, reading
from projections.intake.files.layout import Layout, Place
from projections.intake.files.tables import Row
from projections.intake.files.wishes import says_no

_LONGEST_EVIDENCE = 10_000
# The columns of a consent, by the names that it has for them.
CONSENT_FIELDS: Mapping[Field, str] = MappingProxyType(
    {
        "consent_purpose": "purpose",
        "consent_source": "source",
        "consent_words": "words",
        "consent_at": "given_at",
    }
)
_QUOTES = "\"'“”"


class Person(msgspec.Struct, frozen=True):
    """What a row says of a person.

    ``line`` is where the row begins and ``phone`` is in E.164. ``given`` names the fields of
    ``profile`` that the row has; of ``attributes`` it has those that are not empty. ``opted_out``:
    the row says that the person must not be written to, with the ``evidence``. ``agreed`` is the
    consent that it has.
    """

    line: int
    phone: str
    triggers: tuple[str, ...]
    profile: lead.Profile
    given: tuple[str, ...]
    opted_out: bool
    evidence: str
    agreed: lead.Agreed | None = None


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
        refusers: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Take the file's ``layout``, the ``region`` of phones without a country code, the devices
        in service by name and id in lower case (None where a name is ambiguous), and triggers that
        everybody gets. ``refusers``: the file is of people who said no, even without a column that
        says so. ``now`` is when the file is read; without it no consent
        is read."""
        self._now = now
        self._layout = layout
        self._region = region
        self._devices = devices
        self._add_triggers = tuple(add_triggers)
        self._refusers = refusers
        self._headers = list(layout.columns)

    def read(self, row: Row) -> Person:
        """The person of this row. Raises InvalidInputError with the field that is wrong."""
        cells = self._cells(row)
        if self._cell(cells, MERGED):
            raise InvalidInputError(MERGED, "nothing: this person has a row as another lead")
        phone = parse_phone(self._phone(cells), self._region)
        opted_out, evidence = self._wish(cells)
        fields: dict[str, Any] = {
            "name": self._name(cells),
            "niche": _split(self._cell(cells, "niche")),
            "target_status": self._cell(cells, "target_status"),
            "device_id": self._device(self._cell(cells, "device")),
            "timezone": self._cell(cells, "timezone"),
            "attributes": self._attributes(cells),
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
            agreed=self._agreed(cells),
        )

    def read_refusal(self, row: Row) -> Person:
        """The person of this row, of whom nothing is read but phone and wish. Raises
        InvalidInputError with the field that is wrong."""
        cells = self._cells(row)
        phone = parse_phone(self._phone(cells), self._region)
        opted_out, evidence = self._wish(cells)
        return Person(row.line, phone, (), lead.Profile(), (), opted_out, evidence)

    def refusal(self, row: Row) -> Sequence[Person]:
        """The person of a row that is rejected, if its phone can be read and some cell says clearly
        that she said no: a mistake elsewhere must not hide that."""
        cells = self._cells_there_are(row)
        try:
            phone = parse_phone(self._phone(cells), self._region)
        except InvalidInputError:
            return ()
        said, _ = self._said(cells)
        evidence = self._cell(cells, "opt_out_evidence")
        if not said and ("opted_out" in self._layout.places or not (evidence or self._refusers)):
            return ()
        how = values.cleaned(evidence or "; ".join(said), _LONGEST_EVIDENCE)
        return (Person(row.line, phone, (), lead.Profile(), (), True, how),)

    def _cells(self, row: Row) -> list[str]:
        """As many cells as the header has. Raises InvalidInputError where the row has a fault, or
        more."""
        if row.fault:
            raise InvalidInputError("row", row.fault)
        width = self._layout.width
        if any(cell.strip() for cell in row.cells[width:]):
            raise InvalidInputError(
                "row", f"at most {width} fields, as the header has, not {len(row.cells)}"
            )
        return self._fitted(row.cells)

    def _cells_there_are(self, row: Row) -> list[str]:
        """As many cells as the header has, of a row with a fault too. If there are too many then,
        those behind the fault may be under the wrong header, and do not count."""
        if not row.fault:
            return self._fitted(row.cells)
        cells = [*row.sound, *row.rest]
        return self._fitted(cells if len(cells) <= self._layout.width else row.sound)

    def _fitted(self, cells: Sequence[str]) -> list[str]:
        """As many cells as the header has; formulas are texts, and lines end as they should."""
        width = self._layout.width
        cells = [*cells[:width], *[""] * (width - len(cells))]
        for at, cell in enumerate(cells):
            cells[at] = cell = read_back(cell)
            if "\r" in cell:
                cells[at] = cell.replace("\r\n", "\n").replace("\r", "\n")
        return cells

    def _cell(self, cells: Sequence[str], field: Place) -> str:
        """The cell of a field that has one column at most."""
        places = self._layout.places.get(field)
        return cells[places[0]].strip() if places else ""

    def _attributes(self, cells: Sequence[str]) -> dict[str, str]:
        """Those that have a column each, and those of the column that has all, as JSON."""
        of_columns = {
            key: cells[at]
            for at, key in self._layout.attributes
            if cells[at] and not cells[at].isspace()
        }
        try:
            given = msgspec.json.decode(self._cell(cells, ATTRIBUTES) or "{}", type=dict[str, str])
        except msgspec.MsgspecError:
            raise InvalidInputError(ATTRIBUTES, "a JSON object of texts, or nothing") from None
        return {**given, **of_columns}

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

    def _agreed(self, cells: Sequence[str]) -> lead.Agreed | None:
        """The consent of the row, None where it has none. A day or time without an offset is in
        UTC."""
        said = {name: self._cell(cells, field) for field, name in CONSENT_FIELDS.items()}
        if self._now is None or not any(said.values()):
            return None
        at, given_at = said.pop("given_at"), None
        if at:
            try:
                given_at = values.parse_instant(at, "consent_at")
            except InvalidInputError:
                given_at = values.parse_instant(at, "consent_at", "UTC")
        agreed = lead.Agreed(**said, given_at=given_at)
        try:
            checked(agreed, self._now)
        except InvalidInputError as error:
            named = {name: field for field, name in CONSENT_FIELDS.items()}
            raise InvalidInputError(named[error.field], error.expected) from None
        return agreed

    def _wish(self, cells: Sequence[str]) -> tuple[bool, str]:
        """Whether the row says that the person must not be written to, and the evidence."""
        evidence = self._cell(cells, "opt_out_evidence")
        said, unclear = self._said(cells)
        if unclear is not None:
            raise unclear
        if not said and "opted_out" in self._layout.places:
            if evidence:
                raise InvalidInputError("opted_out", "yes where there is evidence of an opt-out")
            if self._refusers:
                raise InvalidInputError("opted_out", "yes: this file is of people who said no")
        said_how = values.text(
            "opt_out_evidence",
            evidence or "; ".join(said),
            longest=_LONGEST_EVIDENCE,
            allow_empty=True,
        )
        return bool(said_how) or self._refusers, said_how

    def _said(self, cells: Sequence[str]) -> tuple[list[str], InvalidInputError | None]:
        """The columns that say yes to an opt-out, each with its cell; and the error of one that
        says neither yes nor no, if there is one."""
        said: list[str] = []
        unclear = None
        for at in self._layout.places.get("opted_out", ()):
            try:
                if says_no(cells[at]):
                    said.append(f"{self._headers[at]}: {cells[at].strip()}")
            except InvalidInputError as error:
                unclear = error
        return said, unclear


def _rank(label: str) -> int:
    """How well the label of a phone says that it has WhatsApp; 0 is best."""
    found = reading(label)
    return found.rank if found is not None and found.field == "phone" else NO_PHONE


def _split(text: str) -> list[str]:
    return [part for part in re.split("[,;|]", text) if part.strip()] if text else []
