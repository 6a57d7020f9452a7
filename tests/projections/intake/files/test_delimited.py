"""Rows of text files, whatever the delimiter, the quotes and the ends of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import InvalidInputError
from projections.intake.files.delimited import DELIMITERS, DelimitedFile, delimiters
from projections.intake.files.tables import Row

UNMATCHED = "a '\"' within quotes written twice, and quotes that are closed"


def rows(folder: Path, text: str, delimiter: str = ",", encoding: str = "utf-8") -> list[Row]:
    path = folder / "file.csv"
    path.write_bytes(text.encode(encoding))
    return list(DelimitedFile(path, encoding, delimiter).rows())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_begins_at_its_own_line_of_the_file(tmp_path: Path, end: str) -> None:
    """Blank lines, lines of delimiters alone and ends of lines inside quotes are counted."""
    text = end.join(["a,b", "", '1,"x', 'y"', " , ", ",,,", '2,"says ""hi"""', "3,z"])

    assert rows(tmp_path, text) == [
        Row(1, ["a", "b"]),
        Row(3, ["1", f"x{end}y"]),
        Row(7, ["2", 'says "hi"']),
        Row(8, ["3", "z"]),
    ]


def test_a_row_with_unmatched_quotes_takes_no_other_row_with_it(tmp_path: Path) -> None:
    """The one quote too many would make one field of everything after it."""
    text = 'a,b\n1,"never closed\n2,x\n3,"Kedai "Maju" Jaya"\n4,"y\nz"\n5,"open at the end\n6,w\n'

    assert rows(tmp_path, text) == [
        Row(1, ["a", "b"]),
        Row(2, [], UNMATCHED, ["1"], ["never closed"]),
        Row(3, ["2", "x"]),
        Row(4, [], UNMATCHED, ["3"], ['Kedai Maju" Jaya"']),
        Row(5, ["4", "y\nz"]),
        Row(7, [], UNMATCHED, ["5"], ["open at the end"]),
        Row(8, ["6", "w"]),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "]"])
@pytest.mark.parametrize(
    ("line", "sound", "rest"),
    [
        ('a,"b, ""c""","d" e,"f",g', ["a", 'b, "c"'], ["d e", "f", "g"]),
        ('a,,"b" c,', ["a", ""], ["b c", ""]),
        ('a,b "c","d', ["a", 'b "c"'], ["d"]),
        ('"a" b', [], ["a b"]),
        ('"a"""b', [], ['a"b']),
    ],
)
def test_what_a_row_with_a_fault_has(
    tmp_path: Path, delimiter: str, line: str, sound: list[str], rest: list[str]
) -> None:
    """Of its first line the cells before the fault, and the rest as spreadsheets read it."""
    text, *cells = (text.replace(",", delimiter) for text in (line, *sound, *rest))
    (row,) = rows(tmp_path, text, delimiter)
    assert (row.cells, row.fault) == ([], UNMATCHED)
    assert (row.sound, row.rest) == (cells[: len(sound)], cells[len(sound) :])


def test_a_long_line_with_a_fault_takes_no_time(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "a," + '""' * 400_000 + 'b"')
    assert (row.sound, len(row.rest)) == (["a"], 1)


def test_a_field_that_is_too_long_is_a_fault_of_its_row(tmp_path: Path) -> None:
    """The rows around it are read."""
    found = rows(tmp_path, f"a\n{'x' * 131_073}\n1\n")

    assert [(row.line, row.cells) for row in found if not row.fault] == [(1, ["a"]), (3, ["1"])]
    assert [(row.line, row.fault) for row in found if row.fault] == [
        (2, "fields of at most 131072 characters")
    ]


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    """It is never held as a whole."""
    with pytest.raises(InvalidInputError, match="line 2: expected lines of at most 1000000"):
        rows(tmp_path, "a\n" + "x," * 600_000)


def test_a_row_of_endlessly_many_lines_ends(tmp_path: Path) -> None:
    """Each line closes the quotes of the line before and opens new ones. To try again from every
    one of them would take for ever."""
    with pytest.raises(InvalidInputError, match="line 101: expected at most 100 rows with unm"):
        rows(tmp_path, '"a\n' + 'q",x,"y\n' * 150_000)


def test_a_file_of_unmatched_quotes_is_refused(tmp_path: Path) -> None:
    """A hundred of them are mistakes; more are another kind of file."""
    with pytest.raises(InvalidInputError, match="line 101: expected at most 100 rows with unm"):
        rows(tmp_path, '"a" b\n' * 101)


def test_text_that_turns_out_to_be_in_no_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes("\ufeffphone\n".encode("utf-16-le") + b"\x00\xd8x\x00")

    with pytest.raises(InvalidInputError, match="expected text in UTF-16"):
        list(DelimitedFile(path, "utf-16", ",").rows())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sep=;\r\na;b\r\n", (";",)),
        ('"sep=|"\na|b\n', ("|",)),
        ("SEP=^\na^b\n", ("^",)),
        ("\ufeffsep=\t\na\tb\n", ("\t",)),
        ("separator;x\n", DELIMITERS),
        ("sep=\n", DELIMITERS),
        ("", DELIMITERS),
    ],
)
def test_the_first_line_may_tell_the_delimiter(
    tmp_path: Path, text: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")

    assert delimiters(path, "utf-8") == expected
