"""A file of nothing but bad rows has a short answer, and one of blank lines an early end."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import InvalidInputError
from projections.container import Container
from projections.intake.files.reader import open_people_file
from projections.intake.lead_import import MOST_REJECTED, Options, import_leads
from projections.intake.opt_out_import import import_opt_outs
from tests.support import given
from tests.support.api.client import Client
from tests.support.spreadsheets import xlsx

HEADER = "phone,name\n"


def test_the_first_rejected_rows_are_told_and_all_are_counted(
    container: Container, operator: Client
) -> None:
    """Whatever each is rejected for: the later chunks tell no row that is above these."""
    repeated = f"{given.phone(1)},Siti\n"
    text = HEADER + repeated * 11 + "call me,Siti\n" * 2490

    answer = operator.csv(text)

    summary = answer.json
    lines = [row["line"] for row in summary["rejected"]]
    assert lines == list(range(3, 3 + MOST_REJECTED))
    assert (summary["registered"], summary["rejected_count"]) == (1, 2500)


@pytest.mark.parametrize("work", [import_leads, import_opt_outs])
def test_both_imports_hold_no_more(container: Container, tmp_path: Path, work: object) -> None:
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "call me,Siti\n" * (MOST_REJECTED + 5))
    options = Options(region=None)

    result = work(container.database, container.outreach, path, options, actor="cli")  # type: ignore[operator]

    assert len(result.rejected) == MOST_REJECTED
    assert result.counts()["rejected"] == MOST_REJECTED + 5


@pytest.mark.parametrize("blank", ["", ",,", "  "])
def test_blank_lines_above_the_first_row_end(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "people.csv"
    for lines in (1000, 1001):
        path.write_text(f"{blank}\n" * lines + HEADER + given.phone(1))
        if lines == 1000:
            assert open_people_file(path, ()).header_line == 1001
            continue
        with pytest.raises(InvalidInputError, match="header: expected it within the first 1000"):
            open_people_file(path, ())


def test_blank_lines_further_down_are_many(tmp_path: Path) -> None:
    """Below the header, and below a row with a fault."""
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "\n" * 2000 + '"a"b,\n' + "\n" * 2000 + given.phone(1))
    assert len([*open_people_file(path, ()).rows()]) == 2


def test_blank_rows_of_a_sheet_end_too(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(xlsx([[""]] * 1001 + [["phone"], [given.phone(1)]]))
    with pytest.raises(InvalidInputError, match="header: expected it within the first 1000"):
        open_people_file(path, ())
