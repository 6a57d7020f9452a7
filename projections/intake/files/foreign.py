"""Files that another program exported, in which who said no is told in that program's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from domain import foreign_json
from domain.errors import InvalidInputError
from domain.foreign_json import ForeignJsonError
from projections.intake.files import listmonk, mautic
from projections.intake.files.layout import Mapped, fits, lay_out
from projections.intake.files.reader import PeopleFile, tables_of
from projections.intake.files.tables import MOST_COLUMNS, Row, Table

Program = Literal["listmonk", "mautic"]
PROGRAMS: tuple[Program, ...] = get_args(Program)

# Bytes of a JSON document, which is held in memory.
LONGEST_JSON = 256 * 1024 * 1024

# What a person is in an export: texts by the names of our columns, else of attributes.
Record = Mapping[str, str]


class Reader(NamedTuple):
    """How a program's exports are read. ``needed`` are columns of its CSV, by which it is known;
    ``of_cells`` makes a record of a row of it, by its headers, and ``of_item`` of an object of its
    JSON; ``items`` finds these objects in a document, None where it is no such document."""

    needed: frozenset[str]
    of_cells: Callable[[Mapping[str, str]], Record]
    items: Callable[[Any], Iterable[Any] | None]
    of_item: Callable[[Mapping[str, Any]], Record]


READERS: Mapping[Program, Reader] = {
    "listmonk": Reader(listmonk.NEEDED, listmonk.of_cells, listmonk.items, listmonk.of_item),
    "mautic": Reader(mautic.NEEDED, mautic.of_cells, mautic.items, mautic.of_item),
}


class _Records(msgspec.Struct, frozen=True):
    """A table of records, which are converted anew whenever they are read."""

    columns: Sequence[str]
    records: Callable[[], Iterator[tuple[int, Record | Row]]]

    def rows(self) -> Iterator[Row]:
        """The records in their order, each with a cell for every column."""
        for line, record in self.records():
            if isinstance(record, Row):
                yield record
            else:
                yield Row(line, [record.get(name, "") for name in self.columns])


def open_foreign_file(path: Path, program: Program, map_: Mapped) -> PeopleFile:
    """Read the export ``path`` once, to its end, and say what is where.

    A row's ``line`` is that of the CSV; of JSON it is the person's place, from 1. Raises
    InvalidInputError where the file is no export of that program, or does not say which attribute
    has the phones.
    """
    reader = READERS[program]
    try:
        records = _from_json(path, reader) or _from_csv(path, reader)
        if records is None:
            raise InvalidInputError(
                "file",
                f"an export of {program}: its JSON, or CSV with the columns"
                f" {', '.join(sorted(reader.needed))}",
            )
        columns: dict[str, None] = {}
        for _, record in records():
            if not isinstance(record, Row):
                columns |= dict.fromkeys(record)
    except OSError as error:
        raise InvalidInputError(str(path), f"a file to read ({error.strerror})") from None
    header = list(columns)
    if len(header) > MOST_COLUMNS:
        raise InvalidInputError("header", f"at most {MOST_COLUMNS} columns and attributes")
    if not fits(header, map_):
        raise InvalidInputError(
            "map", "phone:NAME, which says which column or attribute has the phones"
        )
    return PeopleFile(_Records(header, records), 0, lay_out(header, map_, frozenset()))


def _from_json(path: Path, reader: Reader) -> Callable[[], Iterator[tuple[int, Any]]] | None:
    with path.open("rb") as file:
        if file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
            return None
    if path.stat().st_size > LONGEST_JSON:
        raise InvalidInputError("file", f"at most {LONGEST_JSON // 1024**2} MB of JSON")
    try:
        document = foreign_json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except ForeignJsonError:
        raise InvalidInputError("file", "JSON that can be read") from None
    items = reader.items(document)
    if items is None:
        return None
    known = list(items)

    def records() -> Iterator[tuple[int, Any]]:
        for number, item in enumerate(known, 1):
            if isinstance(item, dict):
                yield number, reader.of_item(item)
            else:
                yield number, Row(number, [], "an object, as the other people of the file are")

    return records


def _from_csv(path: Path, reader: Reader) -> Callable[[], Iterator[tuple[int, Any]]] | None:
    for table in tables_of(path):
        header = next(table.rows(), None)
        if header and reader.needed <= {_key(cell) for cell in header.cells}:
            return partial(_records_of, table, header, reader)
    return None


def _records_of(table: Table, header: Row, reader: Reader) -> Iterator[tuple[int, Any]]:
    names = [cell.strip() for cell in header.cells]
    for line, cells, fault, *_ in table.rows():
        if line == header.line:
            continue
        if not fault and any(cell.strip() for cell in cells[len(names) :]):
            fault = f"at most {len(names)} fields, as the header has"
        try:
            if not fault:
                yield line, reader.of_cells(dict(zip(names, cells, strict=False)))
        except ForeignJsonError:
            fault = "attributes in JSON"
        if fault:
            yield line, Row(line, [], fault)


def _key(header: str) -> str:
    return header.strip().casefold()
