"""Files: their kind, their delimiter, their header, and what is refused as a whole."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from domain.errors import InvalidInputError
from projections.intake.files import workbook_size
from projections.intake.files.layout import mapped
from projections.intake.files.reader import PeopleFile, open_people_file


def read(folder: Path, data: str | bytes, *map_: str, headless: bool = False) -> PeopleFile:
    path = folder / "people"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return open_people_file(path, mapped(map_), headless=headless)


def workbook(folder: Path, *sheets: dict[str, Any]) -> Path:
    """A workbook of sheets of these cells."""
    book = Workbook()
    book.remove(book.active)
    for cells in sheets:
        sheet = book.create_sheet()
        for place, value in cells.items():
            sheet[place] = value
    path = folder / "people.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "phone;name, in full;x\n1;2;3\n",
        "name\tphone|mobile\tx\tmobile\n",
        "a|b|phone\n",
        "Report of the team, Monday; with notes\nphone;name\n",
    ],
)
def test_the_delimiter_is_the_one_that_makes_the_header(tmp_path: Path, text: str) -> None:
    columns = read(tmp_path, text).layout.columns

    assert "phone" in {column.as_ for column in columns.values()}
    assert not any(set(header) & set(";\t|") for header in columns if header != "phone|mobile")


@pytest.mark.parametrize(
    "titles",
    [
        "Customer list November 2026\n",
        "Exported by;Sara\nDate;2026-11-01\n\nCount;2\n",
        '"A title\nof two lines"\n',
        "WhatsApp\n",
    ],
)
def test_titles_above_the_header_are_skipped(tmp_path: Path, titles: str) -> None:
    """And counted as lines of the file."""
    file = read(tmp_path, f"{titles}Name;Phone\nSiti;+60123456789\n")

    assert list(file.layout.columns) == ["Name", "Phone"]
    (row,) = file.rows()
    assert (row.line, row.cells) == (titles.count("\n") + 2, ["Siti", "+60123456789"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "Siti,Ipoh\nMei,Penang\n",
        "Siti,+60123456789\nphone,name\n+60123456780,Mei\n",
        "title\n" * 50 + "phone\n",
    ],
)
def test_a_file_without_a_header_is_refused(tmp_path: Path, text: str) -> None:
    """People above something like a header are not skipped as titles."""
    with pytest.raises(InvalidInputError, match="header: expected a column 'phone' or 'mobile'"):
        read(tmp_path, text)


def test_a_column_that_the_caller_names_makes_the_header(tmp_path: Path) -> None:
    file = read(tmp_path, "phone list\nKlient;Numer\nSiti;+60123456789\n", "phone:numer")

    assert [row.line for row in file.rows()] == [3]
    with pytest.raises(InvalidInputError, match=r"map: expected a column .* none named 'Numr'"):
        read(tmp_path, "phone;Numer\n+60123456789;x\n", "phone:Numr")


def test_a_file_of_phones_needs_no_header_where_it_is_allowed(tmp_path: Path) -> None:
    file = read(tmp_path, "Siti;+60123456789;\n;012-345 6780\n", headless=True)

    assert file.layout.places["phone"] == (1,)
    assert [row.line for row in file.rows()] == [1, 2]


def test_a_sheet_is_read_as_it_is_seen(tmp_path: Path) -> None:
    """Rows that are empty count; numbers have no exponent; the first sheet may be of
    something else."""
    path = workbook(
        tmp_path,
        {"A1": "Notes", "A2": "none"},
        {
            "B3": "Phone",
            "C3": "Born",
            "D3": "VIP",
            "B5": 60123456789,
            "C5": date(1990, 3, 1),
            "D5": True,
            "B6": 123456780.5,
            "C6": datetime.fromisoformat("2026-03-01T09:30"),
            "D6": False,
        },
    )

    file = open_people_file(path, ())

    assert list(file.layout.columns) == ["Phone", "Born", "VIP"]
    assert [(row.line, row.cells) for row in file.rows()] == [
        (5, ["60123456789", "1990-03-01", "true"]),
        (6, ["123456780.5", "2026-03-01T09:30:00", "false"]),
    ]


def test_a_small_file_cannot_take_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cell far down and far right makes a sheet of 10,000 million cells; and a file of zeros
    packs well."""
    with pytest.raises(InvalidInputError, match="file: expected sheets of at most 10000000 cells"):
        open_people_file(workbook(tmp_path, {"A1": "phone", "XFD700000": "x"}), ())

    path = workbook(tmp_path, {"A1": "phone"})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.bin", b"\0" * 5_000_000)
    monkeypatch.setattr(workbook_size, "MOST_BYTES", 4 << 20)
    with pytest.raises(InvalidInputError, match="file: expected a spreadsheet of at most 4 MB unp"):
        open_people_file(path, ())


def test_what_is_no_spreadsheet(tmp_path: Path) -> None:
    """A broken one, an archive of something else, an older kind."""
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("phone.csv", "phone\n")

    for data in (b"PK\x03\x04 broken", other.read_bytes()):
        with pytest.raises(InvalidInputError, match=r"file: expected a spreadsheet \(.xlsx\) that"):
            read(tmp_path, data)
    with pytest.raises(InvalidInputError, match="file: expected CSV, or a spreadsheet saved as"):
        read(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100)


def test_too_many_columns(tmp_path: Path) -> None:
    """The commas of a long title are none."""
    many = ",".join(f"c{n}" for n in range(20_000))
    with pytest.raises(InvalidInputError, match="header: expected at most 1000 columns"):
        read(tmp_path, f"phone,{many}\n")

    assert list(read(tmp_path, f"{many}\nphone;name\n").layout.columns) == ["phone", "name"]
