"""Lists as CSV: nothing in them is run by a spreadsheet, and all of it comes back from the file."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv_text import csv_text, harmless, read_back

FORMULAS = [
    ('=HYPERLINK("http://evil.example","x")', '\'=HYPERLINK("http://evil.example","x")'),
    ("+60123456789", "'+60123456789"),
    ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
    ("@SUM(1)", "'@SUM(1)"),
    ("\t=1", "'\t=1"),
    ("\tx", "'\tx"),
    ("\rx", "'\rx"),
    # Some programs pass over what is before it, or know its wide form.
    ("  =1", "'  =1"),
    ("\n\u00a0=1", "'\n\u00a0=1"),
    ("\uff1d1", "'\uff1d1"),
    ("\uff0b\uff0d\uff20", "'\uff0b\uff0d\uff20"),
    # Nor is anything before it that anybody sees.
    ("\u200b=1+1", "'\u200b=1+1"),
    ("\ufeff+1", "'\ufeff+1"),
    ("\u200e\u2060 -1", "'\u200e\u2060 -1"),
    ("\u3164\u2800@x", "'\u3164\u2800@x"),
    ("\x00\x1f\x7f=1", "'\x00\x1f\x7f=1"),
    ("\U000e0041\u00ad\u034f\ufe0f=1", "'\U000e0041\u00ad\u034f\ufe0f=1"),
    ("'\u200b=1", "''\u200b=1"),
    # It is text already, and must come back with what it has.
    ("'=1", "''=1"),
    ("''+1", "'''+1"),
]
TEXTS = [
    "\u200b",
    "\u200bSiti=1",
    "\u0600=1",
    "'\u200b",
    "",
    "Siti",
    "a=b",
    "'tis",
    "''",
    "'",
    "1-2",
    "STOP 🙏",
    '{"a":"=1"}',
    " x",
]


@pytest.mark.parametrize(("cell", "made"), FORMULAS)
def test_a_formula_becomes_a_text(cell: str, made: str) -> None:
    assert harmless(cell) == made
    assert read_back(made) == cell


@pytest.mark.parametrize("cell", TEXTS)
def test_a_text_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == read_back(cell) == cell


@given(st.text(alphabet="'=+-@\t\r\n \uff1d\u200b\u2800x,\"", max_size=8))
def test_every_cell_comes_back(cell: str) -> None:
    assert read_back(harmless(cell)) == cell


def test_a_list_is_what_every_program_reads() -> None:
    """RFC 4180: lines end with CRLF, and a cell with a delimiter, a quote or an end of a line is
    within quotes."""
    text = csv_text(["id", "=name"], [["1", 'a,"b"\n'], ["2", "=x"]])

    assert text == 'id,\'=name\r\n1,"a,""b""\n"\r\n2,\'=x\r\n'
    assert [*csv.reader(io.StringIO(text, newline=""))][1] == ["1", 'a,"b"\n']
