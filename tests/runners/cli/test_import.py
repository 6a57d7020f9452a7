"""``sendtrail import``: files, options, and what is printed."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from projections.container import Container
from runners.cli.lead_import import import_
from tests.support import given, then


def imports(container: Container, path: Path, *options: str) -> Result:
    return CliRunner().invoke(import_, [str(path), *options], obj=container.settings)


def test_columns_in_other_words_are_named(container: Container, tmp_path: Path) -> None:
    """Before the counts; columns with our names need no line."""
    path = tmp_path / "leads.csv"
    path.write_text(
        "name;Mobile Phone;Home Phone;city;\nAisyah;+60120000001;;Ipoh;\n", encoding="utf-8"
    )

    result = imports(container, path, "--dry-run", "--add-triggers", "COLD")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "column 'Mobile Phone' is read as phone",
        "column 'Home Phone' is read as attribute home_phone ('Mobile Phone' is the phone)",
        "column 'column 5' is read as nothing (it has neither a name nor values)",
        "registered 1, updated 0, unchanged 0, known 0, opted out 0, rejected 0"
        " (nothing was written)",
    ]
    assert then.count(container.database) == 0


def test_an_update_with_a_map(container: Container, tmp_path: Path) -> None:
    given.lead(container, 1, name="Aisha")
    path = tmp_path / "leads.csv"
    path.write_text("Klient|Numer\nAisyah|+60120000001\n", encoding="utf-8")

    result = imports(container, path, "--update", "--map", "name:Klient", "--map", "phone:Numer")

    assert result.stdout.splitlines()[-1] == (
        "registered 0, updated 1, unchanged 0, known 0, opted out 0, rejected 0"
    )


def test_a_file_of_people_who_said_no(container: Container, tmp_path: Path) -> None:
    given.lead(container, 1)
    path = tmp_path / "refusers.txt"
    path.write_text("+60120000001\n+60120000002\nx\n", encoding="utf-8")

    result = imports(container, path, "--opt-outs")
    mixed = imports(container, path, "--opt-outs", "--update")

    assert result.exit_code == 1
    assert result.stderr.startswith("line 3: phone: expected ")
    assert result.stdout.splitlines()[-1] == "opted out 1, known 0, suppressed 1, rejected 1"
    assert mixed.exit_code == 2
    assert "--opt-outs goes with neither --update nor --add-triggers" in mixed.stderr


def test_phones_without_a_country_code_are_of_the_one_that_is_named(
    container: Container, tmp_path: Path
) -> None:
    """In upper or lower case."""
    path = tmp_path / "leads.csv"
    path.write_text("phone\n012-345 6789\n", encoding="utf-8")

    assert imports(container, path, "--dry-run").exit_code == 1
    assert imports(container, path, "--country", "my").exit_code == 0
    assert then.row(container, "leads", phone="+60123456789")
    assert imports(container, path, "--country", "Malaysia").exit_code == 2


def test_rejected_rows_are_a_file_that_is_mended_and_imported(
    container: Container, tmp_path: Path
) -> None:
    """With the reason before each row, for its owner alone, and harmless in a spreadsheet."""
    given.lead(container, 3)
    path, rejected = tmp_path / "leads.csv", tmp_path / "rejected.csv"
    path.write_text(
        "Name;Numer;=note\nAisyah;+60120000001;\nBudi;012;'=1+1\nCik;+60120000002;x;y;z\n"
        "Dua;+60120000001;\n",
        encoding="utf-8",
    )
    how = ("--map", "phone:Numer", "--add-trigger", "HOT", "--add-trigger", "B2")

    first = imports(container, path, *how, "--rejected", str(rejected))
    written = rejected.read_text(encoding="utf-8")
    mended = written.replace(",012,", ",+60120000004,").replace(",x,y,z", ",x")
    rejected.write_text(mended, encoding="utf-8")
    again = tmp_path / "again.csv"
    second = imports(container, rejected, *how, "--rejected", str(again))
    itself = imports(container, rejected, "--rejected", str(rejected))

    assert first.exit_code == 1
    assert first.stdout.splitlines()[-1].endswith(
        "registered 1, updated 0, unchanged 0, known 0, opted out 0, rejected 3"
    )
    assert first.stderr.splitlines()[-1] == f"rejected rows are in {rejected}"
    header, *rows = written.split("\n")
    assert header == "rejected_line,rejected_reason,Name,Numer,'=note"
    assert [row.split(",")[0] for row in rows] == ["3", "4", "5", ""]
    assert rows[0].endswith(",Budi,012,'=1+1")
    assert rows[1].endswith(",Cik,'+60120000002,x,y,z")
    assert rows[2] == "5,phone: the same as in line 2,Dua,'+60120000001,"
    assert second.stdout.splitlines()[-1] == (
        "registered 2, updated 0, unchanged 0, known 1, opted out 0, rejected 0"
    )
    assert "column 'rejected_line' is read as nothing (an earlier import wrote it)" in second.stdout
    assert not again.exists()
    assert then.row(container, "leads", phone="+60120000004").attributes == {"note": "=1+1"}
    assert then.row(container, "leads", phone="+60120000004").triggers == ["HOT", "B2"]
    assert itself.exit_code == 1
    assert rejected.read_text(encoding="utf-8") == mended
