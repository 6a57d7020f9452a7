"""Small workbooks that ask for a large memory are refused before anything opens them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from domain.errors import InvalidInputError
from projections.intake.files import spreadsheet
from projections.intake.files.reader import open_people_file
from tests.support.spreadsheets import xlsx

SHARED = "xl/sharedStrings.xml"
ROW = '<row><c t="inlineStr"><is><t>a</t></is></c></row>'


def workbook(path: Path, cells: str, texts: str = "", **more: str) -> Path:
    """A workbook with these rows, these shared texts, and these other parts."""
    made = io.BytesIO(xlsx([["phone"], ["+60123456789"]]))
    file = path / "people.xlsx"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name).decode()
            if name == "xl/sheet1.xml":
                start, end = part.index("<sheetData>") + 11, part.index("</sheetData>")
                part = part[:start] + cells + part[end:]
            new.writestr(name, part)
        if texts:
            new.writestr(SHARED, f"<sst>{texts}</sst>")
        for name, part in more.items():
            new.writestr(name, part)
    return file


def opened(path: Path) -> list[list[str]]:
    return [row.cells for sheet in spreadsheet.sheets(path) for row in sheet.rows()]


TOO_MANY = {
    "a wide first row": "<row>" + "<c/>" * 60_000 + "</row>" + ROW * 200,
    "rows that never end": "<row>" + "<c/>" * 60_000 + "<row>" + "</row></row>" + ROW * 200,
    "wide rows": ("<row>" + "<c/>" * 4000 + "</row>") * 10 + "<row/>" * 2491 + ROW,
    "behind a named cell": '<row><c r="XFD1"/><c/></row>' + ROW * 700,
    "behind a comment": "<row>" + "<c/><!-- </row> -->" * 60_000 + "</row>" + ROW * 200,
    "with names of their own": "<x:row>" + "<x:c/>" * 60_000 + "</x:row>" + ROW * 200,
    "before any row": "<c/>" * 60_000 + ROW * 200,
    "a far row": '<row r="10000001"><c/></row>',
    "a far cell": '<row><c r="ALL20000"/></row>',
    "a place behind another attribute": '<row><c s=">" r="ALL20000"/></row>',
}


@pytest.mark.parametrize("what", TOO_MANY)
def test_more_cells_than_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The library is not even asked."""
    monkeypatch.setattr(spreadsheet, "CalamineWorkbook", None)
    cells = TOO_MANY[what].replace("<x:row>", '<x:row xmlns:x="urn:x">')

    with pytest.raises(InvalidInputError, match="sheets of at most 10000000 cells, unused ones"):
        opened(workbook(tmp_path, cells))


def test_a_long_text_is_refused_though_it_is_there_once(tmp_path: Path) -> None:
    """Excel's own bound is 32,767 characters."""
    cells = '<row><c t="s"><v>0</v></c></row>' * 150
    for texts in (
        f"<si><t>{'x' * 32_768}</t></si>",
        f"<si><r><t>{'x' * 20_000}</t></r><r><t>{'x' * 20_000}</t></r></si>",
    ):
        with pytest.raises(InvalidInputError, match="cells of at most 32767 characters"):
            opened(workbook(tmp_path, cells, texts))
    inline = f'<row><c t="inlineStr"><is><t>{"x" * 32_768}</t></is></c></row>'
    with pytest.raises(InvalidInputError, match="cells of at most 32767 characters"):
        opened(workbook(tmp_path, inline))


def test_texts_that_are_named_often_are_counted_each_time(tmp_path: Path) -> None:
    """The text may be told after the cells that name it."""
    cells = '<row><c t="s"><v>1</v></c></row>' * 3052
    texts = f"<si><t>phone</t></si><si><t>{'x' * 32_767}</t></si>"

    with pytest.raises(InvalidInputError, match="sheets of at most 100000000 characters"):
        opened(workbook(tmp_path, cells, texts))

    few = '<row><c t="s"><v>1</v></c></row>' * 3
    assert opened(workbook(tmp_path, few, texts)) == [["x" * 32_767]] * 3


BROKEN = {
    "no end": {"xl/sheet2.xml": "<worksheet><sheetData>"},
    "another ending": {"xl/picture.png": "<worksheet><sheetData>"},
    "entities": {"xl/sheet2.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
    "a place that is none": {"xl/sheet2.xml": '<a><sheetData><c r="1A"/></sheetData></a>'},
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_measured_is_refused(tmp_path: Path, what: str) -> None:
    with pytest.raises(InvalidInputError, match="that can be opened"):
        opened(workbook(tmp_path, ROW, **BROKEN[what]))


def test_what_people_have_is_read(tmp_path: Path) -> None:
    """A picture, and the chain of calculation, whose cells are in no rows."""
    chain = "<calcChain>" + '<c r="B1" i="1"/>' * 20_000 + "</calcChain>"
    parts = {"xl/calcChain.xml": chain, "xl/media/image1.png": "\x89PNG <row <c/>"}
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
    file = workbook(tmp_path, cells, "<si><t>phone</t></si>", **parts)

    assert opened(file) == [["phone"], ["7"]]
    assert open_people_file(file, ()).header_line == 1
