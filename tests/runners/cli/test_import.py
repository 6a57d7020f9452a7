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
